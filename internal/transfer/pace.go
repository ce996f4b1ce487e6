package transfer

import "time"

const (
	// startAt is how many workers a run begins with.
	startAt = 8
	// perRequest is what a request counts for, in bytes, on top of those it
	// carries: otherwise a stretch of small files would look like a slow network.
	perRequest = 64 << 10
	// leastWindow is how long the goodput is measured at the least.
	leastWindow = 200 * time.Millisecond
	// calm is how long one decrease has to take effect before another one.
	calm = time.Second
	// restWindows is for how many windows a number of workers that was no use to
	// exceed is kept.
	restWindows = 8
)

// A pace decides how many workers may be at work: more as long as that brings
// more through, fewer when the store asks to slow down (additive increase,
// multiplicative decrease). It holds no clock and is not safe for concurrent
// use.
type pace struct {
	most, limit int

	// The window that is being measured. It begins when the requests that were
	// under way when it was opened have ended.
	began   time.Time
	early   int // requests to end before that
	work    float64
	ended   int
	crowded bool // all workers allowed were busy

	// rate is the goodput that the next window is compared with; before is the
	// limit that it was measured at, or 0 when no step up is being tried.
	rate   float64
	before int
	rest   int
	// doubling: steps up double the limit until the first one that is no use.
	doubling bool
	slowed   time.Time
}

func newPace(most int, now time.Time) pace {
	return pace{most: most, limit: min(most, startAt), began: now, doubling: true}
}

// restart forgets what was measured, for work of another kind.
func (p *pace) restart(now time.Time) {
	p.open(now)
	p.before, p.rest, p.doubling = 0, 0, true
}

// open begins a new window.
func (p *pace) open(now time.Time) {
	p.began, p.early, p.work, p.ended, p.crowded = now, p.limit, 0, 0, false
}

// busy notes how many workers are at work.
func (p *pace) busy(n int) { p.crowded = p.crowded || n >= p.limit }

// done notes a request that succeeded with so many bytes.
func (p *pace) done(now time.Time, bytes int64) {
	if p.early > 0 {
		p.early--
		p.began = now
		return
	}
	p.work += perRequest + float64(bytes)
	p.ended++
	if elapsed := now.Sub(p.began); elapsed >= leastWindow && p.ended >= 2*p.limit {
		p.judge(p.work / elapsed.Seconds())
		p.open(now)
	}
}

// judge draws the conclusion of a window.
func (p *pace) judge(rate float64) {
	const better = 1.05
	switch {
	case !p.crowded: // something else holds the run back
	case p.before > 0 && rate < p.rate*better:
		p.limit, p.before = p.before, 0
		p.rest, p.doubling = restWindows, false
	case p.rest > 0:
		p.rest--
	default:
		p.rate = rate
		p.climb()
	}
}

func (p *pace) climb() {
	step := max(1, p.limit/8)
	if p.doubling {
		step = p.limit
	}
	p.before = 0
	if more := min(p.most, p.limit+step); more > p.limit {
		p.before, p.limit = p.limit, more
	}
}

// throttled notes that the store asked to slow down. Those who were under way
// already hear the same: they count once.
func (p *pace) throttled(now time.Time) {
	const keep = 0.7
	if !p.slowed.IsZero() && now.Sub(p.slowed) < calm {
		return
	}
	p.slowed = now
	p.limit = max(1, int(float64(p.limit)*keep))
	p.before, p.rest, p.doubling = 0, restWindows/2, false
	p.open(now)
}
