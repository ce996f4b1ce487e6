package upload

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// probe looks, where a target is not empty, for objects under the keys of
// pending files. Equal ones have arrived; others are refused here, before a
// byte moves, unless they may be replaced. Where nothing can be seen, the store
// must be known to protect what is there.
func (e *executor) probe(ctx context.Context) error {
	some := false
	for id := range e.plan.root {
		some = some || e.visible(id)
	}
	if !some {
		return nil
	}
	refusal := &dataset.Refusal{
		Reason: "other objects are under the keys of this plan",
		Hint:   "--overwrite=own replaces what an earlier run sent, --overwrite anything; or choose another URL",
	}
	var mu sync.Mutex
	// Nothing that looks has to be finished: it ends with ctx.
	err := e.pass(ctx, func(_ context.Context, f ledger.File) outcome {
		if !e.visible(f.Field) {
			return outcome{skip: true}
		}
		o := e.look(ctx, f)
		if errors.Is(o.err, bucket.ErrExists) {
			mu.Lock()
			defer mu.Unlock()
			if e.plan.taken[f.ID] {
				refusal.Hint = "--on-collision suffix gives a file whose key rows of the dataset name already a key of its own"
			}
			refusal.Add(dataset.Problem{
				Kind: "exists", Path: f.Path, URL: f.URL, Hint: o.err.Error(),
			})
			return outcome{skip: true}
		}
		if o.err != nil && e.plan.opts.SkipFailures && !hopeless(o.err) {
			return outcome{skip: true} // its turn to be sent tells, and counts, what is wrong
		}
		return o
	})
	if err != nil {
		return err
	}
	if refusal.Total > 0 {
		return refusal
	}
	return nil
}

// visible tells whether there may be objects below the place of a field that can
// be seen: what is there is found before a byte moves then.
func (e *executor) visible(field int) bool {
	v := e.views[placeOf(e.plan.root[field])]
	return !v.Empty && v.Sight != bucket.Blind
}

// look compares a pending file with what is under its key.
func (e *executor) look(ctx context.Context, f ledger.File) outcome {
	root := e.plan.root[f.Field]
	key, _ := root.Naming.Cut(f.URL)
	skip := outcome{skip: true}
	var obj bucket.Object
	err := e.engine.Do(ctx, func(ctx context.Context) (err error) {
		obj, err = root.Store.Stat(ctx, key)
		return err
	})
	if errors.Is(err, bucket.ErrNotFound) || ctx.Err() != nil || left(err) {
		return skip
	}
	if err != nil {
		return outcome{file: failure(f, err), err: err}
	}
	src, done, err := e.plan.source(ctx, f)
	if err != nil {
		return outcome{file: failure(f, err), err: err}
	}
	defer done()
	same := false
	err = e.engine.Ask(ctx, transfer.Ask{Maybe: true}, func(within context.Context) (err error) {
		same, err = bucket.Same(transfer.Untimed(within), root.Store, src, obj)
		return err
	})
	switch {
	case ctx.Err() != nil || left(err):
		return skip
	case err != nil:
		return outcome{file: failure(f, err), err: err}
	case same:
		return outcome{file: arrival(f, obj), found: true}
	}
	if _, err := e.plan.replaces(ctx, f, obj); err != nil {
		return outcome{file: failure(f, err), err: err}
	}
	return skip
}

// replaces returns the condition under which f may replace obj, which holds
// other bytes, or ErrExists. What rows of the dataset name already never comes
// to stand for another file, whatever the options say.
func (p *Plan) replaces(ctx context.Context, f ledger.File, obj bucket.Object) (bucket.Condition, error) {
	found := fmt.Sprintf("%d bytes of %s, not the %d bytes of %q",
		obj.Size, obj.ModTime.UTC().Format("2006-01-02 15:04"), f.Size, f.Local)
	if p.opts.Overwrite == OverwriteNone {
		return bucket.Condition{}, fmt.Errorf("%w: %s", bucket.ErrExists, found)
	}
	switch {
	case p.taken[f.ID]:
		return bucket.Condition{}, fmt.Errorf("%w: %s; rows of this dataset name it", bucket.ErrExists, found)
	case p.opts.Overwrite == OverwriteAll:
		return bucket.Condition{Overwrite: true}, nil
	}
	own, err := p.own(ctx, f, obj)
	switch {
	case err != nil:
		return bucket.Condition{}, err
	case !own:
		return bucket.Condition{}, fmt.Errorf("%w: %s; no run is known to have sent it for this file", bucket.ErrExists, found)
	}
	return bucket.Condition{Replaces: obj}, nil
}

// own tells whether obj is what this or an earlier run sent to f's URL for this
// same file and for no other one, and nobody replaced since.
func (p *Plan) own(ctx context.Context, f ledger.File, obj bucket.Object) (bool, error) {
	senders, err := p.job.Ledger.Sent(ctx, f.URL)
	if err != nil {
		return false, err
	}
	own := false
	for _, s := range senders {
		if sentAs(s, obj) {
			if s.Local != f.Local && (s.Twin == 0 || s.Twin != f.ID) {
				return false, nil
			}
			own = true
		}
	}
	if p.job.Sent == nil {
		return own, nil
	}
	others, err := p.job.Sent(ctx, f.URL)
	if err != nil {
		return false, err
	}
	for _, s := range others {
		switch {
		case !sentAs(s.File, obj):
		case s.Local != f.Local:
			return false, nil
		case !own && p.job.Confirm != nil:
			if own, err = p.job.Confirm(ctx, s); err != nil {
				return false, err
			}
		default:
			own = true
		}
	}
	return own, nil
}

// sentAs tells whether obj is the object that a ledger knows f was sent as.
func sentAs(f ledger.File, obj bucket.Object) bool {
	if f.ETag != "" && obj.ETag != "" {
		return f.ETag == obj.ETag
	}
	for algorithm, sum := range bucket.ParseChecksum(f.Checksum) {
		if algorithm.Strong() && obj.Checksums[algorithm] == sum {
			return true
		}
	}
	return false
}
