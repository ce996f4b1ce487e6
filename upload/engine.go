package upload

import (
	"github.com/medialift/medialift/internal/transfer"
)

// A Traffic is what an upload asked of its targets, and how that went.
type Traffic = transfer.Traffic

// A Cause is why something was asked again.
type Cause = transfer.Cause

// The causes.
const (
	CauseThrottled   = transfer.CauseThrottled   // 429, 503, SlowDown
	CauseUnreachable = transfer.CauseUnreachable // no connection came about
	CauseTimeout     = transfer.CauseTimeout     // no answer in time
	CauseRenewed     = transfer.CauseRenewed     // an expired token, or a wrong clock
	CauseDamaged     = transfer.CauseDamaged     // other bytes came than were sent
	CauseTemporary   = transfer.CauseTemporary   // other errors of server and network
)

// engine returns what all requests of a run go through.
func (o Options) engine() *transfer.Engine {
	return transfer.New(transfer.Options{
		Workers: o.Workers, Memory: o.Memory, MaxBandwidth: o.MaxBandwidth, MaxRequests: o.MaxRequests,
		Tries: o.Tries, Backoff: o.Backoff, Patience: o.Patience, Stall: o.Stall,
	})
}
