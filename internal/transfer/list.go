package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/medialift/medialift/bucket"
)

// List yields the objects below prefix. After a failure it lists them again and
// goes on behind the last one that it has yielded.
func (s through) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		l := lister{store: s.store, prefix: prefix, stall: s.engine.opts.Stall, yield: yield}
		for {
			before := l.yielded
			// The context of a try ends with it; a list of millions takes its time.
			err := s.engine.Do(ctx, func(context.Context) error { return l.list(ctx) })
			switch {
			case err == nil:
				return
			case l.yielded > before && bucket.Passing(err) && ctx.Err() == nil:
				continue // it gets on
			}
			yield(bucket.Object{}, err)
			return
		}
	}
}

// A lister yields the objects below a prefix once each.
type lister struct {
	store   bucket.Store
	prefix  string
	stall   time.Duration
	yield   func(bucket.Object, error) bool
	yielded int64
	last    string
}

// list lists all, and yields what comes behind the last one.
func (l *lister) list(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("%w: no end of it within %v", errStalled, l.stall)
	watch := time.AfterFunc(l.stall, func() { cancel(stalled) })
	defer watch.Stop()
	for obj, err := range l.store.List(ctx, l.prefix) {
		watch.Stop()
		if err != nil && errors.Is(context.Cause(ctx), errStalled) {
			return stalled
		}
		if err != nil {
			return err
		}
		if l.yielded == 0 || obj.Key > l.last {
			l.yielded, l.last = l.yielded+1, obj.Key
			if !l.yield(obj, nil) {
				return nil
			}
		}
		watch.Reset(l.stall)
	}
	return nil
}
