package upload

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// end is called once no part is being sent any more.
func (p *parted) end(ctx context.Context) outcome {
	var obj bucket.Object
	replaced, err := false, p.err
	if err == nil {
		obj, replaced, err = p.finish(ctx)
	}
	found := errors.Is(err, errFound)
	switch {
	case left(err):
		p.close()
		return outcome{skip: true} // a later run goes on
	case errors.Is(err, bucket.ErrNoUpload) && p.anew < restarts:
		return p.again(ctx)
	case found, errors.Is(err, bucket.ErrSourceChanged), errors.Is(err, bucket.ErrExists):
		p.abort(ctx)
	}
	p.close()
	if err != nil && !found {
		return outcome{file: failure(p.file, err), err: err}
	}
	if err := p.plan.job.Ledger.EndUpload(context.WithoutCancel(ctx), p.upload.ID); err != nil {
		return outcome{file: failure(p.file, err), err: err}
	}
	return outcome{file: arrival(p.file, obj), cut: true, found: found, replaced: replaced}
}

// finish makes the object of the parts, over another one where that is allowed.
func (p *parted) finish(ctx context.Context) (obj bucket.Object, replaced bool, err error) {
	err = p.engine.Do(ctx, func(within context.Context) (err error) {
		obj, err = p.multi.Finish(within, p.key, p.upload.Name, p.src, p.parts, bucket.Condition{})
		gone := errors.Is(err, bucket.ErrNoUpload)
		if !gone && !errors.Is(err, bucket.ErrExists) && !errors.Is(err, bucket.ErrUnseen) {
			return err
		}
		// It may be our own, of an earlier try whose answer was lost.
		found, cond, other := p.occupied(transfer.Untimed(within), p.target)
		switch {
		case errors.Is(other, errFound):
			obj = found
			return other
		case gone:
			return err
		case other != nil:
			return other
		}
		replaced = true
		obj, err = p.multi.Finish(within, p.key, p.upload.Name, p.src, p.parts, cond)
		return err
	})
	return obj, replaced, err
}

// again begins a file anew whose upload the store no longer has, or only a
// part of.
func (p *parted) again(ctx context.Context) outcome {
	lost := p.arrived()
	_ = p.engine.Ask(ctx, dropping(), func(ctx context.Context) error {
		return p.multi.Abort(ctx, p.key, p.upload.Name) // gone already, as a rule
	})
	if err := p.plan.job.Ledger.EndUpload(context.WithoutCancel(ctx), p.upload.ID); err != nil {
		p.close()
		return outcome{file: failure(p.file, err), err: err}
	}
	p.pool.add(func(ctx context.Context) outcome {
		return p.cut(ctx, p.target, p.multi, p.anew+1)
	})
	return outcome{skip: true, progress: -lost}
}

// dropping is how an upload is asked to be dropped: not at any price.
func dropping() transfer.Ask { return transfer.Ask{Tries: 3, Waits: transfer.ForCalm} }

// abort drops an upload that is of no use any more. Where that fails, a later
// run tries again: the ledger lists it as abandoned or resumes it.
func (p *parted) abort(ctx context.Context) {
	err := p.engine.Ask(ctx, dropping(), func(ctx context.Context) error {
		return p.multi.Abort(ctx, p.key, p.upload.Name)
	})
	if err == nil || errors.Is(err, bucket.ErrNoUpload) {
		_ = p.plan.job.Ledger.EndUpload(context.WithoutCancel(ctx), p.upload.ID) // else it is found gone later
	}
}

// abandon aborts uploads that no file of the plan goes on with: theirs have
// changed, or go elsewhere, or are no longer named.
func (e *executor) abandon(ctx context.Context) error {
	list, err := e.plan.job.Ledger.Abandoned(ctx)
	if err != nil {
		return err
	}
	for _, u := range list {
		err := e.abortUpload(ctx, u)
		if err != nil && !errors.Is(err, bucket.ErrNoUpload) {
			e.sent.Notes = append(e.sent.Notes, fmt.Sprintf("an unfinished upload to %s is still there: %v", u.URL, err))
			continue
		}
		if err := e.plan.job.Ledger.EndUpload(ctx, u.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *executor) abortUpload(ctx context.Context, u ledger.Upload) error {
	for _, root := range e.plan.root {
		key, ok := root.Naming.Cut(u.URL)
		if !ok {
			continue
		}
		_, name := storeName(u.Name)
		switch store := root.Store.(type) {
		case bucket.Multipart:
			return e.engine.Ask(ctx, dropping(), func(ctx context.Context) error { return store.Abort(ctx, key, name) })
		case bucket.Resumable:
			return e.engine.Ask(ctx, dropping(), func(ctx context.Context) error { return store.Cancel(ctx, name) })
		}
	}
	return errors.New("this run no longer sends to that place")
}
