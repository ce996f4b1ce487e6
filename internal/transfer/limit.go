package transfer

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/medialift/medialift/bucket"
)

// limits hold a run back: what all workers together may ask and send in a
// second.
type limits struct {
	requests, bytes *rate.Limiter // nil where there is no limit
}

func newLimits(o Options) limits {
	var l limits
	if o.MaxRequests > 0 {
		l.requests = rate.NewLimiter(rate.Limit(o.MaxRequests), max(1, int(o.MaxRequests)))
	}
	if o.MaxBandwidth > 0 {
		// The burst is what may go at once: a second's worth.
		l.bytes = rate.NewLimiter(rate.Limit(o.MaxBandwidth), int(min(o.MaxBandwidth, 1<<30)))
	}
	return l
}

// request waits until another request may be made.
func (l limits) request(ctx context.Context) error {
	if l.requests == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waiting for a request: %w", err)
	}
	place := l.requests.Reserve()
	if wait := place.Delay(); wait > 0 && !bucket.Sleep(ctx.Done(), wait) {
		place.Cancel() // others need not wait for it
		return fmt.Errorf("waiting for a request: %w", ctx.Err())
	}
	return nil
}

// send waits until so many bytes may go.
func (l limits) send(ctx context.Context, bytes int64) error {
	if l.bytes == nil {
		return nil
	}
	burst := int64(l.bytes.Burst())
	for ; bytes > 0; bytes -= burst {
		if err := l.bytes.WaitN(ctx, int(min(bytes, burst))); err != nil {
			return fmt.Errorf("waiting for bandwidth: %w", err)
		}
	}
	return nil
}
