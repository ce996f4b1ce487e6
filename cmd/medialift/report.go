package main

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/report"
	"github.com/medialift/medialift/upload"
)

// A reporter collects what --report writes. Without that flag its methods do
// nothing. What the document knows, counts, warnings and how the command ended,
// is taken from it at the end, and begin turns to each dataset: a command only adds
// what it was told (set), its phases, what edit changes of a dataset, and how the
// work on it ended.
type reporter struct {
	files []string
	now   func() time.Time

	mu       sync.Mutex // lastWords writes while the command still works
	recorder *report.Recorder
	data     report.Report
	at       int // in data.Datasets, the dataset that is worked on; -1 before the first
}

func (r *reporter) add(f *pflag.FlagSet) {
	f.StringArrayVar(&r.files, "report", nil, "write a page on what was done to `FILE`, or JSON if it ends in .json (repeatable)")
}

// start begins the recording. A file that cannot be written ends the command here.
func (r *reporter) start() error {
	if len(r.files) == 0 {
		return nil
	}
	r.recorder, r.at = report.NewRecorder(r.now), -1
	r.data.Started = r.now()
	for i, file := range r.files {
		path, err := reportFile(file)
		if err != nil {
			r.files = nil // there is nothing to say in them
			return err
		}
		r.files[i] = path
	}
	return nil
}

func (r *reporter) wanted() bool { return r.recorder != nil }

// on runs f on what is being collected, if anything is.
func (r *reporter) on(f func()) {
	if !r.wanted() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// set notes something that the command was told: never a password, nor a URI that
// may hold one.
func (r *reporter) set(name string, values ...string) {
	r.on(func() {
		if len(values) > 0 {
			r.data.Settings = append(r.data.Settings, report.Setting{Name: name, Value: strings.Join(values, "\n")})
		}
	})
}

// notCarried notes something that a dataset has and that does not go along.
func (r *reporter) notCarried(name, why string) {
	r.on(func() { r.data.NotCarried = append(r.data.NotCarried, report.Setting{Name: name, Value: why}) })
}

// dataset turns to the dataset of a run, which may have been worked on before.
func (r *reporter) dataset(run, source, name string) {
	r.on(func() {
		r.leave()
		r.at = slices.IndexFunc(r.data.Datasets, func(d report.Dataset) bool { return d.Run == run && d.Source == source })
		if r.at < 0 {
			r.data.Datasets = append(r.data.Datasets, report.Dataset{Name: name, Source: source, Run: run, Status: report.Planned})
			r.at = len(r.data.Datasets) - 1
		}
		r.recorder.Phase("reading") // which small ones report nothing of
	})
}

// stillLocal notes how many paths name local files in the end.
func (r *reporter) stillLocal(n int64) {
	r.on(func() { r.data.Totals.StillLocal = n })
}

// edit changes what is said of the dataset that is worked on.
func (r *reporter) edit(f func(*report.Dataset)) {
	r.on(func() {
		if r.at >= 0 {
			f(&r.data.Datasets[r.at])
		}
	})
}

// ended notes how the work on the dataset ended.
func (r *reporter) ended(status ledger.Status) {
	r.on(r.leave)
	r.edit(func(d *report.Dataset) { d.Status = report.Status(status) })
}

// leave ends the phase under way, and gives what there were to their dataset.
func (r *reporter) leave() {
	phases := r.recorder.Phases()
	if r.at >= 0 {
		d := &r.data.Datasets[r.at]
		d.Phases = append(d.Phases, phases...)
	}
}

// phase begins a phase, which may report no progress.
func (r *reporter) phase(name string) {
	r.on(func() { r.recorder.Phase(name) })
}

// progress takes what an upload reports.
func (r *reporter) progress(p upload.Progress) {
	r.on(func() {
		sent := p.Sent
		r.recorder.Progress(report.Progress{
			Phase: p.Phase, Moves: p.Phase == report.Sending, Files: sent.Objects, Bytes: sent.Bytes,
			Retries: sent.Traffic.Retries, Throttled: sent.Traffic.Throttled,
		})
	})
}

// problems takes the first of total rows that something is wrong with. Of rows of
// several kinds nobody knows which those are that are not among the first: they
// count for the last.
func (r *reporter) problems(list []dataset.Problem, total int64) {
	r.on(func() {
		rest := max(0, total-int64(len(list)))
		for i, p := range list {
			kind := cmp.Or(p.Kind, "other")
			at := slices.IndexFunc(r.data.Problems, func(g report.Problems) bool { return g.Kind == kind })
			if at < 0 {
				at = len(r.data.Problems)
				r.data.Problems = append(r.data.Problems, report.Problems{Kind: kind})
			}
			group := &r.data.Problems[at]
			group.Total++
			if len(group.Rows) < dataset.KeptProblems {
				group.Rows = append(group.Rows, report.Problem{ID: p.ID, Field: p.Field, Path: p.Path, URL: p.URL, Hint: p.Hint})
			}
			if i == len(list)-1 {
				group.Total += rest
			}
		}
	})
}
