// Package export writes a dataset of a database into a directory, as
// fo.types.FiftyOneDataset does, so that FiftyOne cannot tell it from its own
// export: documents, the dataset's own document, run results, tags, and if
// wanted the media. What FiftyOne's export loses is kept as far as its importer
// lets it be.
//
// The directory is built beside its place and moved there when all of it is
// there.
package export

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
)

// A Job is what an export is about.
type Job struct {
	// Source is the dataset.
	Source dataset.Source
	// Dir is where the export goes.
	Dir string
	// Reach, for Overwrite, lists every dataset that may name what is in Dir. An
	// error of it ends the export.
	Reach iter.Seq2[Named, error]
}

// A Named is a dataset and its name.
type Named struct {
	Name   string
	Source dataset.Source
	// Dir is what its relative paths are relative to: the directory of an export.
	Dir string
}

// Options of an export; the zero value exports no media, paths as they are, and
// replaces nothing.
type Options struct {
	// Media copies the media of samples to data/ and fields/, where FiftyOne's
	// importer makes their relative paths absolute again; see Field.
	Media bool
	// RelDir is a directory that is cut off from paths below it, where FiftyOne's
	// importer makes these absolute again. With Media it is where names in data/ and
	// fields/ start from; what is outside of it is not copied.
	RelDir string
	// AssetDirs are directories that assets of scenes may lie in besides RelDir and
	// the common directory of the media.
	AssetDirs []string
	// Overwrite replaces an export, unless a dataset names what is in it.
	Overwrite bool
	// Workers copy media at a time; 0 is 8.
	Workers int
	// Planned, if set, is told what becomes of the paths before anything is copied: with
	// Media or RelDir, and again where the dataset changes meanwhile. Fields of frames
	// have no numbers then.
	Planned func([]Field)
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// A Field says how many paths of a media field become relative, and how many stay
// absolute: FiftyOne's importer makes none absolute again that stands in a list, in a
// label of a class without a media attribute, or in a frame
// (fiftyone.utils.data.importers, FiftyOneDatasetImporter). URLs and paths outside of
// Options.RelDir do not count.
type Field struct {
	Name     string `json:"name"`
	Relative int64  `json:"relative"`
	Absolute int64  `json:"absolute"`
	// Why some stay absolute, in words; empty if none do.
	Why string `json:"why,omitempty"`
}

// Progress says how far a phase has come; a Total is 0 while it is unknown.
type Progress struct {
	Phase             string // "checking", "planning", "copying", "exporting"
	Done, Total       int64  // documents, or files where the phase is "copying"
	Bytes, TotalBytes int64  // of files
}

// A Report says what was exported.
type Report struct {
	Samples, Frames, Tags int64
	Views, Runs           int
	Files, Bytes          int64 // media that were copied
	// Fields are the media fields with paths that became relative or stayed absolute,
	// with Options.Media or Options.RelDir.
	Fields []Field
	// Warnings are sentences about what a user may miss or be surprised by.
	Warnings []string
}

// attempts is how often an export is begun when the schema of the dataset keeps
// changing under it.
const attempts = 3

// Run exports a dataset. What must not happen is a *dataset.Refusal or
// dirstore.ErrOccupied; nothing is changed then.
func Run(ctx context.Context, job Job, opts Options) (report Report, err error) {
	if opts.Workers <= 0 {
		opts.Workers = 8
	}
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	if opts.Planned == nil {
		opts.Planned = func([]Field) {}
	}
	if opts.RelDir != "" {
		if opts.RelDir, err = filepath.Abs(opts.RelDir); err != nil {
			return report, fmt.Errorf("finding directory %q: %w", opts.RelDir, err)
		}
	}
	if job.Dir, err = filepath.Abs(job.Dir); err != nil {
		return report, fmt.Errorf("finding directory %q: %w", job.Dir, err)
	}
	if opts.Overwrite {
		if err := unnamed(ctx, job, opts); err != nil {
			return report, err
		}
	}
	for try := 1; ; try++ {
		report, err = once(ctx, job, opts)
		if !errors.Is(err, dataset.ErrChanged) || try == attempts {
			break
		}
	}
	return report, err
}

// once is one attempt.
func once(ctx context.Context, job Job, opts Options) (report Report, err error) {
	m, err := job.Source.Manifest(ctx)
	if err != nil {
		return report, err
	}
	finder, err := dataset.NewFinder(m, nil)
	if err != nil {
		return report, err
	}
	if err := checkNames(m, finder, opts); err != nil {
		return report, err
	}
	w, err := dirstore.Create(job.Dir, dirstore.Options{Overwrite: opts.Overwrite})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	paths, err := newPaths(ctx, job.Source, m, finder, opts)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, paths.close()) }()
	if err := paths.place(ctx, w); err != nil {
		return report, err
	}
	counts := map[dataset.Part]int64{}
	checker, unreadable := dataset.NewChecker(m), dataset.NewUnreadable()
	total, done := m.Counts[dataset.Samples]+m.Counts[dataset.Frames]+m.Counts[dataset.Tags], int64(0)
	edit := func(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
		counts[part]++
		if done++; done%1000 == 0 || done == total {
			opts.Progress(Progress{Phase: "exporting", Done: done, Total: total})
		}
		fault, ok, err := checker.Check(part, doc)
		if err != nil {
			return nil, err
		}
		if !ok {
			unreadable.AddFault(doc, fault)
		}
		return paths.edit(part, doc)
	}
	if err := dataset.Copy(ctx, paths.sink(w), job.Source, edit); err != nil {
		return report, err
	}
	report = Report{Samples: counts[dataset.Samples], Frames: counts[dataset.Frames], Tags: counts[dataset.Tags],
		Views: len(m.Views()), Runs: len(m.Runs()), Files: paths.files, Bytes: paths.bytes, Fields: sortedFields(paths.fields), Warnings: warnings(m, counts)}
	report.Warnings = append(report.Warnings, paths.warnings()...)
	if unreadable.Total > 0 {
		p := unreadable.Problems[0]
		report.Warnings = append(report.Warnings, fmt.Sprintf("FiftyOne cannot read %d of the documents, and no import takes them: %s, field %s %s; %s",
			unreadable.Total, p.ID, p.Field, p.Hint, unreadable.Hint))
	}
	return report, nil
}

// checkNames refuses names that would lead out of the directory. Fields have
// directories of their own where media are copied or paths become relative.
func checkNames(m dataset.Manifest, finder *dataset.Finder, opts Options) error {
	var fields []string
	if opts.Media || opts.RelDir != "" {
		fields = finder.Names()
	}
	return dataset.CheckNames(m, fields)
}

// warnings says what is not all there.
func warnings(m dataset.Manifest, counts map[dataset.Part]int64) []string {
	var list []string
	for _, p := range m.Problems {
		list = append(list, fmt.Sprintf("%s %s %s: %s", p.Field, p.Path, p.ID, p.Hint))
	}
	for _, part := range dataset.MediaParts() {
		if before, known := m.Counts[part]; known && before != counts[part] {
			list = append(list, fmt.Sprintf("somebody changed the dataset meanwhile: there were %d %s, %d were exported", before, part, counts[part]))
		}
	}
	for _, run := range m.External() {
		list = append(list, fmt.Sprintf("the brain run %q keeps its vectors in %s, outside of the dataset: they are not exported", run.Key, run.Backend))
	}
	return list
}
