package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
)

// A slow store answers every request with fail until well, and counts requests.
type slow struct {
	well     time.Time
	fail     error
	requests int
	// breaks is after how many objects each list breaks off; 0 is never.
	breaks, objects int
	hangs           bool // in the middle of a list, once
}

func (s *slow) ask() error {
	s.requests++
	if time.Now().Before(s.well) {
		return s.fail
	}
	return nil
}

func (s *slow) Put(_ context.Context, key string, _ bucket.Source, _ bucket.Condition) (bucket.Object, error) {
	return bucket.Object{Key: key, ETag: "1"}, s.ask()
}

func (s *slow) Stat(_ context.Context, key string) (bucket.Object, error) {
	return bucket.Object{Key: key}, s.ask()
}

func (s *slow) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("x")), s.ask()
}

func (s *slow) List(ctx context.Context, _ string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		if err := s.ask(); err != nil {
			yield(bucket.Object{}, err)
			return
		}
		for i := range max(1, s.objects) {
			if s.breaks > 0 && i > 0 && i == s.breaks*s.requests {
				yield(bucket.Object{}, fmt.Errorf("page %d: %w", i, bucket.ErrThrottled))
				return
			}
			if s.hangs && i == 1 {
				s.hangs = false
				<-ctx.Done()
				yield(bucket.Object{}, ctx.Err())
				return
			}
			if !yield(bucket.Object{Key: fmt.Sprintf("%05d", i)}, nil) {
				return
			}
		}
	}
}

func (s *slow) Delete(context.Context, string) error { return s.ask() }
func (s *slow) Check(context.Context) error          { return s.ask() }
func (s *slow) Notes() []string                      { return []string{"slow"} }

// requests are those that a store takes, each made once.
func requests(store bucket.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"put": func(ctx context.Context) error {
			_, err := store.Put(ctx, "k", bucket.Source{ReaderAt: strings.NewReader("x"), Size: 1}, bucket.Condition{})
			return err
		},
		"stat":   func(ctx context.Context) error { _, err := store.Stat(ctx, "k"); return err },
		"open":   func(ctx context.Context) error { _, err := store.Open(ctx, "k"); return err },
		"delete": func(ctx context.Context) error { return store.Delete(ctx, "k") },
		"check": func(ctx context.Context) error {
			c, ok := store.(bucket.Checker)
			if !ok {
				return errors.New("it checks nothing")
			}
			return c.Check(ctx)
		},
		"list": func(ctx context.Context) error {
			for _, err := range store.List(ctx, "") {
				return err
			}
			return nil
		},
	}
}

// A store that asks to slow down for a while is waited for, whatever is asked.
func TestThrottlingIsWaitedOut(t *testing.T) {
	for name := range requests(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{well: time.Now().Add(30 * time.Second), fail: bucket.ErrThrottled}
				e := transfer.New(transfer.Options{})
				if err := requests(transfer.Store(s, e))[name](t.Context()); err != nil {
					t.Fatal(err)
				}
				n := e.Traffic()
				if n.Throttled == 0 || n.Causes[transfer.CauseThrottled] != n.Throttled || n.Requests != int64(s.requests) {
					t.Errorf("%+v after %d requests", n, s.requests)
				}
			})
		})
	}
}

// No more requests are made a second than allowed, whatever they are.
func TestMaxRequestsCountsAll(t *testing.T) {
	for name := range requests(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{}
				request := requests(transfer.Store(s, transfer.New(transfer.Options{MaxRequests: 5})))[name]
				for start := time.Now(); time.Since(start) < 10*time.Second; {
					if err := request(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if s.requests < 45 || s.requests > 60 {
					t.Errorf("%d requests in ten seconds, 5 a second are allowed", s.requests)
				}
			})
		})
	}
}

// What is waited for, and for how long, depends on the failure and on what the
// request is.
func TestWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ask   transfer.Ask
		fail  error
		out   bool // waited out
		tries int  // at the most, otherwise
	}{
		{"anything", transfer.Ask{}, bucket.ErrUnreachable, true, 0},
		{"first, throttled", transfer.First(), bucket.ErrThrottled, true, 0},
		{"first, server errors", transfer.First(), bucket.ErrTemporary, true, 0},
		{"first, unreachable", transfer.First(), bucket.ErrUnreachable, false, 3},
		{"calm, throttled", transfer.Ask{Tries: 1, Waits: transfer.ForCalm}, bucket.ErrThrottled, true, 0},
		{"calm, server errors", transfer.Ask{Tries: 2, Waits: transfer.ForCalm}, bucket.ErrTemporary, false, 2},
		{"denied", transfer.Ask{}, bucket.ErrDenied, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{well: time.Now().Add(30 * time.Second), fail: tt.fail}
				e := transfer.New(transfer.Options{})
				err := e.Ask(t.Context(), tt.ask, func(context.Context) error { return s.ask() })
				if tt.out != (err == nil) || !tt.out && (!errors.Is(err, tt.fail) || s.requests != tt.tries) {
					t.Errorf("%v after %d requests", err, s.requests)
				}
				s.well = time.Now().Add(time.Hour)
				start := time.Now()
				if err := e.Do(t.Context(), func(context.Context) error { return s.ask() }); !errors.Is(err, tt.fail) {
					t.Errorf("a store that never gets well: %v", err)
				}
				if took := time.Since(start); took > 3*time.Minute {
					t.Errorf("given up after %v", took)
				}
			})
		})
	}
}

// A list that breaks off yields each object once, in order.
func TestListGoesOn(t *testing.T) {
	for _, s := range []*slow{
		{objects: 100}, {objects: 100, breaks: 1}, {objects: 100, breaks: 7}, {objects: 100, hangs: true},
		{objects: 3, well: time.Now().Add(time.Hour), fail: bucket.ErrDenied},
	} {
		synctest.Test(t, func(t *testing.T) {
			var keys []string
			var failed error
			for obj, err := range transfer.Store(s, transfer.New(transfer.Options{Stall: time.Minute})).List(t.Context(), "") {
				if err != nil {
					failed = err
					continue
				}
				keys = append(keys, obj.Key)
			}
			if !errors.Is(failed, s.fail) || s.fail != nil && len(keys) > 0 || s.fail == nil && len(keys) != s.objects || !slices.IsSorted(keys) {
				t.Errorf("%d keys of %d, %v", len(keys), s.objects, failed)
			}
		})
	}
}

// Waiting ends when the run is to stop, or the context ends.
func TestWaitingIsCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{well: time.Now().Add(time.Hour), fail: bucket.ErrThrottled}
		e := transfer.New(transfer.Options{Patience: time.Hour})
		stopping := make(chan struct{})
		e.Begin(stopping, func() {})
		time.AfterFunc(5*time.Second, func() { close(stopping) })
		start := time.Now()
		if err := e.Do(t.Context(), func(context.Context) error { return s.ask() }); !errors.Is(err, transfer.ErrStopping) {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		e.Begin(nil, func() {})
		time.AfterFunc(5*time.Second, cancel)
		if err := e.Do(ctx, func(context.Context) error { return s.ask() }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
