package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/scene"
)

// A variant is a file that names others, and what it names them by in the copy
// that is sent. That copy depends on nothing else.
type variant struct {
	file ledger.File
	refs map[string]string // those that differ
	err  error
}

// name tells variants of a file apart; it is empty for the file as it is.
func (v variant) name() string {
	if len(v.refs) == 0 {
		return ""
	}
	h := sha256.New()
	for _, ref := range slices.Sorted(maps.Keys(v.refs)) {
		_, _ = fmt.Fprintf(h, "%d %s%d %s", len(ref), ref, len(v.refs[ref]), v.refs[ref])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// copyTo writes the copy that is sent, and reports its size.
func (v variant) copyTo(w io.Writer, r io.Reader) (int64, error) {
	c := &counter{w: w}
	err := scene.RewriteFile(c, r, v.file.Local, scene.Kind(v.file.Kind), func(a scene.Asset) (string, bool) {
		ref, ok := v.refs[a.Ref]
		return ref, ok
	})
	return c.n, err
}

// measured is what is to be known of a copy before it is sent.
type measured struct {
	size int64
	sum  string // SHA-256 in hexadecimal, if asked for
	err  error
}

func (v variant) measure(summed bool) (m measured) {
	if m.err = v.err; m.err != nil {
		return m
	}
	file, err := os.Open(v.file.Local)
	if err != nil {
		return measured{err: err}
	}
	defer func() { _ = file.Close() }()
	var h hash.Hash
	w := io.Discard
	if summed {
		h = sha256.New()
		w = h
	}
	if m.size, m.err = v.copyTo(w, file); m.err == nil && summed {
		m.sum = hex.EncodeToString(h.Sum(nil))
	}
	return m
}

// derive finds what the files that name others name them by at their new
// places, and how large their copies are.
func (b *builder) derive(ctx context.Context) error {
	at := func(f ledger.File) string {
		key, _ := b.root[f.Field].Naming.Cut(f.URL)
		return key
	}
	known := func(v variant) bool {
		return v.err == nil && (len(v.refs) == 0 || v.file.State == ledger.FileArrived && v.name() == v.file.Variant)
	}
	return inBatches(ctx, b.variants(ctx, b.draft.Linked(ctx), at), b.opts.readers(), func() {},
		func(v variant) measured {
			if known(v) {
				return measured{size: v.file.Size}
			}
			return v.measure(false)
		},
		func(v variant, m measured) error {
			if b.refuseVariant(v, m.err) {
				return nil
			}
			return b.draft.SetVariant(ctx, v.file.ID, v.name(), m.size, v.refs)
		})
}

// placeLinked gives files that name others their keys in the hash layout: they
// are those of the copies that are sent. Equal scenes in two places may show
// different things.
func (b *builder) placeLinked(ctx context.Context) error {
	// The directory of a key is known before its name.
	at := func(f ledger.File) string {
		field := b.fields[f.Field]
		return field.root.Key(field.dir + "x")
	}
	for _, kind := range slices.Backward(followed) {
		err := inBatches(ctx, b.variants(ctx, b.draft.OfKind(ctx, string(kind)), at), b.opts.readers(), func() {},
			func(v variant) measured { return v.measure(true) },
			func(v variant, m measured) error {
				if b.refuseVariant(v, m.err) {
					return nil
				}
				return b.placeOne(ctx, v.file, m.sum)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// Why a file cannot name its assets where they go.
var (
	errElsewhere = errors.New("it goes to another bucket")
	errUnplaced  = errors.New("it needs the file that names it")
)

// refuseVariant refuses a file whose copy cannot be made.
func (b *builder) refuseVariant(v variant, err error) bool {
	const reason = "assets of 3D scenes that could not be named where they go"
	switch {
	case err == nil:
	case errors.Is(err, errElsewhere):
		b.refuse(reason, "send scenes and their assets to one bucket, with --remote-dir; or "+alone, "asset", v.file, err.Error())
	case errors.Is(err, errUnplaced):
		b.refuse(reason, "use another --layout", "asset", v.file, err.Error())
	default:
		b.refuse(reason, "rename these files; or "+alone, "asset", v.file, err.Error())
	}
	return err != nil
}

// variants finds how files name others from the key that at gives them.
func (b *builder) variants(ctx context.Context, files iter.Seq2[ledger.File, error], at func(ledger.File) string) iter.Seq2[variant, error] {
	return func(yield func(variant, error) bool) {
		for f, err := range files {
			v := variant{file: f, refs: map[string]string{}}
			var links []ledger.Link
			if err == nil {
				links, err = b.draft.Links(ctx, f.ID)
			}
			if err == nil {
				v.err = v.refer(links, at(f), b.root[f.Field].Naming.Cut)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// refer fills in v.refs, from the key of the file.
func (v *variant) refer(links []ledger.Link, from string, cut func(url string) (string, bool)) error {
	for _, l := range links {
		if l.Asset.State == ledger.FileMissing {
			continue
		}
		if l.Asset.URL == "" {
			return fmt.Errorf("%q: %w", l.Asset.Path, errUnplaced)
		}
		to, ok := cut(l.Asset.URL)
		if !ok {
			return fmt.Errorf("%q: %w", l.Asset.Path, errElsewhere)
		}
		ref, err := scene.Refer(scene.Kind(v.file.Kind), from, l.Ref, to)
		if err != nil {
			return fmt.Errorf("%q: %w", l.Asset.Path, err)
		}
		if ref != l.Ref {
			v.refs[l.Ref] = ref
		}
	}
	return nil
}

// A counter counts what is written through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
