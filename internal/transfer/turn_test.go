package transfer_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
)

// A chatty store makes several requests of whatever is asked of it, each of which
// takes a second. Like the real ones it waits at the gate before each.
type chatty struct {
	slow
	requests int // that it makes of one call
	sent     []time.Time
	hangs    bool // after the last one, once
	given    time.Time
}

func (s *chatty) ask(ctx context.Context) error {
	for range s.requests {
		if err := bucket.Gate(ctx); err != nil {
			return err
		}
		s.sent = append(s.sent, time.Now())
		if !bucket.Sleep(ctx.Done(), time.Second) {
			return ctx.Err()
		}
	}
	if s.hangs {
		<-ctx.Done()
		s.hangs, s.given = false, time.Now()
		return ctx.Err()
	}
	return nil
}

func (s *chatty) Put(ctx context.Context, key string, _ bucket.Source, _ bucket.Condition) (bucket.Object, error) {
	return bucket.Object{Key: key, ETag: "1"}, s.ask(ctx)
}

func (s *chatty) Stat(ctx context.Context, key string) (bucket.Object, error) {
	return bucket.Object{Key: key}, s.ask(ctx)
}

func (s *chatty) Open(ctx context.Context, _ string) (io.ReadCloser, error) {
	return io.NopCloser(nil), s.ask(ctx)
}

func (s *chatty) List(ctx context.Context, _ string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		yield(bucket.Object{Key: "k"}, s.ask(ctx))
	}
}

func (s *chatty) Delete(ctx context.Context, _ string) error { return s.ask(ctx) }
func (s *chatty) Check(ctx context.Context) error            { return s.ask(ctx) }

// Each request that goes out waits for the rate, and not what is asked alone. The
// time that it waits is not counted as a stall of the store.
func TestEachRequestWaits(t *testing.T) {
	const each, asks = 4, 3
	for name := range requests(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &chatty{requests: each}
				e := transfer.New(transfer.Options{MaxRequests: 0.1, Stall: 5 * time.Second})
				start := time.Now()
				for range asks {
					if err := requests(transfer.Store(s, e))[name](t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if len(s.sent) != each*asks || e.Traffic().Requests != asks {
					t.Errorf("%d requests, %+v", len(s.sent), e.Traffic())
				}
				for i, at := range s.sent {
					if want := time.Duration(i) * 10 * time.Second; at.Sub(start).Round(time.Second) != want {
						t.Errorf("request %d went out after %v, not %v", i, at.Sub(start), want)
					}
				}
			})
		})
	}
}

// Requests of workers side by side wait for each other, whichever context of
// their try they are made with.
func TestTriesShareTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := transfer.New(transfer.Options{MaxRequests: 10})
		start, done := time.Now(), make(chan error)
		const workers = 8
		for range workers {
			go func() {
				done <- e.Do(t.Context(), func(within context.Context) error {
					for _, ctx := range []context.Context{within, transfer.Untimed(within), context.WithoutCancel(within)} {
						if err := bucket.Gate(ctx); err != nil {
							return err
						}
					}
					return nil
				})
			}()
		}
		for range workers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		// A second's worth goes at once.
		if took, want := time.Since(start), (3*workers-10)*100*time.Millisecond; took.Round(time.Millisecond) != want {
			t.Errorf("%d requests took %v, not %v", 3*workers, took, want)
		}
	})
}

// A store that hangs is noticed in the time that it is given itself.
func TestStallBesideWaiting(t *testing.T) {
	for name := range requests(nil) {
		if name == "open" { // ends with its own context alone
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &chatty{requests: 3, hangs: true}
				e := transfer.New(transfer.Options{MaxRequests: 0.1, Stall: 5 * time.Second})
				start := time.Now()
				if err := requests(transfer.Store(s, e))[name](t.Context()); err != nil || len(s.sent) != 6 {
					t.Errorf("%v after %d requests", err, len(s.sent))
				}
				// A second went by before each of two waits of nine, three after them.
				if took := s.given.Sub(start).Round(time.Second); took != 23*time.Second || e.Traffic().Causes[transfer.CauseTimeout] != 1 {
					t.Errorf("given up after %v, %+v", took, e.Traffic())
				}
			})
		})
	}
}

// A list is limited from one object to the next, without what the caller does
// with them.
func TestListTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transfer.Store(&slow{objects: 10}, transfer.New(transfer.Options{Stall: 5 * time.Second}))
		n := 0
		for _, err := range s.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
			time.Sleep(4*time.Second + time.Duration(n)*time.Second)
		}
		if n != 10 {
			t.Errorf("%d objects", n)
		}
	})
}

// A wait for the rate ends with the context, and leaves its place to others.
func TestWaitForTheRateIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := transfer.New(transfer.Options{MaxRequests: 0.01})
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		start := time.Now()
		err := e.Do(ctx, func(ctx context.Context) error {
			for range 3 {
				if err := bucket.Gate(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 150*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		if err := e.Do(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
		if took := time.Since(start).Round(time.Second); took != 200*time.Second {
			t.Errorf("the next one went out after %v", took)
		}
	})
}

// What may come to no request takes nothing of the rate unless it makes one.
func TestMaybe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := transfer.New(transfer.Options{MaxRequests: 1})
		start := time.Now()
		for n := range 100 {
			err := e.Ask(t.Context(), transfer.Ask{Maybe: true}, func(ctx context.Context) error {
				if n%10 == 0 {
					return bucket.Gate(ctx)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("ten requests took %v", took)
		}
	})
}

// Without a limit nothing waits, and a body outlives its try.
func TestNoRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := transfer.New(transfer.Options{})
		var later context.Context
		start := time.Now()
		err := e.Do(t.Context(), func(within context.Context) error {
			later = transfer.Untimed(within)
			for range 1000 {
				if err := bucket.Gate(within); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || time.Since(start) != 0 || later.Err() != nil || transfer.Untimed(t.Context()) != t.Context() {
			t.Errorf("%v after %v, %v", err, time.Since(start), later.Err())
		}
	})
}
