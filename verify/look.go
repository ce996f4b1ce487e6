package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// A level says what an object was compared with.
type level int

const (
	byExistence level = iota
	bySize
	byChecksum
)

// A finding is what came of one object.
type finding struct {
	row
	level level
	// kind is Missing, Different or Unseen where it is not well, and hint says
	// why.
	kind, hint string
	bytes      int64
	noSource   bool
	err        error // ends the verification
}

func (f finding) wrong(kind, format string, args ...any) finding {
	f.kind, f.hint = kind, fmt.Sprintf(format, args...)
	return f
}

// unseen is what an error that is not "nothing there" comes to.
func (f finding) unseen(err error) finding { return f.wrong(Unseen, "%v", err) }

// A thing is an object or a local file that is there.
type thing struct {
	size int64
	// sums are the checksums that the store keeps, or once it was read those of
	// its bytes.
	sums bucket.Checksums
	etag string
	open func(ctx context.Context) (io.ReadCloser, error)
	ask  func(ctx context.Context, try func(context.Context) error) error
}

// look looks at one object.
func (v *verifier) look(ctx context.Context, r row) finding {
	f := finding{row: r}
	t, f := v.see(ctx, f)
	if f.kind != "" {
		return f
	}
	f.bytes = t.size
	var claims []claim
	if claims, f.err = v.claims(ctx, r); f.err != nil {
		return f
	}
	if v.opts.Download {
		if f = t.download(ctx, f, algorithms(claims, t.sums)); f.kind != "" {
			return f
		}
	}
	if v.opts.SentOnly && len(claims) > 0 {
		f.low = -1
	}
	f, sent := t.compare(f, claims)
	if v.opts.Source && f.kind == "" {
		f = t.compareSource(ctx, f, sent)
	}
	return f
}

