package bucket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Sentinels that are kinds of others: what they say of a failure matters only
// to those who try again.
var (
	// ErrThrottled is an ErrTemporary: the store asks for fewer requests (429,
	// 503, SlowDown). RetryAfter may tell for how long.
	ErrThrottled = fmt.Errorf("%w: asked to slow down", ErrTemporary)
	// ErrIdentity is an ErrDenied of the credentials as such: no request with
	// them will be let through, whatever it is about.
	ErrIdentity = fmt.Errorf("%w: the credentials are not accepted", ErrDenied)
	// ErrOnce goes with another kind of error: one more try at once may succeed
	// all the same, and only one. The store has renewed credentials that had
	// expired, or learnt the right time, or it took nothing of bytes that were
	// damaged on the way.
	ErrOnce = errors.New("worth one more try")
)

// The waits between tries: full jitter under a doubling bound
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
const (
	// FirstWait is the usual first bound.
	FirstWait = 200 * time.Millisecond
	maxWait   = 20 * time.Second
)

// Passing tells whether a failure may pass by itself: it is ErrTemporary or
// ErrUnreachable.
func Passing(err error) bool {
	return errors.Is(err, ErrTemporary) || errors.Is(err, ErrUnreachable)
}

// Backoff returns how long to wait after the n-th failure in a row, counting
// from 1: any time under a bound that doubles from first.
func Backoff(n int, first time.Duration) time.Duration {
	bound := first
	for ; n > 1 && bound < maxWait; n-- {
		bound *= 2
	}
	return rand.N(max(1, min(bound, maxWait))) //nolint:gosec // jitter, not a secret
}

// A Delayed is an error that knows how long the store wants to be left alone.
type Delayed interface {
	error
	RetryAfter() time.Duration
}

// RetryAfter is how long a store has asked to wait before the next try; 0 where
// it has not.
func RetryAfter(err error) time.Duration {
	if d, ok := errors.AsType[Delayed](err); ok {
		return d.RetryAfter()
	}
	return 0
}

// ParseRetryAfter reads the header of that name: seconds, or a date.
func ParseRetryAfter(header string, now time.Time) time.Duration {
	const longest = 10 * time.Minute
	if seconds, err := strconv.Atoi(header); err == nil {
		return min(max(0, time.Duration(min(seconds, 3600))*time.Second), longest)
	}
	if date, err := http.ParseTime(header); err == nil {
		return min(max(0, date.Sub(now)), longest)
	}
	return 0
}

// Retry calls try until it succeeds, fails with something that does not pass by
// itself, or has been called tries times, and returns its last error. After
// ErrOnce it is called at once, and once. Stores never retry, so that only
// their callers do.
func Retry(ctx context.Context, tries int, try func() error) error {
	once := false
	for n := 1; ; n++ {
		err := try()
		now := errors.Is(err, ErrOnce) && !once
		if !now && !Passing(err) || n >= tries || ctx.Err() != nil {
			return err
		}
		if now {
			once = true
			continue
		}
		if !Sleep(ctx.Done(), max(Backoff(n, FirstWait), RetryAfter(err))) {
			return err
		}
	}
}

// Sleep waits, unless done is closed before: then it returns false.
func Sleep(done <-chan struct{}, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
