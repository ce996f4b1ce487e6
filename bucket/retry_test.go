package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
)

func TestRetry(t *testing.T) {
	other := errors.New("other")
	for _, tt := range []struct {
		name  string
		fails []error
		tries int
		calls int
		want  error
	}{
		{"at once", nil, 3, 1, nil},
		{"passes", []error{bucket.ErrTemporary, fmt.Errorf("x: %w", bucket.ErrUnreachable)}, 3, 3, nil},
		{"stays", []error{bucket.ErrTemporary, bucket.ErrTemporary}, 2, 2, bucket.ErrTemporary},
		{"does not pass by itself", []error{bucket.ErrDenied}, 3, 1, bucket.ErrDenied},
		{"throttled", []error{bucket.ErrThrottled}, 3, 2, nil},
		{"stale once", []error{bucket.ErrStale}, 3, 2, nil},
		{"stale still", []error{bucket.ErrStale, bucket.ErrStale}, 6, 2, bucket.ErrIdentity},
		{"turns into another", []error{bucket.ErrTemporary, other}, 3, 2, other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			err := bucket.Retry(t.Context(), tt.tries, func() error {
				calls++
				if calls <= len(tt.fails) {
					return tt.fails[calls-1]
				}
				return nil
			})
			if !errors.Is(err, tt.want) || calls != tt.calls {
				t.Errorf("%v after %d calls, want %v after %d", err, calls, tt.want, tt.calls)
			}
		})
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	err := bucket.Retry(ctx, 1000, func() error { return bucket.ErrTemporary })
	if took := time.Since(began); !errors.Is(err, bucket.ErrTemporary) || took > 5*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

func TestKinds(t *testing.T) {
	for _, tt := range []struct{ is, of error }{
		{bucket.ErrThrottled, bucket.ErrTemporary}, {bucket.ErrIdentity, bucket.ErrDenied},
		{bucket.ErrStale, bucket.ErrIdentity}, {bucket.ErrStale, bucket.ErrDenied},
	} {
		if !errors.Is(tt.is, tt.of) {
			t.Errorf("%q is not %q", tt.is, tt.of)
		}
	}
	if bucket.Passing(bucket.ErrStale) || bucket.Passing(bucket.ErrIdentity) || !bucket.Passing(bucket.ErrThrottled) {
		t.Error("what passes by itself")
	}
}

func TestBackoff(t *testing.T) {
	for n, bound := range map[int]time.Duration{
		1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 5: 3200 * time.Millisecond, 100: 20 * time.Second,
	} {
		for range 200 {
			if wait := bucket.Backoff(n, bucket.FirstWait); wait < 0 || wait >= bound {
				t.Errorf("%v after %d failures", wait, n)
			}
		}
	}
}
