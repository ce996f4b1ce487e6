package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
)

// lookedInRun is how many objects of each field of a run are looked at before paths
// are made to name what it sent.
const lookedInRun = 16

// openRunMap opens the map run:RUN. What it answers with were good names when the run
// sent its objects: some of them are looked at.
func (a *app) openRunMap(ctx context.Context, run string) (pathmap.Mapper, error) {
	dir, err := a.ledgers()
	if err != nil {
		return nil, err
	}
	m, err := dir.Arrived(ctx, run)
	if err != nil {
		return nil, err
	}
	if err := a.lookInRun(ctx, dir, run); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// lookInRun refuses a run some of whose objects are gone or are others now. Where they
// cannot be looked at it only says so: who maps paths need not have access to media.
func (a *app) lookInRun(ctx context.Context, dir *ledger.Dir, run string) error {
	by, err := dir.Identity(ctx, run)
	if err != nil {
		return err
	}
	r, err := dir.Open(ctx, run)
	if err != nil {
		return err
	}
	some, err := r.Spread(ctx, lookedInRun)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	refusal := &dataset.Refusal{
		Reason: fmt.Sprintf("objects that %s had sent are gone, or are not what was sent", run),
		Hint:   "send them again: medialift upload with --verify-arrived finds all that are missing",
	}
	l := runLook{objects: &cleanCmd{app: a, openers: map[string]*open.Opener{}}, by: by, engine: transfer.New(transfer.Options{Tries: 3})}
	warned, silent := false, map[int]bool{} // fields whose target does not answer
	for _, f := range some {
		if silent[f.Field] {
			continue
		}
		kind, why, err := l.look(ctx, f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil { // of one object: the others may still be seen to be gone
			if silent[f.Field] = errors.Is(err, bucket.ErrUnreachable); !warned {
				warned = true
				a.ui.warn("not all objects of %s could be looked at: %v", run, err)
			}
			continue
		}
		if kind != "" {
			refusal.Add(dataset.Problem{Kind: kind, Path: f.Path, URL: f.URL, Hint: why})
		}
	}
	if refusal.Total > 0 {
		return refusal
	}
	return nil
}

// A runLook looks at objects of one run.
type runLook struct {
	objects *cleanCmd
	by      ledger.Identity
	engine  *transfer.Engine
}

// look says, with a kind for dataset.Problem, what is wrong with the object of a file.
// Its error is that it cannot be seen.
func (l *runLook) look(ctx context.Context, f ledger.File) (kind, why string, err error) {
	store, key, err := l.objects.object(ctx, l.by, f.URL)
	if err != nil {
		return "", "", err
	}
	var obj bucket.Object
	err = l.engine.Ask(ctx, transfer.First(), func(ctx context.Context) (err error) {
		obj, err = store.Stat(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return "gone", "no object is under this key", nil
	case err != nil:
		return "", "", err
	}
	switch m, why := f.Match(obj); m {
	case ledger.Same:
		return "", "", nil
	case ledger.Other:
		return "changed", why, nil
	}
	return l.compare(ctx, store, f, obj)
}

// compare compares another version of an object with the file that was sent, if that
// is still there and was sent as it is.
func (l *runLook) compare(ctx context.Context, store bucket.Store, f ledger.File, obj bucket.Object) (kind, why string, err error) {
	file, err := os.Open(f.Local)
	var info fs.FileInfo
	if err == nil {
		defer file.Close()
		info, err = file.Stat()
	}
	if err != nil || f.Variant != "" || info.Size() != f.LocalSize || !info.ModTime().Equal(f.ModTime) {
		return "", "", fmt.Errorf("%s is another version than was sent, and the file that it was sent from is no longer there to compare", f.URL)
	}
	same := false
	err = l.engine.Ask(ctx, transfer.Ask{Reads: 2 * obj.Size}, func(ctx context.Context) (err error) {
		same, err = bucket.Same(ctx, store, bucket.Source{ReaderAt: file, Size: info.Size()}, obj)
		return err
	})
	if err == nil && !same {
		return "changed", "another object has its key, with other bytes", nil
	}
	return "", "", err
}
