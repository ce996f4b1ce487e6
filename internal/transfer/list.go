package transfer

import (
	"context"
	"iter"

	"github.com/medialift/medialift/bucket"
)

// List yields the objects below prefix. After a failure it lists them again and
// goes on behind the last one that it has yielded.
func (s through) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		l := lister{store: s.store, prefix: prefix, yield: yield}
		for {
			before := l.yielded
			err := s.engine.Do(ctx, l.list)
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
	yield   func(bucket.Object, error) bool
	yielded int64
	last    string
}

// list lists all, and yields what comes behind the last one. A list of millions
// takes its time: only that from one object to the next is limited.
func (l *lister) list(within context.Context) error {
	for obj, err := range l.store.List(within, l.prefix) {
		if err != nil {
			return err
		}
		if l.yielded == 0 || obj.Key > l.last {
			l.yielded, l.last = l.yielded+1, obj.Key
			if !l.pass(within, obj) {
				return nil
			}
		}
		if t, ok := within.Value(turnKey{}).(*turn); ok {
			t.renew()
		}
	}
	return nil
}

// pass yields an object, in time that is not the store's.
func (l *lister) pass(within context.Context, obj bucket.Object) bool {
	if t, ok := within.Value(turnKey{}).(*turn); ok {
		t.hold()
		defer t.release()
	}
	return l.yield(obj, nil)
}
