package report

import (
	"bytes"
	"cmp"
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// A page is a report as the template wants it.
type page struct {
	Report
	CSS      template.CSS
	Title    string
	Verdict  verdict
	Headline string
	Advice   string
	Numbers  []number
	Plot     *plot
	Cards    []card
	// Folded tells that there are too many datasets to show each at once.
	Folded bool
	Many   int64 // datasets
	Causes []share
}

// A number is one of the large ones at the top.
type number struct {
	Name string
	quantity
	Note string
}

// A share is a part of a whole, and is drawn as a bar.
type share struct {
	Name, Text, Words string
	Percent           float64
}

// A card is one dataset.
type card struct {
	Dataset
	ID      string // in the page
	Verdict verdict
	Fields  []fieldRow
	Spent   []share
	// Objects and Bytes are what has arrived of all fields.
	Objects, Bytes int64
	// Unplanned tells that nobody knows what there is to do.
	Unplanned bool
	Changes   []change
}

type fieldRow struct {
	Field
	Percent float64
}

type change struct {
	Field, ID string
	diff
}

// WriteHTML writes the report as one page that needs no other file.
func WriteHTML(w io.Writer, r Report) error {
	r, err := r.fit()
	if err != nil {
		return err
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"bytes": bytesOf, "count": count, "duration": duration, "moment": moment, "visible": Visible,
		"plural": plural, "kindwords": kindWords, "verdict": verdictOf, "lines": func(s string) []string { return strings.Split(s, "\n") },
		"percent": func(f float64) string { return figures(f) },
		"first":   func(p Problems) int64 { return int64(len(p.Rows)) },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	var out bytes.Buffer // so that nothing is written of a page that cannot be
	if err := t.Execute(&out, newPage(r)); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

func newPage(r Report) page {
	p := page{
		Report: r, CSS: template.CSS(pageCSS), Verdict: verdictOf(r.Outcome.Status), Headline: headline(r), Advice: advice(r.Outcome),
		Numbers: numbers(r), Plot: newPlot(r), Folded: len(r.Datasets) > 6, Many: int64(len(r.Datasets)),
	}
	var names []string
	for _, d := range r.Datasets {
		names = append(names, Visible(d.Name))
		p.Cards = append(p.Cards, newCard(fmt.Sprintf("dataset-%d", len(p.Cards)+1), d))
	}
	p.Title = Visible(strings.TrimSpace(r.Tool + " " + r.Command))
	switch {
	case len(names) == 1:
		p.Title += " of " + names[0]
	case len(names) > 1:
		p.Title += fmt.Sprintf(" of %d datasets", len(names))
	}
	most := int64(1)
	for _, n := range r.Traffic.Causes {
		most = max(most, n)
	}
	for cause, n := range r.Traffic.Causes {
		p.Causes = append(p.Causes, share{cause, count(n), causeWords(cause), percent(float64(n), float64(most))})
	}
	slices.SortFunc(p.Causes, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.Percent, a.Percent), cmp.Compare(a.Name, b.Name))
	})
	return p
}

func newCard(id string, d Dataset) card {
	c := card{ID: id, Dataset: d, Verdict: verdictOf(d.Status)}
	c.Unplanned = d.Rows == 0 && len(d.Fields) == 0 && d.Status != Done && d.Status != Planned
	var most int64
	for _, f := range d.Fields {
		most = max(most, f.Bytes)
		c.Objects, c.Bytes = c.Objects+f.Arrived, c.Bytes+f.ArrivedBytes
	}
	for _, f := range d.Fields {
		c.Fields = append(c.Fields, fieldRow{f, percent(float64(f.Bytes), float64(most))})
	}
	// A phase may come and go: its times are added.
	var order []string
	spent := map[string]float64{}
	var longest float64
	for _, p := range d.Phases {
		if _, seen := spent[p.Name]; !seen {
			order = append(order, p.Name)
		}
		spent[p.Name] += p.Seconds
		longest = max(longest, spent[p.Name])
	}
	for _, name := range order {
		c.Spent = append(c.Spent, share{Name: name, Text: duration(spent[name]), Percent: percent(spent[name], longest)})
	}
	for _, s := range d.Samples {
		c.Changes = append(c.Changes, change{s.Field, s.ID, diffOf(s.Old, s.New)})
	}
	return c
}

// percent is how much of a whole, to a tenth; what there is of it is seen.
func percent(part, whole float64) float64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	return max(0.5, float64(int64(part/whole*1000+0.5))/10)
}

// numbers are what a reader wants to know first.
func numbers(r Report) []number {
	t := r.Totals
	spent := r.Ended.Sub(r.Started).Seconds()
	list := []number{{"Datasets", quantity{Number: count(int64(len(r.Datasets)))}, ""}}
	if r.Outcome.Status == Planned {
		var objects, bytes, paths int64
		for _, d := range r.Datasets {
			for _, f := range d.Fields {
				objects, bytes, paths = objects+f.ToSend, bytes+f.ToSendBytes, paths+f.Paths
			}
		}
		return append(list, number{"Objects to send", quantity{Number: count(objects)}, ""}, number{"Bytes to send", bytesOf(bytes), ""},
			number{"Local paths", quantity{Number: count(paths)}, ""}, number{"Planning took", durationOf(spent), ""})
	}
	sending := r.sending()
	rate := number{"Mean rate", quantity{Number: "–"}, "nothing was sent"}
	if t.Bytes > 0 && sending > 0 {
		rate = number{"Mean rate", scaled(float64(t.Bytes)/sending, "B/s"), "over " + duration(sending) + " of sending"}
	}
	return append(list,
		number{"Objects sent", quantity{Number: count(t.Objects)}, note(t.Found, "there already", t.Replaced, "replaced")},
		number{"Bytes sent", bytesOf(t.Bytes), ""},
		number{"Paths rewritten", quantity{Number: count(t.Paths)}, note(t.Already, "remote before", t.StillLocal, "still local")},
		number{"Duration", durationOf(spent), ""}, rate)
}

// sending is for how many seconds the run was sending, else how long it was.
func (r Report) sending() float64 {
	var sum float64
	for _, d := range r.Datasets {
		for _, p := range d.Phases {
			if p.Name == Sending {
				sum += p.Seconds
			}
		}
	}
	if sum == 0 {
		sum = r.Ended.Sub(r.Started).Seconds()
	}
	return sum
}

func durationOf(seconds float64) quantity {
	number, unit, _ := strings.Cut(duration(max(0, seconds)), " ")
	return quantity{number, unit}
}

func note(a int64, aName string, b int64, bName string) string {
	var parts []string
	if a > 0 {
		parts = append(parts, count(a)+" "+aName)
	}
	if b > 0 {
		parts = append(parts, count(b)+" "+bName)
	}
	return strings.Join(parts, ", ")
}
