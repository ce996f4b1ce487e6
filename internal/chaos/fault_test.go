package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/medialift/medialift/internal/faultproxy"
)

// An action is what a fault does.
type action string

const (
	kill   action = "SIGKILL"
	term   action = "SIGTERM"
	stop   action = "SIGSTOP, SIGCONT"
	sleep  action = "SIGSTOP until all leases have expired, SIGCONT"
	crashA action = "mongod A killed"
	crashB action = "mongod B killed"
	cutA   action = "connections to A cut"
	cutB   action = "connections to B cut"
)

// A place is where a fault waits for its moment.
type place string

const (
	clock place = "clock"
	s3    place = "request" // of the bucket
	atA   place = "write to A"
	atB   place = "write to B"
)

// A fault does something once: after a time, or at the n-th event of a place.
type fault struct {
	do    action
	at    place
	n     int64         // from 1
	after bool          // when the server has done it, before the binary knows
	wait  time.Duration // of the clock
	pause time.Duration // until what was stopped goes on
	fired bool
}

// loses tells that what is on its way there does not arrive.
func (f *fault) loses(at place) bool {
	switch f.do {
	case kill:
		return true
	case crashA, cutA:
		return at == atA
	case crashB, cutB:
		return at == atB
	}
	return false
}

func (f *fault) String() string {
	when := fmt.Sprintf("after %v", f.wait.Round(time.Millisecond))
	if f.at != clock {
		when = fmt.Sprintf("%s %s %d", map[bool]string{false: "before", true: "after"}[f.after], f.at, f.n)
	}
	return fmt.Sprintf("%s %s", f.do, when)
}

// A disturbance is all that befalls one run of the command.
type disturbance struct {
	faults []*fault
	rate   float64 // of requests to the bucket that meet one of the kinds
	kinds  []string
	second time.Duration // when the command is started a second time, if not 0
}

