package upload_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/s3store"
	"github.com/medialift/medialift/internal/faultproxy"
	"github.com/medialift/medialift/upload"
)

// A watched store notes which calls are made without a gate in their context: of
// these only the first request could wait for the rate.
type watched struct {
	*s3store.Store
	mu    sync.Mutex
	calls map[string]int
	bare  map[string]int
}

func (s *watched) see(ctx context.Context, call string) {
	ended, end := context.WithCancel(ctx)
	end()
	_ = bucket.Gate(ended) // the first may be counted already
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call]++
	if bucket.Gate(ended) == nil { // else it would have waited
		s.bare[call]++
	}
}

func (s *watched) Check(ctx context.Context) error { s.see(ctx, "Check"); return s.Store.Check(ctx) }

func (s *watched) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	s.see(ctx, "Put")
	return s.Store.Put(ctx, key, src, cond)
}

func (s *watched) Stat(ctx context.Context, key string) (bucket.Object, error) {
	s.see(ctx, "Stat")
	return s.Store.Stat(ctx, key)
}

func (s *watched) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	s.see(ctx, "Open")
	return s.Store.Open(ctx, key)
}

func (s *watched) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	s.see(ctx, "List")
	return s.Store.List(ctx, prefix)
}

func (s *watched) Start(ctx context.Context, key string, src bucket.Source) (string, error) {
	s.see(ctx, "Start")
	return s.Store.Start(ctx, key, src)
}

func (s *watched) PutPart(ctx context.Context, key, name string, n int, part bucket.Source) (bucket.Part, error) {
	s.see(ctx, "PutPart")
	return s.Store.PutPart(ctx, key, name, n, part)
}

func (s *watched) Finish(ctx context.Context, key, name string, src bucket.Source, parts []bucket.Part, cond bucket.Condition) (bucket.Object, error) {
	s.see(ctx, "Finish")
	return s.Store.Finish(ctx, key, name, src, parts, cond)
}

// occupy puts other bytes under the keys of all files, or the same ones in another
// way.
func (f *faulty) occupy(same bool) {
	f.t.Helper()
	s, err := f.store(f.t.Context(), "media")
	if err != nil {
		f.t.Fatal(err)
	}
	err = filepath.WalkDir(f.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !same {
			data[0]++
		}
		rel, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		_, err = s.Put(f.t.Context(), "x/"+filepath.ToSlash(rel), buckettest.Source(data), bucket.Condition{Overwrite: true})
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// Whatever an upload asks a store for, it asks through the gate.
func TestEveryCallIsGated(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 3, 17<<20)
	f.opts.MaxRequests = 1e6
	store := &watched{calls: map[string]int{}, bare: map[string]int{}}
	f.job.Open = func(ctx context.Context, _ string) (bucket.Location, error) {
		s, err := f.store(ctx, "media")
		store.Store = s
		return bucket.Location{Store: store, Prefix: "x", Naming: s.Naming()}, err
	}
	run := func(calls ...string) {
		t.Helper()
		clear(store.calls)
		if sent, err := f.run(); err != nil || sent.Failed > 0 {
			t.Fatalf("%+v, %v", sent, err)
		}
		for _, call := range calls {
			if store.calls[call] == 0 {
				t.Errorf("no %s among %v", call, store.calls)
			}
		}
		if len(store.bare) > 0 {
			t.Errorf("without a gate: %v of %v", store.bare, store.calls)
		}
	}
	f.occupy(false)
	f.opts.Overwrite = upload.OverwriteAll
	run("Check", "List", "Stat", "Put", "Start", "PutPart", "Finish")
	f.occupy(true) // the large one is another version now
	run("Stat")
}

// No more requests reach the server than are allowed, where each file takes
// several.
func TestMaxRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	const rate, files = 40, 30
	f := newFaulty(t, files)
	f.occupy(false)
	f.opts.Overwrite, f.opts.MaxRequests = upload.OverwriteAll, rate
	var mu sync.Mutex
	came, most := 0, 0.0
	start := time.Now()
	f.Set(func(*http.Request) faultproxy.Fault {
		mu.Lock()
		defer mu.Unlock()
		came++
		// A second's worth goes at once. A slow machine only makes this less.
		most = max(most, float64(came)-rate*(1+time.Since(start).Seconds()))
		return nil
	})
	sent, err := f.run()
	if err != nil || sent.Failed > 0 || sent.Replaced != files {
		t.Fatalf("%+v, %v", sent, err)
	}
	if most > 0.5 {
		t.Errorf("%.1f requests too many", most)
	}
	if came < 4*files {
		t.Errorf("%d requests for %d files: the test shows nothing", came, files)
	}
}
