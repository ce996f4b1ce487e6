package report_test

import (
	"testing"
	"time"

	"github.com/medialift/medialift/report"
)

// Whatever is reported and however long it takes: nothing is lost or made up, and
// memory stays flat.
func FuzzRecorder(f *testing.F) {
	f.Add([]byte{1, 10, 2, 20, 30, 3, 255, 255, 255, 0, 0, 0})
	f.Add([]byte("a run of some length, and then some more of it"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		clock := &stopwatch{began}
		rec := report.NewRecorder(clock.now)
		var p, sum report.Progress
		p.Phase, p.Moves = report.Sending, true
		rec.Phase(report.Sending)
		for i, b := range steps {
			switch b % 8 {
			case 0:
				clock.at = clock.at.Add(time.Duration(b) * time.Hour)
			case 1:
				clock.at = clock.at.Add(time.Duration(b) * time.Millisecond)
			case 2:
				clock.at = clock.at.Add(-time.Duration(b) * time.Second)
			case 3:
				rec.Phases()
				p = report.Progress{Phase: report.Sending, Moves: true}
			case 4:
				rec.Progress(report.Progress{Phase: "reading", Files: int64(b)})
				p = report.Progress{Phase: report.Sending, Moves: true}
			default:
				grown := report.Progress{Bytes: int64(b) * int64(i) * 1_000_003, Files: int64(b % 3), Retries: int64(b & 1), Throttled: int64(b >> 7)}
				p.Bytes, p.Files = p.Bytes+grown.Bytes, p.Files+grown.Files
				p.Retries, p.Throttled = p.Retries+grown.Retries, p.Throttled+grown.Throttled
				sum.Bytes, sum.Files = sum.Bytes+grown.Bytes, sum.Files+grown.Files
				sum.Retries, sum.Throttled = sum.Retries+grown.Retries, sum.Throttled+grown.Throttled
				rec.Progress(p)
			}
		}
		series := rec.Series()
		if len(series.Slots) > 512 || series.Seconds <= 0 {
			t.Fatalf("%d slots of %v s", len(series.Slots), series.Seconds)
		}
		var got report.Progress
		for i, s := range series.Slots {
			if s.Bytes < 0 || s.Files < 0 {
				t.Fatalf("slot %d has %+v", i, s)
			}
			got.Bytes, got.Files = got.Bytes+s.Bytes, got.Files+s.Files
			got.Retries, got.Throttled = got.Retries+s.Retries, got.Throttled+s.Throttled
		}
		if got != sum {
			t.Fatalf("recorded %+v, reported %+v", got, sum)
		}
		for _, p := range rec.Phases() {
			if p.Seconds < 0 || p.At < 0 {
				t.Fatalf("phase %+v", p)
			}
		}
	})
}

// What comes in one report is spread over the time since the last one.
func TestRecorderSpreads(t *testing.T) {
	clock := &stopwatch{began}
	rec := report.NewRecorder(clock.now)
	rec.Phase(report.Sending)
	clock.at = clock.at.Add(time.Second)
	rec.Progress(report.Progress{Phase: report.Sending, Moves: true, Bytes: 1000, Files: 10})
	for i, s := range rec.Series().Slots[:20] {
		if s.Bytes != 50 {
			t.Errorf("slot %d has %d of the 1000 bytes in 20 slots", i, s.Bytes)
		}
	}
}

func TestRecorderPhases(t *testing.T) {
	clock := &stopwatch{began}
	rec := report.NewRecorder(clock.now)
	rec.Progress(report.Progress{Phase: "reading", Files: 1})
	clock.at = clock.at.Add(2 * time.Second)
	rec.Progress(report.Progress{Phase: "reading", Files: 2})
	rec.Phase(report.Sending)
	clock.at = clock.at.Add(3 * time.Second)
	first := rec.Phases()
	clock.at = clock.at.Add(time.Second)
	rec.Phase("reading")
	clock.at = clock.at.Add(time.Second)
	second := rec.Phases()
	want := []report.Phase{{Name: "reading", At: 0, Seconds: 2}, {Name: report.Sending, At: 2, Seconds: 3}, {Name: "reading", At: 6, Seconds: 1}}
	if got := append(first, second...); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("phases %v, want %v", got, want)
	}
}
