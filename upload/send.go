package upload

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// A target is a file that is open, and the place that it goes to.
type target struct {
	file  ledger.File
	store bucket.Store
	key   string
	src   bucket.Source
	close func() // of the file
}

// open opens a planned file.
func (e *executor) open(ctx context.Context, f ledger.File) (target, error) {
	root := e.plan.root[f.Field]
	key, ok := root.Naming.Cut(f.URL)
	if !ok {
		return target{}, fmt.Errorf("%s is not in this target", f.URL)
	}
	src, done, err := e.plan.source(ctx, f)
	return target{file: f, store: root.Store, key: key, src: src, close: done}, err
}

// send brings one file to its place, or begins to send it piece by piece.
func (e *executor) send(ctx context.Context, f ledger.File) outcome {
	t, err := e.open(ctx, f)
	if err != nil {
		return outcome{file: failure(f, err), err: err}
	}
	if f.Size > large {
		switch store := t.store.(type) {
		case bucket.Multipart:
			return e.cut(ctx, t, store, 0)
		case bucket.Resumable:
			return e.stream(ctx, t, store)
		}
	}
	defer t.close()
	var obj bucket.Object
	replaced, tries := false, 0
	a := transfer.Ask{Bytes: f.Size, Held: transfer.Held(t.store, f.Size, false)}
	err = e.engine.Ask(ctx, a, func(within context.Context) (err error) {
		tries++
		obj, err = t.store.Put(within, t.key, t.src, bucket.Condition{})
		if !errors.Is(err, bucket.ErrExists) && !errors.Is(err, bucket.ErrUnseen) {
			return err
		}
		var cond bucket.Condition
		if obj, cond, err = e.occupied(transfer.Untimed(within), t); err == nil {
			replaced = true
			obj, err = t.store.Put(within, t.key, t.src, cond)
		}
		return err
	})
	switch {
	case errors.Is(err, errFound):
		// After a try whose answer was lost it is our own, as a rule.
		return outcome{file: arrival(f, obj), found: tries == 1}
	case left(err):
		return outcome{skip: true}
	case err != nil:
		return outcome{file: failure(f, err), err: err}
	}
	return outcome{file: arrival(f, obj), replaced: replaced}
}

// errFound says that the object is there already with the same bytes.
var errFound = fmt.Errorf("%w: it is there already", transfer.ErrAnswer)

// occupied deals with a key that holds an object: equal bytes have arrived
// (errFound); own or any others may be replaced, under the condition returned,
// if the options say so.
func (e *executor) occupied(ctx context.Context, t target) (bucket.Object, bucket.Condition, error) {
	obj, err := t.store.Stat(ctx, t.key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return obj, bucket.Condition{}, fmt.Errorf("%w: an object came and went", bucket.ErrTemporary)
	case errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity):
		cond, err := e.plan.unseen(t.file, err)
		return obj, cond, err
	case err != nil:
		return obj, bucket.Condition{}, err
	}
	reading, done := e.engine.Reading(ctx)
	defer done()
	same, err := bucket.Same(reading, t.store, t.src, obj)
	if err != nil {
		return obj, bucket.Condition{}, err
	}
	if same {
		return obj, bucket.Condition{}, errFound
	}
	cond, err := e.plan.replaces(ctx, t.file, obj)
	return obj, cond, err
}

func arrival(f ledger.File, obj bucket.Object) ledger.File {
	f.State, f.Err = ledger.FileArrived, ""
	f.Checksum, f.ETag = obj.Checksums.String(), obj.ETag
	return f
}

func failure(f ledger.File, err error) ledger.File {
	f.State, f.Err = ledger.FileFailed, err.Error()
	return f
}

// left tells what was not carried through because the run is stopping.
func left(err error) bool {
	return errors.Is(err, transfer.ErrStopping) || errors.Is(err, context.Canceled)
}
