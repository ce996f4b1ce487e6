package transfer

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A world answers requests without a clock: time passes as requests do.
type world struct {
	now  time.Time
	pace pace
	// useful is how many requests at a time make it faster; above tolerated it
	// asks to slow down.
	useful, tolerated int
	sum, windows      float64
	random            *rand.Rand
}

func newWorld(most int) *world {
	w := &world{now: time.Unix(1e9, 0), useful: 1 << 20, tolerated: 1 << 20, random: rand.New(rand.NewPCG(1, 2))}
	w.pace = newPace(most, w.now)
	return w
}

// run makes n rounds of as many requests as there are workers. One request at a
// time takes 50 ms.
func (w *world) run(t *testing.T, n int) {
	t.Helper()
	w.sum, w.windows = 0, 0
	for range n {
		limit := w.pace.limit
		if limit < 1 || limit > w.pace.most {
			t.Fatalf("%d workers of at most %d", limit, w.pace.most)
		}
		took := 50 * time.Millisecond
		if limit > w.useful {
			took = took * time.Duration(limit) / time.Duration(w.useful)
		}
		for i := range limit {
			w.now = w.now.Add(took/time.Duration(limit) + time.Duration(w.random.Int64N(int64(took/100))))
			w.pace.busy(limit)
			if i >= w.tolerated {
				w.pace.throttled(w.now)
			} else {
				w.pace.done(w.now, 10_000)
			}
		}
		w.sum += float64(limit)
		w.windows++
	}
}

func (w *world) mean() float64 { return w.sum / w.windows }

func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		most, useful, tolerated int
		least, greatest         float64 // mean number of workers, once settled
	}{
		{"one", 1, 1000, 1000, 1, 1},
		{"everything helps", 64, 1000, 1000, 64, 64},
		{"a cap below the start", 3, 1000, 1000, 3, 3},
		{"more than eight is no use", 64, 8, 1000, 6, 12},
		{"more than thirty is no use", 256, 30, 1000, 20, 45},
		{"throttled above twenty", 256, 1000, 20, 10, 30},
		{"throttled above four", 64, 1000, 4, 2, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(tt.most)
			w.useful, w.tolerated = tt.useful, tt.tolerated
			w.run(t, 1000)
			w.run(t, 4000)
			if m := w.mean(); m < tt.least || m > tt.greatest {
				t.Errorf("%.1f workers, want %v to %v", m, tt.least, tt.greatest)
			}
		})
	}
}

// After a storm the number of workers grows again.
func TestPaceRecovers(t *testing.T) {
	w := newWorld(64)
	w.tolerated = 0
	w.run(t, 1000)
	if w.pace.limit != 1 {
		t.Errorf("%d workers in a storm", w.pace.limit)
	}
	w.tolerated = 1000
	w.run(t, 6000)
	if w.pace.limit != 64 {
		t.Errorf("%d workers long after a storm", w.pace.limit)
	}
}

// What else holds a run back is no reason to have more workers.
func TestPaceNotCrowded(t *testing.T) {
	w := newWorld(64)
	for range 10_000 {
		w.now = w.now.Add(10 * time.Millisecond)
		w.pace.busy(2)
		w.pace.done(w.now, 1000)
	}
	if w.pace.limit != startAt {
		t.Errorf("%d workers, of whom 2 were busy", w.pace.limit)
	}
}

// Whatever happens, there are between one worker and the most; only a request
// to slow down makes fewer at once, and a crowd of them does so once.
func TestPaceLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		now := time.Unix(1e9, 0)
		p := newPace(1+random.IntN(100), now)
		for range 2000 {
			now = now.Add(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
			before := p.limit
			switch random.IntN(20) {
			case 0:
				p.throttled(now)
				after := p.limit
				p.throttled(now.Add(calm / 2))
				if after > before || after < before && p.limit != after || after < before/2 {
					t.Fatalf("slowed down from %d to %d and %d", before, after, p.limit)
				}
			case 1:
				p.restart(now)
			default:
				p.busy(random.IntN(p.most) + 1)
				p.done(now, random.Int64N(1<<24))
			}
			if p.limit < 1 || p.limit > p.most {
				t.Fatalf("%d workers of at most %d", p.limit, p.most)
			}
		}
	}
}

func TestPurse(t *testing.T) {
	now := time.Unix(1e9, 0)
	p := newPurse(now)
	for range purseSize {
		if wait := p.pay(now, true); wait != 0 {
			t.Fatalf("a full purse makes wait %v", wait)
		}
	}
	// Empty: first tries wait in line with the others, for a bounded time.
	var last time.Duration
	for range 1000 {
		wait := p.pay(now, last%2 == 0)
		if wait < last || wait > time.Duration(debt/perSecond)*time.Second {
			t.Fatalf("waits of %v and then %v", last, wait)
		}
		last = wait
	}
	// Nothing but failures: the rate is bounded.
	tries := 0
	for end := now.Add(100 * time.Second); now.Before(end); tries++ {
		now = now.Add(max(p.pay(now, true), time.Millisecond))
	}
	if rate := float64(tries) / 100; rate > 2*perSecond {
		t.Errorf("%.1f tries a second with an empty purse", rate)
	}
	// Successes end the line soon.
	tries = 0
	for p.pay(now, false) > 0 {
		p.earn()
		if tries++; tries > 3*debt {
			t.Fatal("first tries still wait")
		}
	}
	for range 10 * purseSize {
		p.earn()
	}
	if p.tokens != purseSize {
		t.Errorf("%v tries saved up", p.tokens)
	}
}

func TestHealth(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1e9+int64(seconds), 0) }
	h := health{patience: 60 * time.Second}
	if v := h.failed(at(0), at(0), true); v != again {
		t.Errorf("with tries left: %v", v)
	}
	h.answered(at(1))
	if v := h.failed(at(2), at(0), false); v != giveUp {
		t.Errorf("others succeed: %v", v)
	}
	if v := h.failed(at(30), at(2), false); v != again {
		t.Errorf("nobody succeeds: %v", v)
	}
	for i, want := range []verdict{giveUp, giveUp, storeOut, storeOut} {
		if v := h.failed(at(70+i), at(2), false); v != want {
			t.Errorf("file %d that fails once patience is over: %v", i, v)
		}
	}
	h.answered(at(80))
	if v := h.failed(at(100), at(100), false); v != again {
		t.Errorf("it has recovered: %v", v)
	}
}
