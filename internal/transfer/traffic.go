package transfer

import (
	"errors"
	"maps"
	"net"

	"github.com/medialift/medialift/bucket"
)

// A Traffic is what a run asked of its targets, and how that went.
type Traffic struct {
	// Requests counts what was asked, each try by itself. It is not the number of
	// HTTP requests, each of which Options.MaxRequests holds back: what a store
	// needs several of them for counts once.
	Requests int64
	// Retries counts what was asked again, Causes why; Throttled counts answers
	// that asked to slow down, whether it was asked again or not.
	Retries, Throttled int64
	Causes             map[Cause]int64
}

// A Cause is why something was asked again.
type Cause string

// The causes.
const (
	CauseThrottled   Cause = "throttled"   // 429, 503, SlowDown
	CauseUnreachable Cause = "unreachable" // no connection came about
	CauseTimeout     Cause = "timeout"     // no answer in time
	CauseRenewed     Cause = "renewed"     // an expired token, or a wrong clock
	CauseDamaged     Cause = "damaged"     // other bytes came than were sent
	CauseTemporary   Cause = "temporary"   // other errors of server and network
)

func (t *Traffic) retry(err error) {
	t.Retries++
	t.Causes[causeOf(err)]++
}

func causeOf(err error) Cause {
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, bucket.ErrChecksum):
		return CauseDamaged
	case errors.Is(err, bucket.ErrOnce):
		return CauseRenewed
	case errors.Is(err, bucket.ErrThrottled):
		return CauseThrottled
	case errors.Is(err, bucket.ErrUnreachable):
		return CauseUnreachable
	case errors.Is(err, errStalled), ok && timeout.Timeout():
		return CauseTimeout
	}
	return CauseTemporary
}

// Traffic returns what was asked so far.
func (e *Engine) Traffic() Traffic {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.traffic
	t.Causes = maps.Clone(t.Causes)
	return t
}

// Counts is Traffic without its causes, which is cheaper.
func (e *Engine) Counts() Traffic {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.traffic
	t.Causes = nil
	return t
}
