// Package transfer is how a run asks stores: every request within its limits,
// and again while its failure may pass by itself.
//
// An [Engine] is what all requests of a run share: how many workers may be at
// work, how many requests and bytes may go a second, how much memory they take,
// and how often what has failed may be tried again. A store that asks to slow
// down is waited for, whatever was asked of it. [Store] puts an engine before a
// bucket.Store.
package transfer

import (
	"errors"
	"time"

	"github.com/medialift/medialift/bucket"
)

// Options of an engine; the zero value has no limit of its own.
type Options struct {
	// Workers is how many requests may be under way at a time at the most; 0 is
	// 64. How many it is within that, the engine finds out, see Limit.
	Workers int
	// Memory is how many bytes may be kept by all requests together; 0 is 64 MiB.
	Memory int64
	// MaxBandwidth is how many bytes may be sent a second, MaxRequests how many
	// HTTP requests may be made, of whatever kind, with a second's worth at once;
	// 0 is no limit.
	MaxBandwidth int64
	MaxRequests  float64
	// Tries is how often something is tried when failures are temporary and
	// others succeed; 0 is 6. Backoff is the bound of the first wait between
	// them, which doubles; 0 is bucket.FirstWait.
	Tries   int
	Backoff time.Duration
	// Patience is for how long nothing at all may succeed before requests fail;
	// when some have, the store is given up. 0 is a minute.
	Patience time.Duration
	// Stall is how long any request may take, and a second more for each 4 KiB;
	// 0 is 5 minutes.
	Stall time.Duration
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = 64
	}
	if o.Memory <= 0 {
		o.Memory = 64 << 20
	}
	if o.Tries <= 0 {
		o.Tries = 6
	}
	if o.Backoff <= 0 {
		o.Backoff = bucket.FirstWait
	}
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	if o.Stall <= 0 {
		o.Stall = 5 * time.Minute
	}
	return o
}

// An Ask is a request to a store, as the engine sees it.
type Ask struct {
	// Bytes are sent by it, Held are kept in memory meanwhile, Reads are read
	// of files besides.
	Bytes, Held, Reads int64
	// Maybe: it may come to no request at all. It takes nothing of the rate then,
	// and each request that it does make waits at the gate.
	Maybe bool
	// Still, if set, tells before each try whether it is still wanted.
	Still func() bool
	// Tries is how often it is tried; 0 is what the engine's options say.
	Tries int
	// Waits says what is waited for when the tries are used up.
	Waits Waits
}

// Waits says which failures are waited out, for as long as nothing at all
// succeeds and the engine has patience.
type Waits int

// The choices of what is waited out.
const (
	// ForAll waits out all that may pass by itself: what worked before will
	// work again.
	ForAll Waits = iota
	// ForAnswers does not wait for an endpoint that cannot be reached. It is for
	// the first request to it, whose address may be wrong.
	ForAnswers
	// ForCalm waits only for a store that asks to slow down.
	ForCalm
)

// out tells whether a failure is one to wait out.
func (w Waits) out(err error) bool {
	switch w {
	case ForAnswers:
		return !errors.Is(err, bucket.ErrUnreachable)
	case ForCalm:
		return errors.Is(err, bucket.ErrThrottled)
	}
	return true
}
