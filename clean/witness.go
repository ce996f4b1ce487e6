package clean

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// A witness compares one file with the object that a run has made of it.
type witness struct {
	of   *proofs
	rel  string
	info fs.FileInfo
	by   ledger.Identity
	sent ledger.Sent
}

func no(kind, format string, args ...any) lack {
	return lack{kind: kind, why: fmt.Sprintf(format, args...)}
}

// look returns why the file is not proven to be elsewhere; the zero value where it
// is. Its error ends the clean.
func (w witness) look(ctx context.Context) (lack, error) {
	s := w.sent
	switch {
	case s.Variant != "":
		return no("unproven", "what was sent is a copy that names its assets in other words"), nil
	case s.Checksum == "" && s.ETag == "":
		return no("unproven", "no store has confirmed what was sent"), nil
	case w.inside(s.URL):
		return no("unproven", "its object is in the export too, or is this very file"), nil
	}
	src, done, why := w.open()
	if why.kind != "" {
		return why, nil
	}
	defer done()
	store, key, err := w.of.opts.Object(ctx, w.by, s.URL)
	if err != nil {
		return no("unseen", "its object cannot be looked at: %v", err), nil
	}
	obj, err := w.of.stat(ctx, store, key)
	switch {
	case ctx.Err() != nil:
		return lack{}, ctx.Err()
	case errors.Is(err, bucket.ErrNotFound):
		return no("gone", "its object is not there any more"), nil
	case err != nil:
		return no("unseen", "its object cannot be looked at: %v", err), nil
	case obj.Size != s.Size:
		return no("changed", "its object has %d bytes, %d were sent", obj.Size, s.Size), nil
	}
	return w.compare(ctx, store, src, obj)
}

// inside tells whether an object is a file that would be deleted with the export.
func (w witness) inside(url string) bool {
	if localfile.IsRemote(url) {
		return false
	}
	if target, err := os.Stat(filepath.FromSlash(url)); err == nil && os.SameFile(target, w.info) {
		return true
	}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	return w.of.dir.Inside(filepath.FromSlash(url))
}

// open opens the file, if it is still as it was seen.
func (w witness) open() (bucket.Source, func(), lack) {
	file, err := w.of.root.Open(filepath.FromSlash(w.rel))
	if err != nil {
		return bucket.Source{}, nil, no("unproven", "it cannot be read: %v", err)
	}
	want := stampOf(w.rel, w.info)
	unchanged := func() error {
		info, err := file.Stat()
		if err == nil && stampOf(w.rel, info) != want {
			err = bucket.ErrSourceChanged
		}
		return err
	}
	if err := unchanged(); err != nil {
		_ = file.Close()
		return bucket.Source{}, nil, no("changed", "it changed while it was looked at")
	}
	return bucket.Source{ReaderAt: file, Size: w.info.Size(), Unchanged: unchanged}, func() { _ = file.Close() }, lack{}
}

// compare hashes the file. It must have the checksum that the ledger has, and the
// store must say the same of the object, or the object is read back.
func (w witness) compare(ctx context.Context, store bucket.Store, src bucket.Source, obj bucket.Object) (lack, error) {
	for algorithm, want := range bucket.ParseChecksum(w.sent.Checksum) {
		sums, err := bucket.Sum(reader{ctx, src}, src.Size, algorithm)
		if err == nil {
			err = src.Changed()
		}
		if err != nil {
			return w.failed(ctx, err)
		}
		if sums[algorithm] != want {
			return no("unproven", "it is not the file that was sent: its %s is %s, not %s", algorithm, sums[algorithm], want), nil
		}
		switch is := obj.Checksums[algorithm]; {
		case is == "":
		case is != want:
			return no("changed", "its object holds other bytes: their %s is %s, not %s", algorithm, is, want), nil
		case algorithm.Strong(), obj.ETag != "" && obj.ETag == w.sent.ETag && w.info.ModTime().Equal(w.sent.ModTime):
			return lack{}, nil
		default: // a short checksum that agrees, of another version
			obj.Checksums, obj.ETag = nil, ""
		}
	}
	same := false
	err := w.of.engine.Ask(ctx, transfer.Ask{Reads: 2 * src.Size}, func(ctx context.Context) (err error) {
		same, err = bucket.Same(ctx, store, src, obj)
		return err
	})
	switch {
	case err != nil:
		return w.failed(ctx, err)
	case !same:
		return no("changed", "its object holds other bytes"), nil
	}
	return lack{}, nil
}

// failed says what a failed comparison proves.
func (w witness) failed(ctx context.Context, err error) (lack, error) {
	switch {
	case ctx.Err() != nil:
		return lack{}, ctx.Err()
	case errors.Is(err, bucket.ErrSourceChanged):
		return no("changed", "it changed while it was looked at"), nil
	case errors.Is(err, bucket.ErrNotFound):
		return no("gone", "its object is not there any more"), nil
	}
	return no("unseen", "its bytes cannot be compared with its object: %v", err), nil
}

// A reader of a file ends with its context.
type reader struct {
	ctx context.Context //nolint:containedctx // lives as long as the call
	src bucket.Source
}

// ReadAt implements io.ReaderAt.
func (r reader) ReadAt(b []byte, off int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.ReadAt(b, off)
}
