package upload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/ledger"
)

// send brings one file to its place.
func (e *executor) send(ctx context.Context, f ledger.File) outcome {
	root := e.plan.root[f.Field]
	key, ok := root.Naming.Cut(f.URL)
	if !ok {
		err := fmt.Errorf("%s is not in this target", f.URL)
		return outcome{file: failure(f, err), err: err}
	}
	src, done, err := openSource(f)
	if err != nil {
		return outcome{file: failure(f, err), err: err}
	}
	defer done()
	var obj bucket.Object
	replaced := false
	err = e.retry(ctx, func() (err error) {
		obj, err = root.Store.Put(ctx, key, src, bucket.Condition{})
		if errors.Is(err, bucket.ErrExists) {
			obj, replaced, err = e.occupied(ctx, f, root.Store, key, src)
		}
		return err
	})
	switch {
	case errors.Is(err, errFound):
		return outcome{file: arrival(f, obj), found: true}
	case err != nil:
		return outcome{file: failure(f, err), err: err}
	}
	return outcome{file: arrival(f, obj), replaced: replaced}
}

// errFound says that the object is there already with the same bytes.
var errFound = errors.New("already there")

// occupied deals with a key that holds an object: equal bytes have arrived, own
// or any others may be replaced if the options say so.
func (e *executor) occupied(ctx context.Context, f ledger.File, store bucket.Store, key string, src bucket.Source) (bucket.Object, bool, error) {
	obj, err := store.Stat(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return obj, false, fmt.Errorf("%w: an object came and went", bucket.ErrTemporary)
	}
	if err != nil {
		return obj, false, err
	}
	same, err := bucket.Same(ctx, store, src, obj)
	if err != nil {
		return obj, false, err
	}
	if same {
		return obj, false, errFound
	}
	if e.plan.opts.Overwrite == OverwriteAll {
		obj, err = store.Put(ctx, key, src, bucket.Condition{Overwrite: true})
		return obj, true, err
	}
	if e.plan.opts.Overwrite == OverwriteOwn {
		own, err := e.plan.own(ctx, f, obj)
		if err != nil {
			return obj, false, err
		}
		if own {
			obj, err = store.Put(ctx, key, src, bucket.Condition{Replaces: obj})
			return obj, true, err
		}
	}
	return obj, false, fmt.Errorf("%w: %d bytes, not those of this file", bucket.ErrExists, obj.Size)
}

// openSource opens a planned file and makes sure, then and after it was read,
// that it is the one that was planned.
func openSource(f ledger.File) (bucket.Source, func(), error) {
	file, err := os.Open(f.Local)
	if err != nil {
		return bucket.Source{}, nil, fmt.Errorf("opening the file: %w", err)
	}
	unchanged := func() error {
		info, err := file.Stat()
		if err != nil {
			return fmt.Errorf("looking at the file: %w", err)
		}
		if info.Size() != f.Size || !info.ModTime().Equal(f.ModTime) {
			return fmt.Errorf("%w since it was planned: run the same command again", bucket.ErrSourceChanged)
		}
		return nil
	}
	done := func() { _ = file.Close() }
	if err := unchanged(); err != nil {
		done()
		return bucket.Source{}, nil, err
	}
	return bucket.Source{
		ReaderAt: file, Size: f.Size, ContentType: contentType(f.Path), Unchanged: unchanged,
	}, done, nil
}

func arrival(f ledger.File, obj bucket.Object) ledger.File {
	f.State, f.Err = ledger.FileArrived, ""
	f.Checksum, f.ETag = obj.Checksums.String(), obj.ETag
	return f
}

func failure(f ledger.File, err error) ledger.File {
	f.State, f.Err = ledger.FileFailed, err.Error()
	if errors.Is(err, context.Canceled) {
		f.State, f.Err = ledger.FilePlanned, ""
	}
	return f
}

// The waits between tries: full jitter under a doubling bound
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
const (
	firstWait = 200 * time.Millisecond
	maxWait   = 20 * time.Second
)

// retry calls try again while its failure may pass by itself.
func (e *executor) retry(ctx context.Context, try func() error) error {
	bound := firstWait
	for n := 1; ; n++ {
		err := try()
		if err == nil || n >= e.plan.opts.Tries || ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, bucket.ErrTemporary) && !errors.Is(err, bucket.ErrUnreachable) {
			return err
		}
		select {
		case <-time.After(rand.N(bound)): //nolint:gosec // jitter, not a secret
		case <-ctx.Done():
			return err
		}
		bound = min(2*bound, maxWait)
	}
}
