package upload_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/faultproxy"
	"github.com/medialift/medialift/upload"
)

// What policies deny. Those of the bucket itself are denied in each.
var policies = map[string]func(r *http.Request) bool{
	"below the prefix": func(r *http.Request) bool {
		return ofBucket(r) && !strings.HasPrefix(r.URL.Query().Get("prefix"), "x/")
	},
	"no list": ofBucket,
	"write only": func(r *http.Request) bool {
		return ofBucket(r) || r.Method == http.MethodHead || r.Method == http.MethodGet
	},
}

func ofBucket(r *http.Request) bool { return strings.Trim(r.URL.Path, "/") == "media" }

func deny(policy string) faultproxy.Rule {
	return faultproxy.When(policies[policy], faultproxy.Answer(http.StatusForbidden, "AccessDenied"))
}

// take puts an object of somebody else's under a key.
func (f *faulty) take(key string) {
	f.t.Helper()
	s, err := f.store(f.t.Context(), "media")
	if err == nil {
		_, err = s.Put(f.t.Context(), key, buckettest.Source([]byte("somebody else's")), bucket.Condition{})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// Credentials that may do little are enough for what they may do, and nothing is
// replaced that they cannot see.
func TestLeastPrivilege(t *testing.T) {
	for policy := range policies {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 6, 17<<20)
			f.Set(deny(policy))
			if sent, err := f.run(); err != nil || len(f.arrived()) != 7 {
				t.Fatalf("%d arrived, notes %q: %v", len(f.arrived()), sent.Notes, err)
			}
			if _, err := f.run(); err != nil {
				t.Errorf("again: %v", err)
			}
			f.opts.VerifyArrived = true // which nobody can do who may only write
			var refusal *dataset.Refusal
			if _, err := f.run(); policy != "write only" && err != nil ||
				policy == "write only" && (!errors.As(err, &refusal) || refusal.Total != 7 || refusal.Problems[0].Kind != "unseen") {
				t.Errorf("to look at all: %v, %+v", err, refusal)
			}
		})
		t.Run(policy+", taken", func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 6, 17<<20)
			for _, name := range []string{"x/s/0003.png", "x/l/0.mp4"} {
				f.take(name)
			}
			f.opts.SkipFailures = true
			f.Set(deny(policy))
			var refusal *dataset.Refusal
			sent, err := f.run()
			if refused := errors.As(err, &refusal); refused && refusal.Total != 2 || !refused && (err != nil || sent.Failed != 2) {
				t.Errorf("%d failed, %v; want two that are taken", sent.Failed, err)
			}
			for _, name := range []string{"x/s/0003.png", "x/l/0.mp4"} {
				if text, err := os.ReadFile(f.s3.Path("media", name)); err != nil || string(text) != "somebody else's" {
					t.Errorf("%s holds %d other bytes, %v", name, len(text), err)
				}
			}
			f.opts.Overwrite = upload.OverwriteAll
			if _, err := f.run(); err != nil || len(f.arrived()) != 7 {
				t.Errorf("with OverwriteAll: %d arrived, %v", len(f.arrived()), err)
			}
		})
	}
}

// An endpoint that ignores conditions must show what is there.
func TestUnprotected(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, 3)
	f.take("x/s/0001.png")
	every := func(*http.Request) bool { return true }
	f.Set(faultproxy.When(every, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if policies["write only"](r) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPut { // and so it does not know that there is an object
			_ = os.Remove(f.s3.Path("media", strings.TrimPrefix(r.URL.Path, "/media/")))
		}
		next.ServeHTTP(w, r)
	}))
	var refusal *dataset.Refusal
	if _, err := f.run(); !errors.As(err, &refusal) || !errors.Is(err, bucket.ErrUnseen) {
		t.Errorf("%v, want a refusal", err)
	}
	if text, err := os.ReadFile(f.s3.Path("media", "x/s/0001.png")); err != nil || string(text) != "somebody else's" || len(f.arrived()) > 0 {
		t.Errorf("the object holds %q, %v; %d have arrived", text, err, len(f.arrived()))
	}
}
