package report

import (
	"fmt"
	"math"
	"strings"
)

// A plot is the throughput as it is drawn, once for wide pages and once for
// narrow ones, and in words and numbers.
type plot struct {
	Wide, Narrow drawing
	Words        string
	Rows         []plotRow
	Throttled    int64
	Retries      int64
	Step         string // how long a step of the lines is
}

// A drawing is two panels, one above the other, over one axis of time.
type drawing struct {
	ID            string
	Width, Height int
	Left, Right   float64
	Panels        []panel
	Ticks         []tick // of time
	Marks         []mark
	AxisY, LabelY float64
}

type panel struct {
	Class, Name string
	Top, Bottom float64
	Line, Area  string
	Ticks       []tick
	Mean        float64
	MeanText    string
}

type tick struct {
	At   float64
	Text string
}

// A mark is a place where the store asked to slow down, or something was asked
// again.
type mark struct {
	X, Y  float64
	Path  string
	Class string
	Text  string
}

// A plotRow is a stretch of time in the table below the plot.
type plotRow struct {
	From, To           string
	Bytes, Rate        quantity
	Files              int64
	Throttled, Retries int64
}

// A stretch is what moved from one time to another.
type stretch struct {
	Slot
	From, To float64
}

// shortest is how many slots make a plot.
const shortest = 3

