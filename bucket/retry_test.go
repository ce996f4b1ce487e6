package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
)

func TestRetry(t *testing.T) {
	other, expired := errors.New("other"), errors.Join(bucket.ErrIdentity, bucket.ErrOnce)
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
		{"once", []error{expired}, 3, 2, nil},
		{"once only", []error{expired, expired}, 6, 2, bucket.ErrIdentity},
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
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		err := bucket.Retry(ctx, 1000, func() error { return bucket.ErrTemporary })
		if took := time.Since(began); !errors.Is(err, bucket.ErrTemporary) || took != 50*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestKinds(t *testing.T) {
	if !errors.Is(bucket.ErrThrottled, bucket.ErrTemporary) || !errors.Is(bucket.ErrIdentity, bucket.ErrDenied) {
		t.Error("kinds of others")
	}
	if bucket.Passing(bucket.ErrOnce) || bucket.Passing(bucket.ErrIdentity) || !bucket.Passing(bucket.ErrThrottled) {
		t.Error("what passes by itself")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "x": 0, "-3": 0, "7": 7 * time.Second, "99999999999999999": 10 * time.Minute, "86400": 10 * time.Minute,
		"Thu, 26 Nov 2026 12:00:30 GMT": 30 * time.Second, "Thu, 26 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := bucket.ParseRetryAfter(header, now); got != want {
			t.Errorf("%q: %v", header, got)
		}
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
