package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/medialift/medialift/bucket"
)

// A turn is one try of an Ask: how long it may take, and the requests that a store
// makes of it. Its time stands still while a request waits for the rate.
type turn struct {
	limits limits
	limit  time.Duration
	// whole is the context of the try without the limit of its time.
	whole  context.Context
	cancel context.CancelCauseFunc
	late   error // why cancel is called
	// waits tells that the next request has to wait: the engine has waited for the
	// first one, unless it was not sure that there is one.
	waits atomic.Bool

	mu    sync.Mutex
	timer *time.Timer
	since time.Time     // when it began to run
	left  time.Duration // of its time, then
	holds int           // that keep it from running
}

// turnKey is the key of a *turn in its contexts.
type turnKey struct{}

// newTurn returns a turn that may take so long, and the context of its try.
func newTurn(ctx context.Context, l limits, limit time.Duration) (*turn, context.Context) {
	t := &turn{limits: l, limit: limit, since: time.Now(), left: limit}
	t.late = fmt.Errorf("%w: no end of it within %v", errStalled, limit)
	ctx = context.WithValue(ctx, turnKey{}, t)
	if l.requests != nil {
		ctx = bucket.WithGate(ctx, t.gate)
	}
	t.whole = ctx
	within, cancel := context.WithCancelCause(ctx)
	t.cancel = cancel
	t.timer = time.AfterFunc(limit, func() { cancel(t.late) })
	return t, within
}

// gate waits until another request of the turn may be made.
func (t *turn) gate(ctx context.Context) error {
	if t.waits.CompareAndSwap(false, true) {
		return nil
	}
	t.hold()
	defer t.release()
	return t.limits.request(ctx)
}

// hold stops the time; release lets it run again once nobody holds it.
func (t *turn) hold() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holds++; t.holds == 1 && t.timer.Stop() {
		t.left -= time.Since(t.since)
	}
}

func (t *turn) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holds--; t.holds == 0 {
		t.since = time.Now()
		t.timer.Reset(max(0, t.left))
	}
}

// renew gives the turn all of its time again: it gets on.
func (t *turn) renew() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = t.limit
	if t.holds == 0 && t.timer.Stop() {
		t.since = time.Now()
		t.timer.Reset(t.left)
	}
}

// end ends the turn, which came to err, and returns what it has come to.
// Requests may still wait for the rate in it: those of a body that is read on.
func (t *turn) end(within context.Context, err error) error {
	t.mu.Lock()
	t.holds++ // for ever
	t.timer.Stop()
	t.mu.Unlock()
	tooLate := context.Cause(within) == t.late
	t.cancel(nil)
	if tooLate && (errors.Is(err, context.Canceled) || errors.Is(err, t.late)) {
		return t.late
	}
	return err
}

// Untimed returns the context of a try, or one below it, as the engine was given
// it: without the limit of the try's time. It is for what outlives the try or
// reads files meanwhile. Its requests wait for the rate like all others.
func Untimed(within context.Context) context.Context {
	if t, ok := within.Value(turnKey{}).(*turn); ok {
		return t.whole
	}
	return within
}
