package verify_test

import (
	"context"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/verify"
)

// An impatient store first asks to slow down, so many times for each request.
type impatient struct {
	*store
	asked, times int
}

func (s *impatient) slow() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked++; s.asked <= s.times {
		return bucket.ErrThrottled
	}
	s.asked = 0
	return nil
}

func (s *impatient) Check(ctx context.Context) error {
	if err := s.slow(); err != nil {
		return err
	}
	return s.store.Check(ctx)
}

func (s *impatient) Stat(ctx context.Context, key string) (bucket.Object, error) {
	if err := s.slow(); err != nil {
		return bucket.Object{}, err
	}
	return s.store.Stat(ctx, key)
}

// A store that asks to slow down is waited for, beyond the tries that other
// failures have.
func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	s := &impatient{store: holding(map[string]string{"a": "aa"}), times: 4}
	m := docs(sample("s3://b/a", 2), sample("s3://b/gone", -1))
	r := check(t, job(m, s), verify.Options{Tries: 2, Workers: 1})
	if got := summary(r.Total); got != "1 size 1 missing" {
		t.Errorf("%s %+v", got, r.Problems)
	}
}