func (d disturbance) String() string {
	var parts []string
	for _, f := range d.faults {
		parts = append(parts, f.String())
	}
	if d.rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f%% of requests: %s", 100*d.rate, strings.Join(d.kinds, ", ")))
	}
	if d.second > 0 {
		parts = append(parts, "a second process")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// A measure is what an undisturbed run took.
type measure struct {
	span   time.Duration
	events map[place]int64
}

// draw makes up a disturbance of a run like the one measured.
func draw(random *rand.Rand, m measure) disturbance {
	var d disturbance
	for range 1 + random.IntN(2) {
		f := &fault{pause: time.Duration(100+random.IntN(1200)) * time.Millisecond}
		// What ends the process is the most of it.
		actions := []action{kill, kill, kill, kill, kill, term, stop, crashA, cutA}
		if m.events[atB] > 0 {
			actions = append(actions, sleep, crashB, crashB, cutB)
		}
		f.do = actions[random.IntN(len(actions))]
		var places []place
		for _, p := range []place{s3, atA, atB} { // in order: a map has none
			if m.events[p] > 0 {
				places = append(places, p)
			}
		}
		places = append(places, clock)
		if m.events[atB] > 0 {
			places = append(places, atB) // the more, since it takes the shortest time
		}
		switch f.at = places[random.IntN(len(places))]; f.at {
		case clock:
			f.wait = time.Duration(random.Int64N(int64(m.span)))
		default:
			f.n, f.after = 1+random.Int64N(m.events[f.at]), random.IntN(2) == 0
		}
		d.faults = append(d.faults, f)
		if f.do == sleep {
			// An import that sleeps between its last look at its record and inserting the
			// dataset, is taken for dead and swept meanwhile, wakes, and is killed before it
			// can take that back leaves half a dataset: that would take a transaction, which
			// FiftyOne's mongod has not. So nothing else happens to a sleeper.
			d.faults = []*fault{f}
			break
		}
	}
	if random.IntN(3) > 0 {
		d.rate = []float64{0.01, 0.03, 0.1}[random.IntN(3)]
		for _, kind := range sortedKeys(netFaults) {
			if random.IntN(2) == 0 {
				d.kinds = append(d.kinds, kind)
			}
		}
		if len(d.kinds) == 0 {
			d.rate = 0
		}
	}
	if random.IntN(8) == 0 {
		d.second = time.Millisecond * time.Duration(1+random.IntN(300))
	}
	return d
}

// netFaults are what a request to the bucket may meet.
var netFaults = map[string]func(random *rand.Rand) faultproxy.Fault{
	"503":          func(*rand.Rand) faultproxy.Fault { return faultproxy.Answer(503, "SlowDown") },
	"500":          func(*rand.Rand) faultproxy.Fault { return faultproxy.Answer(500, "InternalError") },
	"reset before": func(*rand.Rand) faultproxy.Fault { return faultproxy.Reset() },
	"reset after":  func(*rand.Rand) faultproxy.Fault { return faultproxy.LoseAnswer() },
	"slow": func(r *rand.Rand) faultproxy.Fault {
		return faultproxy.Delay(time.Duration(r.IntN(700)) * time.Millisecond)
	},
	"slow answer":      func(*rand.Rand) faultproxy.Fault { return faultproxy.Trickle(time.Millisecond) },
	"truncated answer": func(r *rand.Rand) faultproxy.Fault { return faultproxy.Truncate(r.IntN(400)) },
	"truncated body":   func(*rand.Rand) faultproxy.Fault { return faultproxy.CutBody() },
	"damaged body":     func(*rand.Rand) faultproxy.Fault { return faultproxy.Damage() },
}

// A weather is the disturbance under way: it sees every request and every write.
type weather struct {
	disturbance
	mu     sync.Mutex
	random *rand.Rand
	seen   map[place][2]int64 // events before and after
	last   string             // the last write
	counts map[string]int     // faults on the way to the bucket, by kind
	ask    chan order
	over   chan struct{} // closed when the run has ended
}

// An order asks for a fault's action, and waits for it.
type order struct {
	fault *fault
	done  chan struct{}
}

func newWeather(d disturbance, random *rand.Rand) *weather {
	return &weather{
		disturbance: d, random: random, seen: map[place][2]int64{}, counts: map[string]int{}, last: "nothing written yet",
		ask: make(chan order), over: make(chan struct{}),
	}
}

// event is one event of a place; it tells whether things go on from here.
func (w *weather) event(at place, after bool) bool {
	w.mu.Lock()
	n := w.seen[at]
	if after {
		n[1]++
	} else {
		n[0]++
	}
	w.seen[at] = n
	var due []*fault
	for _, f := range w.faults {
		if f.at == at && f.after == after && !f.fired && (f.n == n[0] && !after || f.n == n[1] && after) {
			f.fired = true
			due = append(due, f)
		}
	}
	w.mu.Unlock()
	goOn := true
	for _, f := range due {
		o := order{f, make(chan struct{})}
		select {
		case w.ask <- o:
			<-o.done
		case <-w.over:
		}
		goOn = goOn && !f.loses(at)
	}
	return goOn
}

// saw notes what was written last.
func (w *weather) saw(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = what
}

// wire is the hook of a side's wire.
func (w *weather) wire(at place) func(op wireOp, after bool) bool {
	return func(op wireOp, after bool) bool {
		if !op.writes() {
			return true
		}
		if !after {
			w.saw(string(at) + ": " + op.name + " " + kind(op.collection))
		}
		return w.event(at, after)
	}
}

// rule is that of the proxy before the bucket.
func (w *weather) rule(r *http.Request) faultproxy.Fault {
	switch query := r.URL.Query(); {
	case query.Has("partNumber"):
		w.saw("bucket: part")
	case query.Has("uploadId"), query.Has("uploads"):
		w.saw("bucket: " + strings.ToLower(r.Method) + " upload in parts")
	case r.Method == http.MethodPut:
		w.saw("bucket: put")
	}
	return func(rw http.ResponseWriter, r *http.Request, server http.Handler) {
		if !w.event(s3, false) {
			panic(http.ErrAbortHandler)
		}
		if fault := w.netFault(); fault != nil {
			fault(rw, r, server)
			return
		}
		recorded := httptest.NewRecorder()
		server.ServeHTTP(recorded, r)
		if !w.event(s3, true) {
			panic(http.ErrAbortHandler)
		}
		for name, values := range recorded.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(recorded.Code)
		_, _ = recorded.Body.WriteTo(rw)
	}
}

func (w *weather) netFault() faultproxy.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rate == 0 || w.random.Float64() >= w.rate {
		return nil
	}
	name := w.kinds[w.random.IntN(len(w.kinds))]
	w.counts[name]++
	return netFaults[name](w.random)
}
