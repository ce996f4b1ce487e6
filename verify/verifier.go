package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// A verifier makes one Report.
type verifier struct {
	Report
	job      Job
	opts     Options
	resolver localfile.Resolver
	places   places
	scratch  *scratch
	index    map[string]int // of Fields by name
	values   int64          // read so far
	total    int64          // objects to look at
	problems []finding      // the first, in the order of their rows
}

// Verify looks at every media path of the job's dataset. Whatever is wrong with
// them is in the Report; an error means that the dataset, a ledger or the list
// of paths could not be read, or that ctx has ended, and the Report is of what
// was looked at until then.
func Verify(ctx context.Context, job Job, opts Options) (report Report, err error) {
	v := &verifier{job: job, opts: opts.withDefaults(), index: map[string]int{}}
	v.places = places{open: job.Open, engine: v.opts.engine(), heads: map[string]*place{}, all: map[bucket.Store]*place{}}
	if v.resolver, err = localfile.New(job.Dir, job.RelDirs); err != nil {
		return Report{}, err
	}
	if v.scratch, err = newScratch(ctx); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, v.scratch.close()) }()
	if err = v.read(ctx); err == nil {
		err = v.lookAll(ctx)
	}
	return v.finished(), err
}

// lookAll looks at every path of the list.
func (v *verifier) lookAll(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan row)
	results := make(chan finding, v.opts.Workers)
	var workers sync.WaitGroup
	for range v.opts.Workers {
		workers.Go(func() {
			for r := range work {
				results <- v.look(ctx, r)
			}
		})
	}
	go func() {
		if err := v.feed(ctx, work); err != nil {
			stop(err)
		}
		close(work)
		workers.Wait()
		close(results)
	}()
	for f := range results {
		if f.err != nil && ctx.Err() == nil {
			stop(f.err)
		}
		// What was under way when the end came says nothing of its object.
		if ctx.Err() == nil {
			v.count(f)
		}
	}
	return context.Cause(ctx)
}

func (v *verifier) feed(ctx context.Context, work chan<- row) error {
	for r, err := range v.scratch.rows(ctx) {
		if err != nil {
			return err
		}
		select {
		case work <- r:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (v *verifier) count(f finding) {
	v.Looked++
	into := &v.Fields[f.field]
	into.Bytes += f.bytes
	if f.noSource {
		v.NoSource++
	}
	switch {
	case f.kind == Missing:
		into.Missing++
	case f.kind == Different:
		into.Different++
	case f.kind == Unseen:
		into.Unseen++
	case f.level == byChecksum:
		into.Checksum++
	case f.level == bySize:
		into.Size++
	default:
		into.Existence++
	}
	if f.kind != "" {
		v.keep(f)
	}
	v.opts.Progress(Progress{Phase: "verifying", Done: v.Looked, Total: v.total})
}

// keep keeps a problem if it is one of the first. Workers may finish in any
// order; the problems stand in that of their rows.
func (v *verifier) keep(f finding) {
	at, _ := slices.BinarySearchFunc(v.problems, f, func(a, b finding) int { return int(a.id - b.id) })
	if at == dataset.KeptProblems {
		return
	}
	v.problems = slices.Insert(v.problems, at, f)
	v.problems = v.problems[:min(len(v.problems), dataset.KeptProblems)]
}

// finished is the report of what was counted.
func (v *verifier) finished() Report {
	for _, f := range v.Fields {
		v.Total.add(f)
	}
	for _, f := range v.problems {
		hint := f.hint
		if f.scene != "" {
			hint += fmt.Sprintf("; an asset of %s", f.scene)
		}
		if more := f.refs - 1; more > 0 {
			hint += fmt.Sprintf("; %d more values name it", more)
		}
		v.Problems = append(v.Problems, dataset.Problem{
			Kind: f.kind, ID: f.doc, Field: v.Fields[f.field].Name, Path: f.path, Hint: hint,
		})
	}
	return v.Report
}
