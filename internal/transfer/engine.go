package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/medialift/medialift/bucket"
)

// Sentinels of what an engine returns, or is told.
var (
	// ErrStopping stands for what was not begun, or not tried again, because the
	// run is stopping.
	ErrStopping = errors.New("stopping")
	// ErrStoreOut ends a run: nothing has succeeded for longer than its patience.
	ErrStoreOut = errors.New("the store is given up")
	// ErrAnswer is wrapped by errors of callers that show a store at work.
	ErrAnswer = errors.New("the store has answered")

	errStalled = fmt.Errorf("%w: stalled", bucket.ErrTemporary)
)

// An Engine is what all requests of a run share. It is safe for concurrent use.
type Engine struct {
	limits limits
	memory memory
	opts   Options
	now    func() time.Time

	mu sync.Mutex
	// resized is called when more workers may be at work.
	resized func()
	// stopping is closed when nothing new is to be begun.
	stopping <-chan struct{}
	pace     pace
	purse    purse
	health   health
	quiet    time.Time // until when the store wants to be left alone
	traffic  Traffic
}

// New returns the engine of a run.
func New(o Options) *Engine {
	o = o.withDefaults()
	now := time.Now()
	return &Engine{
		limits: newLimits(o), memory: newMemory(o.Memory), opts: o, now: time.Now, resized: func() {},
		pace: newPace(o.Workers, now), purse: newPurse(now), health: health{patience: o.Patience},
		traffic: Traffic{Causes: map[Cause]int64{}},
	}
}

// Begin prepares for work of another kind: stopping is closed when nothing new
// is to be begun, and resized is called when Limit has come to allow more.
func (e *Engine) Begin(stopping <-chan struct{}, resized func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopping, e.resized = stopping, resized
	e.pace.restart(e.now())
}

// Limit returns how many workers there may be, of whom so many are at work: more
// as long as they bring more through, fewer when the store asks to slow down.
func (e *Engine) Limit(busy int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pace.busy(busy)
	return e.pace.limit
}

// Do makes a request that carries no bytes of files to speak of.
func (e *Engine) Do(ctx context.Context, try func(context.Context) error) error {
	return e.Ask(ctx, Ask{}, try)
}

// Ask makes a request, within the limits of the run, and again while its failure
// may pass by itself. What is not tried again because the run stops is
// ErrStopping; because ctx has ended, its error. The context that try is given
// ends when the request takes too long; what reads files meanwhile is better off
// with that of Untimed. Where a store makes several HTTP requests of it, each of
// them waits for the rate: those but the first at the gate in that context
// (bucket.Gate), so that a try must use no other one.
func (e *Engine) Ask(ctx context.Context, a Ask, try func(context.Context) error) error {
	if a.Tries <= 0 {
		a.Tries = e.opts.Tries
	}
	var t trial
	for {
		if a.Still != nil && !a.Still() {
			return ErrStopping
		}
		if err := e.enter(ctx, a, t.failures > 0); err != nil {
			return err
		}
		err := e.attempt(ctx, a, try)
		if err == nil || ctx.Err() != nil {
			return err
		}
		wait, again, err := e.judge(&t, a, err)
		if !again {
			return err
		}
		if err := e.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// sleep waits, unless the run stops or ctx ends before.
func (e *Engine) sleep(ctx context.Context, wait time.Duration) error {
	e.mu.Lock()
	stopping := e.stopping
	e.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return fmt.Errorf("waiting for another try: %w", ctx.Err())
	}
}

// enter waits until a request may be made. A first one is not held up by a run
// that is stopping: it belongs to a file that is begun.
func (e *Engine) enter(ctx context.Context, a Ask, again bool) error {
	if wait := e.wait(again); wait > 0 {
		if err := e.sleep(ctx, wait); err != nil && (again || ctx.Err() != nil) {
			return err
		}
	}
	if !a.Maybe {
		if err := e.limits.request(ctx); err != nil {
			return err
		}
	}
	return e.limits.send(ctx, a.Bytes)
}

// wait is how long a request has to wait for the sake of the others.
func (e *Engine) wait(again bool) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	return max(e.purse.pay(now, again), e.quiet.Sub(now))
}

// attempt makes a request once, in bounded time: no answer shall hold a worker
// for ever, not even one that comes byte by byte.
func (e *Engine) attempt(ctx context.Context, a Ask, try func(context.Context) error) error {
	release, err := e.memory.take(ctx, a.Held)
	if err != nil {
		return err
	}
	defer release()
	const slowest = 4 << 10 // bytes a second
	limit := e.opts.Stall + time.Duration((a.Bytes+a.Reads)/slowest)*time.Second
	t, within := newTurn(ctx, e.limits, limit)
	t.waits.Store(a.Maybe)
	err = t.end(within, try(within))
	if more := e.count(a, err); more != nil {
		more()
	}
	return err
}

// count takes in how a request ended. It returns what to call where there may be
// more workers for it.
func (e *Engine) count(a Ask, err error) (resized func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traffic.Requests++
	if err != nil {
		return nil
	}
	now := e.now()
	e.purse.earn()
	e.health.answered(now)
	before := e.pace.limit
	if e.pace.done(now, a.Bytes); e.pace.limit > before {
		return e.resized
	}
	return nil
}

// A trial is what has become of a request so far.
type trial struct {
	failures int
	first    time.Time
	once     bool
}

// judge tells after how long a request that has failed is to be made again, or
// with which error it has failed for good.
func (e *Engine) judge(t *trial, a Ask, err error) (wait time.Duration, more bool, final error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	switch {
	case errors.Is(err, bucket.ErrOnce) && !t.once:
		t.once = true
		e.traffic.retry(err)
		return 0, true, err
	case !bucket.Passing(err):
		if answered(err) {
			e.health.answered(now)
		}
		return 0, false, err
	}
	t.failures++
	if t.first.IsZero() {
		t.first = now
	}
	crowded := Crowded(err)
	if crowded {
		e.pace.throttled(now)
	}
	asked := bucket.RetryAfter(err)
	if errors.Is(err, bucket.ErrThrottled) {
		e.traffic.Throttled++
		e.pace.throttled(now)
		if until := now.Add(asked); until.After(e.quiet) {
			e.quiet = until
		}
	}
	left := t.failures < a.Tries
	if !left && (crowded || !a.Waits.out(err)) { // who waits keeps files open
		return 0, false, err
	}
	switch e.health.failed(now, t.first, left) {
	case giveUp:
		return 0, false, err
	case storeOut:
		return 0, false, fmt.Errorf("%w (nothing has succeeded since %s): %w", ErrStoreOut, e.health.since.Format(time.TimeOnly), err)
	}
	e.traffic.retry(err)
	return max(bucket.Backoff(t.failures, e.opts.Backoff), asked), true, err
}

// answered tells whether a failure shows the store at work.
func answered(err error) bool {
	for _, said := range []error{bucket.ErrExists, bucket.ErrNotFound, bucket.ErrDenied, bucket.ErrNoUpload, ErrAnswer} {
		if errors.Is(err, said) {
			return true
		}
	}
	return false
}

// Reading returns a context for what is read from this machine's disks alone:
// nothing is lost when it ends as soon as the run is to stop.
func (e *Engine) Reading(ctx context.Context) (context.Context, context.CancelFunc) {
	e.mu.Lock()
	stopping := e.stopping
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
