package report

import (
	"slices"
	"time"
)

// A Progress is how far a phase of a run has come. All counts begin at 0 with the
// phase and only grow.
type Progress struct {
	Phase        string
	Files, Bytes int64
	// Retries and Throttled are what the phase has met.
	Retries, Throttled int64
	// Moves tells that Files and Bytes are what the run is there to move, and not
	// what it reads or counts.
	Moves bool
}

// slots is how many a recorder keeps at most, firstSlot how long each is until
// they are too many: then each becomes twice as long.
const (
	slots     = 512
	firstSlot = 50 * time.Millisecond
)

// A Recorder makes the throughput and the phases of a run from the progress that
// is reported of it. It is not safe for concurrent use.
type Recorder struct {
	now   func() time.Time
	start time.Time
	width time.Duration
	slots []Slot

	phase  string
	began  time.Time
	seen   Progress
	seenAt time.Time
	phases []Phase
}

// NewRecorder returns a recorder of a run that begins now, by that clock.
func NewRecorder(now func() time.Time) *Recorder {
	at := now()
	return &Recorder{now: now, start: at, seenAt: at, width: firstSlot}
}

// Progress takes one report. A phase of another name begins a new one.
func (r *Recorder) Progress(p Progress) {
	now := r.now()
	if now.Before(r.seenAt) {
		now = r.seenAt // the clock was put back: time stands still
	}
	if p.Phase != r.phase {
		r.enter(p.Phase, now)
	}
	if p.Moves {
		// A count that falls is that of a phase which began again.
		r.spread(now, growth(r.seen.Bytes, p.Bytes), growth(r.seen.Files, p.Files))
		if retries, throttled := growth(r.seen.Retries, p.Retries), growth(r.seen.Throttled, p.Throttled); retries+throttled > 0 {
			at := r.slot(now)
			at.Retries += retries
			at.Throttled += throttled
		}
	}
	r.seen, r.seenAt = p, now
}

// growth is how much a counter has grown; one that fell began anew.
func growth(before, after int64) int64 {
	if after < before {
		return max(0, after)
	}
	return after - before
}

// Phase begins a phase that reports no progress; an empty name ends the one there
// is.
func (r *Recorder) Phase(name string) {
	r.Progress(Progress{Phase: name})
}

// enter ends the phase that there is.
func (r *Recorder) enter(name string, now time.Time) {
	if r.phase != "" {
		spent := seconds(now.Sub(r.began))
		// One that comes and goes is one: there is no end to how often it may.
		if i := slices.IndexFunc(r.phases, func(p Phase) bool { return p.Name == r.phase }); i >= 0 {
			r.phases[i].Seconds += spent
		} else {
			r.phases = append(r.phases, Phase{Name: r.phase, At: seconds(r.began.Sub(r.start)), Seconds: spent})
		}
	}
	r.phase, r.began, r.seen, r.seenAt = name, now, Progress{}, now
}

// Phases ends the phase that there is, and returns those since it was last called:
// what a run over several datasets calls after each.
func (r *Recorder) Phases() []Phase {
	r.Phase("")
	done := r.phases
	r.phases = nil
	return done
}

// Series returns what has moved so far. There are no slots after the last one in
// which something did.
func (r *Recorder) Series() Series {
	return Series{Seconds: r.width.Seconds(), Slots: append([]Slot{}, r.slots...)}
}

// spread adds bytes and files to the slots from the last report to now, evenly:
// what is reported once a second did not arrive in one instant.
func (r *Recorder) spread(now time.Time, bytes, files int64) {
	if bytes == 0 && files == 0 {
		return
	}
	r.slot(now) // so that there is room for all
	from, to := r.seenAt.Sub(r.start), now.Sub(r.start)
	first, last := int(from/r.width), int(to/r.width)
	var gaveBytes, gaveFiles int64
	for i := first; i <= last; i++ {
		share := 1.0
		if i < last {
			share = float64(time.Duration(i+1)*r.width-from) / float64(to-from)
		}
		// What has been given by the end of each slot is rounded, so that the sum
		// is exact.
		haveBytes, haveFiles := portion(bytes, share), portion(files, share)
		r.slots[i].Bytes += haveBytes - gaveBytes
		r.slots[i].Files += haveFiles - gaveFiles
		gaveBytes, gaveFiles = haveBytes, haveFiles
	}
}

func portion(n int64, share float64) int64 {
	if share >= 1 {
		return n
	}
	return min(n, int64(float64(n)*share))
}

// slot returns the slot of a time, with all slots before it made.
func (r *Recorder) slot(at time.Time) *Slot {
	since := at.Sub(r.start)
	for int64(since/r.width) >= slots {
		r.halve()
	}
	i := int(since / r.width)
	for len(r.slots) <= i {
		r.slots = append(r.slots, Slot{})
	}
	return &r.slots[i]
}

// halve makes one slot of each two.
func (r *Recorder) halve() {
	kept := r.slots[:0]
	for i := 0; i < len(r.slots); i += 2 {
		sum := r.slots[i]
		if i+1 < len(r.slots) {
			next := r.slots[i+1]
			sum.Bytes += next.Bytes
			sum.Files += next.Files
			sum.Retries += next.Retries
			sum.Throttled += next.Throttled
		}
		kept = append(kept, sum)
	}
	r.slots = kept
	r.width *= 2
}

// seconds is d to the millisecond: more is noise.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
