// Package importer brings an export directory of FiftyOne's into a database, as
// fiftyone.core.dataset.Dataset.from_dir does, without what that loses: ids,
// times and types stay, and so do indexes that users made.
//
// Relative paths become absolute on the way in; edits may give paths other values.
// Nothing is visible before the whole of it is there.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Source is an export directory.
type Source interface {
	dataset.Source
	// Count counts the documents of a part, and finds out whether it is whole.
	Count(ctx context.Context, part dataset.Part) (int64, error)
}

// A Job is what an import is about.
type Job struct {
	Source Source
	// Dir is the directory that the source is in.
	Dir string
	// Sink is the dataset that is made. It is closed if it is an io.Closer.
	Sink dataset.Sink
}

// Options of an import.
type Options struct {
	// RelDir is the directory that relative paths are below; empty means Dir.
	RelDir string
	// Edits change documents whose paths are absolute already.
	Edits []dataset.Edit
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// Progress says how far a phase has come.
type Progress struct {
	Phase       string // "checking", "importing", "finishing"
	Done, Total int64  // documents; Total is 0 while it is unknown
}

// A Report says what was imported.
type Report struct {
	Samples, Frames, Tags int64
	Views, Runs           int
	// Warnings are sentences about what a user may miss or be surprised by.
	Warnings []string
}

// Run imports a dataset. What the export is not sound in is
// dataset.ErrMalformed, with where it is.
func Run(ctx context.Context, job Job, opts Options) (report Report, err error) {
	if closer, ok := job.Sink.(io.Closer); ok {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	m, err := job.Source.Manifest(ctx)
	if err != nil {
		return report, err
	}
	absolute, err := NewAbsolute(m, job.Dir, opts.RelDir)
	if err != nil {
		return report, err
	}
	total, err := count(ctx, job.Source, opts)
	if err != nil {
		return report, err
	}
	counts := map[dataset.Part]int64{}
	done := int64(0)
	edits := []dataset.Edit{dataset.NewChecker(m).Edit, absolute.Edit}
	edits = append(edits, opts.Edits...)
	edits = append(edits, func(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
		counts[part]++
		if done++; done%1000 == 0 || done == total {
			opts.Progress(Progress{Phase: "importing", Done: done, Total: total})
		}
		return doc, nil
	})
	if err := dataset.Copy(ctx, guarded{job.Sink, absolute}, job.Source, edits...); err != nil {
		return report, err
	}
	report = Report{Samples: counts[dataset.Samples], Frames: counts[dataset.Frames], Tags: counts[dataset.Tags],
		Views: len(m.Views()), Runs: len(m.Runs())}
	report.Warnings = append(warnings(m), absolute.warnings()...)
	return report, nil
}

// A guarded sink does not make the dataset visible if a path of it leads out of the
// directory that it is to be below.
type guarded struct {
	dataset.Sink
	paths *Absolute
}

// Commit implements dataset.Sink.
func (g guarded) Commit(ctx context.Context, final dataset.Manifest) error {
	if err := g.paths.Refused(); err != nil {
		return err
	}
	return g.Sink.Commit(ctx, final)
}

// count goes through the files once: damage is better found before the first
// write, and progress needs a total.
func count(ctx context.Context, src Source, opts Options) (total int64, err error) {
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		opts.Progress(Progress{Phase: "checking"})
		n, err := src.Count(ctx, part)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// warnings says what is not all there.
func warnings(m dataset.Manifest) []string {
	var list []string
	for _, p := range m.Problems {
		what := filepath.Base(p.Path)
		if p.Field != "" {
			what = strings.TrimSuffix(p.Field+" "+p.Path, " ")
		}
		list = append(list, fmt.Sprintf("%s: %s", what, p.Hint))
	}
	for _, run := range m.External() {
		list = append(list, fmt.Sprintf("the brain run %q keeps its vectors in %s, outside of the dataset: they are not copied", run.Key, run.Backend))
	}
	return list
}
