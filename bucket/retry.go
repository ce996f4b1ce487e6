package bucket

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// The waits between tries: full jitter under a doubling bound
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
const (
	firstWait = 200 * time.Millisecond
	maxWait   = 20 * time.Second
)

// Retry calls try until it succeeds, fails with something that does not pass by
// itself, or has been called tries times, and returns its last error. What may
// pass is ErrTemporary and ErrUnreachable. Stores never retry, so that only
// their callers do.
func Retry(ctx context.Context, tries int, try func() error) error {
	bound := firstWait
	for n := 1; ; n++ {
		err := try()
		passing := errors.Is(err, ErrTemporary) || errors.Is(err, ErrUnreachable)
		if !passing || n >= tries || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(rand.N(bound)) //nolint:gosec // jitter, not a secret
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
		bound = min(2*bound, maxWait)
	}
}
