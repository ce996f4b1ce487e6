package transfer

import "time"

// lostFiles is how many files have to fail, while nothing succeeds, for the
// store to be given up.
const lostFiles = 3

// A health tells a file that cannot be sent from a store that cannot be worked
// with. It holds no clock and is not safe for concurrent use.
type health struct {
	patience time.Duration
	// alive is when the store last answered something definite; since is when
	// it first failed after that, zero if it has not.
	alive, since time.Time
	lost         int
}

// A verdict is what becomes of a task that has failed.
type verdict int

const (
	again    verdict = iota // try it again
	giveUp                  // the task has failed
	storeOut                // the store is given up
)

// answered notes an answer that shows the store at work.
func (h *health) answered(now time.Time) { h.alive, h.since, h.lost = now, time.Time{}, 0 }

// failed notes a failure that may pass, and judges a task that first failed in
// that way at first and has used up its tries or not. While nothing else
// succeeds either, it is not the task's fault: it may go on as long as patience
// lasts.
func (h *health) failed(now, first time.Time, triesLeft bool) verdict {
	if h.since.IsZero() {
		h.since = now
	}
	switch {
	case triesLeft:
		return again
	case h.alive.After(first):
		return giveUp
	case now.Sub(h.since) < h.patience:
		return again
	}
	if h.lost++; h.lost >= lostFiles {
		return storeOut
	}
	return giveUp
}
