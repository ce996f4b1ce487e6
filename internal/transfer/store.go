package transfer

import (
	"context"
	"io"

	"github.com/medialift/medialift/bucket"
)

// Store returns store with all its requests made through e. It is a
// bucket.Checker too, whether store is one or not. What a body gives that Open
// has returned is not asked for again.
func Store(store bucket.Store, e *Engine) bucket.Store { return through{store, e} }

// through is a store whose requests go through an engine.
type through struct {
	store  bucket.Store
	engine *Engine
}

// Put may find, as ErrExists, the object of a try whose answer was lost.
func (s through) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (obj bucket.Object, err error) {
	a := Ask{Bytes: src.Size, Held: Held(s.store, src.Size, false)}
	err = s.engine.Ask(ctx, a, func(ctx context.Context) (err error) {
		obj, err = s.store.Put(ctx, key, src, cond)
		return err
	})
	return obj, err
}

// Stat describes one object.
func (s through) Stat(ctx context.Context, key string) (obj bucket.Object, err error) {
	err = s.engine.Do(ctx, func(ctx context.Context) (err error) {
		obj, err = s.store.Stat(ctx, key)
		return err
	})
	return obj, err
}

// Open streams an object's bytes, for as long as ctx lives.
func (s through) Open(ctx context.Context, key string) (body io.ReadCloser, err error) {
	// The context of a try ends with it, which would cut off the body.
	err = s.engine.Do(ctx, func(within context.Context) (err error) {
		body, err = s.store.Open(Untimed(within), key)
		return err
	})
	return body, err
}

// Delete removes one object.
func (s through) Delete(ctx context.Context, key string) error {
	return s.engine.Do(ctx, func(ctx context.Context) error { return s.store.Delete(ctx, key) })
}

// Check asks whether the bucket exists and answers to these credentials.
func (s through) Check(ctx context.Context) error {
	c, ok := s.store.(bucket.Checker)
	if !ok {
		return nil
	}
	return s.engine.Ask(ctx, First(), c.Check)
}

// Notes says what the store turned out not to do.
func (s through) Notes() []string {
	if c, ok := s.store.(bucket.Checker); ok {
		return c.Notes()
	}
	return nil
}

// First is the Ask of the first request to an endpoint, whose address may be
// wrong: one that cannot be reached is given up soon.
func First() Ask { return Ask{Tries: 3, Waits: ForAnswers} }