// newPlot returns nil where there is too little to be drawn.
func newPlot(r Report) *plot {
	slots, width := r.Throughput.Slots, r.Throughput.Seconds
	first, last := -1, -1
	for i, s := range slots {
		if s != (Slot{}) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 || last-first+1 < shortest || width <= 0 {
		return nil
	}
	slots = slots[first : last+1]
	from := float64(first) * width
	p := &plot{}
	var files int64
	for _, s := range slots {
		files += s.Files
		p.Throttled += s.Throttled
		p.Retries += s.Retries
	}
	// Steps that a file takes several of would show files as needles.
	most := int(min(120, max(12, files/3)))
	fine := stretches(slots, from, width, most)
	p.Step = duration(fine[0].To - fine[0].From)
	p.Wide = draw("wide", 960, fine)
	p.Narrow = draw("narrow", 350, stretches(slots, from, width, min(60, most)))
	p.Words = plotWords(fine)
	for _, s := range stretches(slots, from, width, 24) {
		p.Rows = append(p.Rows, plotRow{
			From: clock(round(s.From)), To: clock(round(s.To)), Bytes: bytesOf(s.Bytes), Rate: scaled(s.rate(), "B/s"),
			Files: s.Files, Throttled: s.Throttled, Retries: s.Retries,
		})
	}
	return p
}

func (s stretch) rate() float64  { return float64(s.Bytes) / (s.To - s.From) }
func (s stretch) files() float64 { return float64(s.Files) / (s.To - s.From) }

func round(seconds float64) float64 { return math.Round(seconds*100) / 100 }

// stretches joins slots until there are at most so many.
func stretches(slots []Slot, from, width float64, most int) []stretch {
	each := (len(slots) + most - 1) / most
	var list []stretch
	for i := 0; i < len(slots); i += each {
		end := min(i+each, len(slots))
		s := stretch{From: from + float64(i)*width, To: from + float64(end)*width}
		for _, slot := range slots[i:end] {
			s.Bytes += slot.Bytes
			s.Files += slot.Files
			s.Retries += slot.Retries
			s.Throttled += slot.Throttled
		}
		list = append(list, s)
	}
	return list
}

// plotWords says what the plot shows to those who do not see it.
func plotWords(list []stretch) string {
	var sum Slot
	top := list[0]
	for _, s := range list {
		sum.Bytes += s.Bytes
		sum.Files += s.Files
		if s.rate() > top.rate() {
			top = s
		}
	}
	from, to := list[0].From, list[len(list)-1].To
	return fmt.Sprintf("From %s to %s after the start, %s and %s moved: %s and %s on average, at most %s at %s.",
		clock(round(from)), clock(round(to)), bytesOf(sum.Bytes), plural(sum.Files, "file"), scaled(float64(sum.Bytes)/(to-from), "B/s"),
		strings.TrimSuffix(pace(float64(sum.Files)/(to-from)), " /s")+" files/s", scaled(top.rate(), "B/s"), clock(round(top.From)))
}

// draw lays the panels out; all lengths are those of the drawing.
func draw(id string, width int, list []stretch) drawing {
	const left, right, top, height, gap = 70, 8, 44, 130, 48
	d := drawing{ID: id, Width: width, Left: left, Right: float64(width - right)}
	from, to := list[0].From, list[len(list)-1].To
	x := func(at float64) float64 { return left + (at-from)/(to-from)*(d.Right-left) }
	for i, of := range []struct {
		class, name string
		value       func(stretch) float64
		text        func(float64) string
	}{{"bytes", "Bytes per second", stretch.rate, rateOf}, {"files", "Files per second", stretch.files, pace}} {
		p := panel{Class: of.class, Name: of.name, Top: float64(top + i*(height+gap))}
		p.Bottom = p.Top + height
		var most, sum float64
		for _, s := range list {
			most = max(most, of.value(s))
			sum += of.value(s) * (s.To - s.From)
		}
		step, most := niceStep(most)
		y := func(v float64) float64 { return p.Bottom - v/most*height }
		for v := 0.0; v <= most+step/2; v += step {
			p.Ticks = append(p.Ticks, tick{y(v), of.text(v)})
		}
		mean := sum / (to - from)
		p.Mean, p.MeanText = y(mean), "mean "+of.text(mean)
		p.Line, p.Area = steps(list, of.value, x, y, p.Bottom)
		d.Panels = append(d.Panels, p)
	}
	d.AxisY = d.Panels[1].Bottom
	d.LabelY = d.AxisY + 18
	d.Height = int(d.LabelY) + 24
	for _, at := range timeTicks(from, to, width/95) {
		d.Ticks = append(d.Ticks, tick{x(at), clock(at)})
	}
	for _, s := range list {
		if m, ok := markOf(s, x((s.From+s.To)/2), top-8); ok {
			d.Marks = append(d.Marks, m)
		}
	}
	return d
}

func rateOf(v float64) string { return scaled(v, "B/s").String() }

// pace spells a number of files a second.
func pace(v float64) string {
	if v >= 100 {
		return count(int64(math.Round(v))) + " /s"
	}
	return figures(v) + " /s"
}

// steps draws a value as steps, so that the area under them is what has moved.
func steps(list []stretch, value func(stretch) float64, x, y func(float64) float64, bottom float64) (line, area string) {
	var b strings.Builder
	for i, s := range list {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1fH%.1f", command, x(s.From), y(value(s)), x(s.To))
	}
	line = b.String()
	return line, fmt.Sprintf("%sV%.1fH%.1fZ", line, bottom, x(list[0].From))
}

// markOf differs by shape, not only by colour.
func markOf(s stretch, x, y float64) (mark, bool) {
	when := "at " + clock(round(s.From))
	switch {
	case s.Throttled > 0:
		return mark{x, y, fmt.Sprintf("M%.1f %.1fl5 -9h-10z", x, y+4.5), "throttled", "asked to slow down " + times(s.Throttled) + " " + when}, true
	case s.Retries > 0:
		return mark{x, y, fmt.Sprintf("M%.1f %.1fm-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", x, y), "retry", "asked again " + times(s.Retries) + " " + when}, true
	}
	return mark{}, false
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return count(n) + " times"
}

// niceStep divides an axis that must hold most into two to five steps of a round
// number, and returns the step and the end of the axis.
func niceStep(most float64) (step, end float64) {
	if most <= 0 {
		return 1, 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most/4)))
	step = 10 * unit
	for _, f := range []float64{1, 2, 2.5, 5} {
		if most/(f*unit) <= 4.0001 {
			step = f * unit
			break
		}
	}
	return step, math.Ceil(most/step-1e-9) * step
}

// timeTicks are round times within a span, at most about so many.
func timeTicks(from, to float64, most int) []float64 {
	steps := []float64{
		.05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400,
	}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if (to-from)/s <= float64(most) {
			step = s
			break
		}
	}
	for (to-from)/step > float64(most) {
		step *= 2
	}
	var list []float64
	for i := math.Ceil(from/step - 1e-9); i*step <= to+step*1e-6; i++ {
		list = append(list, round(i*step))
	}
	return list
}
