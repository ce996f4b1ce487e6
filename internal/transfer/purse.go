package transfer

import "time"

const (
	// purseSize is how many tries again a run has without any success.
	purseSize = 100
	// perSuccess is what a success is worth, in tries again.
	perSuccess = 0.25
	// perSecond is how many tries a second an empty purse still allows, so that
	// a run finds out when things are better.
	perSecond = 4.0
	// debt is how many tries may be waiting in line, beyond which they go
	// together; it bounds the wait.
	debt = 40.0
)

// A purse is the retry budget of a run. Tries again are paid from it, successes
// fill it. When it is empty, all requests of the run, first ones too, go one by
// one: failures never add to a storm, and nobody fails for want of budget. It
// holds no clock and is not safe for concurrent use.
type purse struct {
	tokens float64
	last   time.Time
}

func newPurse(now time.Time) purse { return purse{tokens: purseSize, last: now} }

// pay returns how long a request has to wait before it may be made.
func (p *purse) pay(now time.Time, again bool) time.Duration {
	if elapsed := now.Sub(p.last); elapsed > 0 {
		if p.tokens < 1 { // time alone never fills it
			p.tokens = min(1, p.tokens+elapsed.Seconds()*perSecond)
		}
		p.last = now
	}
	if !again && p.tokens >= 1 {
		return 0
	}
	p.tokens = max(p.tokens-1, -debt)
	if p.tokens >= 0 {
		return 0
	}
	return time.Duration(-p.tokens / perSecond * float64(time.Second))
}

// earn takes in what a success is worth. One in line gets back what it paid:
// so the line ends soon after the failures do.
func (p *purse) earn() {
	if p.tokens < 1 {
		p.tokens++
	}
	p.tokens = min(purseSize, p.tokens+perSuccess)
}
