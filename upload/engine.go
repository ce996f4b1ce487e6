package upload

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/medialift/medialift/bucket"
)

// errStopping stands for what was not begun, or not tried again, because the
// run is stopping.
var errStopping = errors.New("stopping")

// An ask is a request to a store, as the engine sees it.
type ask struct {
	// bytes are sent by it, held are kept in memory meanwhile, reads are read
	// of files besides.
	bytes, held, reads int64
	// still, if set, tells before each try whether it is still wanted.
	still func() bool
}

// An engine is what the workers of a run share: how many of them may be at
// work, how much they may keep in memory and send, and how often they may try
// again what has failed.
type engine struct {
	limits limits
	memory memory
	opts   Options
	now    func() time.Time
	// resized is called when more workers may be at work.
	resized func()
	// stopping is closed when nothing new is to be begun.
	stopping <-chan struct{}

	mu      sync.Mutex
	pace    pace
	purse   purse
	health  health
	quiet   time.Time // until when the store wants to be left alone
	traffic Traffic
}

func newEngine(o Options) *engine {
	now := time.Now()
	return &engine{
		limits: newLimits(o), memory: newMemory(o.Memory), opts: o, now: time.Now, resized: func() {},
		pace: newPace(o.Workers, now), purse: newPurse(now), health: health{patience: o.Patience},
		traffic: Traffic{Causes: map[Cause]int64{}},
	}
}

// counts returns the traffic so far, without its causes.
func (e *engine) counts() Traffic {
	e.mu.Lock()
	defer e.mu.Unlock()
	counts := e.traffic
	counts.Causes = nil
	return counts
}

// begin prepares for a pass over the files.
func (e *engine) begin(stopping <-chan struct{}, resized func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopping, e.resized = stopping, resized
	e.pace.restart(e.now())
}

// limit tells how many workers there may be, of whom so many are at work.
func (e *engine) limit(busy int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pace.busy(busy)
	return e.pace.limit
}

// do makes a request, within the limits of the run, and again while its failure
// may pass by itself. What is not tried again because the run stops is
// errStopping. The context that try is given ends when the request takes too
// long; what reads files meanwhile is better off with ctx.
func (e *engine) do(ctx context.Context, a ask, try func(context.Context) error) error {
	var t trial
	for {
		if a.still != nil && !a.still() {
			return errStopping
		}
		if err := e.enter(ctx, a, t.failures > 0); err != nil {
			return err
		}
		err := e.attempt(ctx, a, try)
		if err == nil || ctx.Err() != nil {
			return err
		}
		wait, again, err := e.judge(&t, err)
		if !again {
			return err
		}
		if !bucket.Sleep(e.stopping, wait) {
			return errStopping
		}
	}
}

// enter waits until a request may be made. A first one is not held up by a run
// that is stopping: it belongs to a file that is begun.
func (e *engine) enter(ctx context.Context, a ask, again bool) error {
	if wait := e.wait(again); wait > 0 && !bucket.Sleep(e.stopping, wait) && again {
		return errStopping
	}
	if err := e.limits.request(ctx); err != nil {
		return err
	}
	return e.limits.send(ctx, a.bytes)
}

// wait is how long a request has to wait for the sake of the others.
func (e *engine) wait(again bool) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	return max(e.purse.pay(now, again), e.quiet.Sub(now))
}

// attempt makes a request once, in bounded time: no answer shall hold a worker
// for ever, not even one that comes byte by byte.
func (e *engine) attempt(ctx context.Context, a ask, try func(context.Context) error) error {
	release, err := e.memory.take(ctx, a.held)
	if err != nil {
		return err
	}
	defer release()
	const slowest = 4 << 10 // bytes a second
	limit := e.opts.Stall + time.Duration((a.bytes+a.reads)/slowest)*time.Second
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = try(within)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("%w: no end of it within %v", errStalled, limit)
	}
	if e.count(a, err) {
		e.resized()
	}
	return err
}

// count takes in how a request ended, and tells whether there may be more
// workers for it.
func (e *engine) count(a ask, err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.traffic.Requests++
	if err != nil {
		return false
	}
	now := e.now()
	e.purse.earn()
	e.health.answered(now)
	before := e.pace.limit
	e.pace.done(now, a.bytes)
	return e.pace.limit > before
}

// A trial is what has become of a request so far.
type trial struct {
	failures int
	first    time.Time
	once     bool
}

// judge tells after how long a request that has failed is to be made again, or
// with which error it has failed for good.
func (e *engine) judge(t *trial, err error) (wait time.Duration, more bool, final error) {
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
	asked := bucket.RetryAfter(err)
	if errors.Is(err, bucket.ErrThrottled) {
		e.traffic.Throttled++
		e.pace.throttled(now)
		if until := now.Add(asked); until.After(e.quiet) {
			e.quiet = until
		}
	}
	switch e.health.failed(now, t.first, t.failures < e.opts.Tries) {
	case giveUp:
		return 0, false, err
	case storeOut:
		return 0, false, fmt.Errorf("%w (nothing has succeeded since %s): %w", errStoreOut, e.health.since.Format(time.TimeOnly), err)
	}
	e.traffic.retry(err)
	return max(bucket.Backoff(t.failures, e.opts.Backoff), asked), true, err
}

// answered tells whether a failure shows the store at work.
func answered(err error) bool {
	for _, said := range []error{bucket.ErrExists, bucket.ErrNotFound, bucket.ErrDenied, bucket.ErrNoUpload, errFound} {
		if errors.Is(err, said) {
			return true
		}
	}
	return false
}

// reading returns a context for what is read from this machine's disks alone:
// nothing is lost when it ends as soon as the run is to stop.
func (e *engine) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-e.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

var (
	// errStoreOut ends the run, whether failures do so or not.
	errStoreOut = errors.New("the store is given up")
	errStalled  = fmt.Errorf("%w: stalled", bucket.ErrTemporary)
)