// see finds what a path names.
func (v *verifier) see(ctx context.Context, f finding) (*thing, finding) {
	if !localfile.IsRemote(f.path) {
		return v.seeLocal(f)
	}
	p, key, err := v.places.find(ctx, f.path)
	if err != nil {
		return nil, f.unseen(err)
	}
	var obj bucket.Object
	err = p.ask(ctx, func(ctx context.Context) (err error) {
		obj, err = p.Store.Stat(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return nil, f.wrong(Missing, "%v", err)
	case err != nil:
		return nil, f.unseen(err)
	}
	return &thing{
		size: obj.Size, sums: obj.Checksums, etag: obj.ETag,
		open: func(ctx context.Context) (io.ReadCloser, error) { return p.Store.Open(ctx, key) },
		ask: func(ctx context.Context, try func(context.Context) error) error {
			return p.ask(ctx, func(within context.Context) error { return try(transfer.Untimed(within)) })
		},
	}, f
}

func (v *verifier) seeLocal(f finding) (*thing, finding) {
	file, err := v.resolver.Resolve(f.path)
	bad, ok := errors.AsType[*localfile.Error](err)
	switch {
	case ok && bad.Kind == localfile.Missing:
		return nil, f.wrong(Missing, "%s", bad.Why)
	case err != nil:
		return nil, f.unseen(err)
	}
	return &thing{
		size: file.Size,
		open: func(context.Context) (io.ReadCloser, error) { return openFile(file.Path) },
		ask:  func(ctx context.Context, try func(context.Context) error) error { return try(ctx) },
	}, f
}

// compare compares what is there with all that is known of it: what was sent for
// each row that names it, and what the samples say. It also returns what it was
// found to be.
func (t *thing) compare(f finding, claims []claim) (finding, []ledger.File) {
	var found []ledger.File
	for i, c := range claims {
		l, best, why := t.fulfils(c)
		if why != "" {
			return f.wrong(Different, "%s", why), nil
		}
		if i == 0 || l < f.level {
			f.level = l
		}
		found = append(found, best)
	}
	if f.low >= 0 && (t.size != f.low || t.size != f.high) {
		noted := f.low
		if noted == t.size {
			noted = f.high
		}
		return f.wrong(Different, "%d bytes, the sample's metadata say %d", t.size, noted), nil
	}
	if f.low >= 0 {
		f.level = max(f.level, bySize)
	}
	return f, found
}

// fulfils compares what is there with what was sent for one row. Where that was
// several files, one after the other, it must be one of them.
func (t *thing) fulfils(c claim) (best level, file ledger.File, why string) {
	best = -1
	for _, sent := range c {
		l, differs := t.matches(sent)
		switch {
		case differs != "":
			why = differs
		case l > best:
			best, file = l, sent
		}
	}
	if best >= 0 {
		why = ""
	}
	return best, file, why
}

// matches compares what is there with one file that was sent, or says why it is
// another.
func (t *thing) matches(sent ledger.File) (level, string) {
	// The size of a file that changed since is not that of its object.
	sized := sent.State == ledger.FileArrived
	if sized && sent.Size != t.size {
		return 0, fmt.Sprintf("%d bytes, %d were sent", t.size, sent.Size)
	}
	for algo, want := range bucket.ParseChecksum(sent.Checksum) {
		if is := t.sums[algo]; is != "" && is != want {
			return 0, fmt.Sprintf("its %s is %s, that of what was sent %s", algo, is, want)
		} else if is != "" && (algo.Strong() || sent.ETag == "" || t.etag == "" || sent.ETag == t.etag) {
			return byChecksum, ""
		}
	}
	switch {
	case sent.ETag != "" && sent.ETag == t.etag: // the version that the store confirmed
		return byChecksum, ""
	case sized:
		return bySize, ""
	}
	return byExistence, ""
}

// download reads the object, and has t.sums hold what its bytes are.
func (t *thing) download(ctx context.Context, f finding, algos []bucket.Algorithm) finding {
	sums, n, err := t.read(ctx, algos)
	switch {
	case err != nil:
		return f.unseen(fmt.Errorf("reading it: %w", err))
	case n != t.size:
		return f.wrong(Different, "reading it gives %d bytes, it was said to have %d", n, t.size)
	}
	for algo, is := range sums {
		if kept := t.sums[algo]; kept != "" && kept != is {
			return f.wrong(Different, "its bytes have the %s %s, the store says %s", algo, is, kept)
		}
	}
	t.sums, t.etag = sums, ""
	return f
}

// read reads the object once, or again from its beginning where that fails for
// a while.
func (t *thing) read(ctx context.Context, algos []bucket.Algorithm) (sums bucket.Checksums, n int64, err error) {
	err = t.ask(ctx, func(ctx context.Context) error {
		body, err := t.open(ctx)
		if err != nil {
			return err
		}
		defer body.Close()
		sums, n, err = hashAll(ctx, body, algos)
		return err
	})
	return sums, n, err
}

// compareSource compares the object with the local files that it was sent from:
// one, unless rows name it that had different ones.
func (t *thing) compareSource(ctx context.Context, f finding, sent []ledger.File) finding {
	f.noSource = len(sent) == 0
	for i, file := range sent {
		switch {
		case file.Variant != "":
			f.noSource = true
		case !slices.ContainsFunc(sent[:i], func(g ledger.File) bool { return g.Local == file.Local }):
			if f = t.compareWith(ctx, f, file); f.kind != "" {
				return f
			}
		}
	}
	return f
}

func (t *thing) compareWith(ctx context.Context, f finding, sent ledger.File) finding {
	src, done, err := openSource(sent.Local)
	if err != nil {
		return f.unseen(fmt.Errorf("its source: %w", err))
	}
	defer done()
	if src.Size != t.size {
		return f.wrong(Different, "%d bytes, its source %q has %d", t.size, sent.Local, src.Size)
	}
	sums := t.sums
	if f.level == byChecksum && len(sums) == 0 { // the ETag says that it is what was sent
		sums = bucket.ParseChecksum(sent.Checksum)
	}
	algo, ok := strongest(sums)
	if !ok || !algo.Strong() { // one of 32 bits proves nothing by itself
		algo = bucket.SHA256
		if sums, _, err = t.read(ctx, []bucket.Algorithm{algo}); err != nil {
			return f.unseen(fmt.Errorf("reading it: %w", err))
		}
	}
	is, err := sourceSum(ctx, src, algo)
	switch {
	case err != nil:
		return f.unseen(fmt.Errorf("reading its source %q: %w", sent.Local, err))
	case is != sums[algo]:
		return f.wrong(Different, "other bytes than its source %q", sent.Local)
	}
	f.level = byChecksum
	return f
}
