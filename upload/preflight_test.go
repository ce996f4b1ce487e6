package upload_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/upload"
)

// An impatient store asks to slow down, so many times in a row for each request
// that only looks.
type impatient struct {
	*memstore.Store
	mu    sync.Mutex
	times int
	asked map[string]int
}

func (s *impatient) slow(request string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked[request]++; s.asked[request]%(s.times+1) != 0 {
		return bucket.ErrThrottled
	}
	return nil
}

func (s *impatient) Check(context.Context) error { return s.slow("check") }
func (s *impatient) Notes() []string             { return nil }

func (s *impatient) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	if err := s.slow("list"); err != nil {
		return func(yield func(bucket.Object, error) bool) { yield(bucket.Object{}, err) }
	}
	return s.Store.List(ctx, prefix)
}

func (s *impatient) Stat(ctx context.Context, key string) (bucket.Object, error) {
	if err := s.slow("stat " + key); err != nil {
		return bucket.Object{}, err
	}
	return s.Store.Stat(ctx, key)
}

// What is asked before the first byte waits for a store that asks to slow down,
// as sending does, and counts among the requests of the run.
func TestPreflightWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := write(t, dir, "a.png", "a"), write(t, dir, "b.png", "b")
	store := &impatient{Store: memstore.New(), times: 8, asked: map[string]int{}}
	job := newJob(t, dir, "mem://media/x", sample{"filepath": a}, sample{"filepath": b})
	job.Open = func(context.Context, string) (bucket.Location, error) {
		return bucket.Location{Store: store, Prefix: "x", Naming: store.Naming()}, nil
	}
	opts := upload.Options{RelDirs: []string{dir}, Tries: 20, Backoff: time.Millisecond, MaxRequests: 1000}
	execute := func() upload.Sent {
		t.Helper()
		plan, err := upload.NewPlan(t.Context(), job, opts)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := plan.Execute(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	sent := execute()
	if want := int64(2*(store.times+1) + 2); sent.Objects != 2 || sent.Traffic.Requests != want || sent.Traffic.Throttled != 2*int64(store.times) {
		t.Errorf("%+v, want %d requests", sent, want)
	}
	// Now the objects that have arrived are looked for first.
	if sent := execute(); sent.Objects != 0 || sent.Traffic.Throttled != 4*int64(store.times) {
		t.Errorf("%+v", sent)
	}
}
