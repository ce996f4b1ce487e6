package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a run may take that is not stuck.
const patience = 20 * time.Minute

// An outcome is how one run of the command ended.
type outcome struct {
	code     int // -1: by a signal
	doc      document
	raw      []byte // the document's text
	stderr   string
	findings []string
	seen     map[place]int64
	span     time.Duration
}

// A document is what the command prints with --json, as far as it matters here.
type document struct {
	Run      string `json:"run"`
	Status   string `json:"status"`
	ExitCode int    `json:"exit_code"`
	Counts   struct {
		Objects, Bytes, Rewritten int64
	} `json:"counts"`
	Runs []struct {
		Run string `json:"run"`
	} `json:"runs"`
}

// A process is the binary at work.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended, killed  bool
	asked          bool // to end
}

func (w *world) start(t testing.TB, state string, ended chan<- *process, args []string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(w.binary, append(args[:len(args):len(args)], "--json", "--no-progress")...)}
	p.cmd.Env = w.environ(state)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says how
		ended <- p
	}()
	return p
}

func (p *process) code() int { return p.cmd.ProcessState.ExitCode() }

// outcome judges a process that has ended; events tells whether it did anything.
func (p *process) outcome(events bool) outcome {
	o := outcome{code: p.code(), raw: p.stdout.Bytes(), stderr: p.stderr.String()}
	find := func(format string, args ...any) { o.findings = append(o.findings, fmt.Sprintf(format, args...)) }
	for _, sign := range []string{"panic:", "fatal error:", "goroutine ", "DATA RACE"} {
		if strings.Contains(o.stderr, sign) {
			find("%q on stderr", sign)
		}
	}
	if o.code == -1 {
		// The runtime itself heeds a SIGTERM until main has begun.
		early := p.asked && !events && o.stderr == ""
		if !p.killed && !early {
			find("it ended by a signal that nobody sent: %v", p.cmd.ProcessState)
		}
		return o
	}
	if !slices.Contains([]int{0, 1, 3, 5, 130}, o.code) {
		find("exit code %d", o.code)
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &o.doc); err != nil {
		find("not one JSON document: %v: %.200q", err, p.stdout.String())
	} else if o.doc.ExitCode != o.code {
		find("exit code %d, but %d in the document", o.code, o.doc.ExitCode)
	}
	lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
	if o.code != 0 && o.code != 130 && !strings.HasPrefix(lines[len(lines)-1], "hint: ") {
		find("exit code %d without a hint", o.code)
	}
	return o
}

// A running is a run of the command under way, of two processes now and then. Its
// methods are called by one goroutine.
type running struct {
	*trial
	*weather
	args      []string
	processes []*process
	live      int
	ended     chan *process
	agenda    []appointment
	downA     bool
	downB     bool
}

// An appointment is something to do at a time.
type appointment struct {
	at time.Time
	do func()
	// anyway tells that it has to be done also when the run has ended.
	anyway bool
}

// run runs the command once in a disturbance.
func (tr *trial) run(args []string, d disturbance) outcome {
	tr.t.Helper()
	began := time.Now()
	r := &running{trial: tr, weather: newWeather(d, tr.random), args: args, ended: make(chan *process)}
	tr.front.Set(r.rule)
	tr.a.wire.watch(r.wire(atA))
	tr.b.wire.watch(r.wire(atB))
	r.launch()
	for _, f := range d.faults {
		if f.at == clock {
			r.later(f.wait, false, func() { r.act(f) })
		}
	}
	if d.second > 0 {
		r.later(d.second, false, func() {
			r.count("second process")
			r.launch()
		})
	}
	r.later(patience, false, func() {
		r.find("after %v it is still at work", patience)
		_ = r.current().cmd.Process.Signal(syscall.SIGQUIT)
	})
	for r.live > 0 {
		next := r.next()
		select {
		case p := <-r.ended:
			p.ended = true
			r.live--
		case <-time.After(time.Until(next.at)):
			r.agenda = r.agenda[1:]
			next.do()
		case o := <-r.ask:
			r.act(o.fault)
			close(o.done)
		}
	}
	close(r.over)
	for _, a := range r.agenda {
		if a.anyway {
			a.do()
		}
	}
	return r.judge(time.Since(began))
}

// judge sums up the outcomes: the first process's, with what is wrong with any.
func (r *running) judge(span time.Duration) outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, n := range r.counts {
		r.injected[name] += n
	}
	processes := r.processes
	if r.args[0] == "import" && slices.ContainsFunc(processes, func(p *process) bool { return p.code() == 0 }) {
		// One has made the dataset: for the other its name is taken.
		processes = slices.DeleteFunc(slices.Clone(processes), func(p *process) bool { return p.code() == 4 })
	}
	o := processes[0].outcome(len(r.seen) > 0)
	for _, p := range processes[1:] {
		other := p.outcome(len(r.seen) > 0)
		o.findings = append(o.findings, other.findings...)
		if o.code == 5 || o.code == -1 { // the other one had the lock
			other.findings = o.findings
			o = other
		}
	}
	o.span, o.seen = span, map[place]int64{}
	for at, n := range r.seen {
		o.seen[at] = n[0]
	}
	return o
}

func (r *running) launch() {
	r.processes = append(r.processes, r.start(r.t, r.state, r.ended, r.args))
	r.live++
}

// current is a process that is at work.
func (r *running) current() *process {
	for _, p := range r.processes {
		if !p.ended {
			return p
		}
	}
	return r.processes[0]
}

func (r *running) later(wait time.Duration, anyway bool, do func()) {
	r.agenda = append(r.agenda, appointment{time.Now().Add(wait), do, anyway})
	slices.SortStableFunc(r.agenda, func(a, b appointment) int { return a.at.Compare(b.at) })
}

// next is the next appointment; there is always one, of patience.
func (r *running) next() appointment {
	if len(r.agenda) == 0 {
		return appointment{at: time.Now().Add(time.Hour)}
	}
	return r.agenda[0]
}

// act does what a fault does.
func (r *running) act(f *fault) {
	p := r.current()
	r.mu.Lock()
	phase := r.last
	r.mu.Unlock()
	switch f.do {
	case kill:
		p.killed = true
		_ = p.cmd.Process.Kill()
		r.phase(phase)
	case term:
		p.asked = true
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	case stop:
		_ = pause(p.cmd.Process)
		r.later(f.pause, true, func() { _ = resume(p.cmd.Process) })
	case sleep:
		_ = pause(p.cmd.Process)
		r.expire()
		r.sweep()
		r.later(f.pause, true, func() { _ = resume(p.cmd.Process) })
	case crashA:
		r.crash(r.a, &r.downA, f.pause)
	case crashB:
		r.crash(r.b, &r.downB, f.pause)
	case cutA:
		r.a.wire.cut()
	case cutB:
		r.b.wire.cut()
	}
	r.count(string(f.do))
}

// crash kills a server, which comes back after a pause.
func (r *running) crash(s *side, down *bool, pause time.Duration) {
	if *down {
		return
	}
	*down = true
	s.server.Crash()
	s.wire.cut()
	r.later(pause, true, func() {
		s.restart(r.t)
		*down = false
	})
}
