package upload

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// Sent says what Execute did.
type Sent struct {
	// Objects and Bytes were sent, the bytes also for objects that are not whole
	// yet; Found objects were there already with the
	// same bytes; Replaced ones are counted among Objects too.
	Objects, Bytes, Found, Replaced int64
	// Failed counts files that could not be sent; Failures are the first.
	Failed   int64
	Failures []dataset.Problem
	// Notes say what the target turned out not to do.
	Notes []string
}

// A FailedError is the failure of one file.
type FailedError struct {
	Local, URL string
	Err        error
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("sending %q to %s: %v", e.Local, e.URL, e.Err)
}

// Unwrap returns what went wrong.
func (e *FailedError) Unwrap() error { return e.Err }

// Execute sends what the plan says and the ledger does not know to have
// arrived. Before the first byte it asks every target whether it is there, and
// looks for other objects under the plan's keys: those are a *dataset.Refusal.
// When ctx ends it starts no more files or parts, lets those begun finish, for
// Options.Grace at most, and returns ErrStopped. It is safe to call again. A
// large file that was not finished then goes on where it stopped.
func (p *Plan) Execute(ctx context.Context) (Sent, error) {
	e := &executor{plan: p, limits: newLimits(p.opts)}
	e.total.Files, e.total.Bytes = p.ToSend()
	if e.total.Files == 0 && p.Values() == 0 {
		return e.sent, nil
	}
	stores := p.stores()
	for _, c := range stores {
		if err := c.Check(ctx); err != nil {
			return e.sent, err
		}
	}
	var err error
	if e.total.Files > 0 {
		if err = e.probe(ctx); err == nil {
			err = e.pass(ctx, e.send)
		}
	}
	if ctx.Err() == nil {
		err = errors.Join(err, e.abandon(ctx))
	}
	for _, c := range stores {
		e.sent.Notes = append(e.sent.Notes, c.Notes()...)
	}
	if settle := p.job.Ledger.SettleTwins(context.WithoutCancel(ctx)); err == nil {
		err = settle
	}
	return e.sent, err
}

// stores are the distinct stores of the plan that can tell whether they are
// usable.
func (p *Plan) stores() []bucket.Checker {
	var list []bucket.Checker
	seen := map[bucket.Store]bool{}
	for _, root := range p.root {
		if c, ok := root.Store.(bucket.Checker); ok && !seen[root.Store] {
			seen[root.Store] = true
			list = append(list, c)
		}
	}
	return list
}

// An executor is one call of Execute.
type executor struct {
	plan   *Plan
	limits limits
	sent   Sent
	total  Progress
	done   Progress
	first  error // the first failure, when failures end the run
	pool   *pool // of the pass that is under way
}

// An outcome is what became of one task of a pass: a file, or a part of one.
type outcome struct {
	file     ledger.File
	err      error
	found    bool // the object was there already
	replaced bool
	skip     bool // nothing to note of the file
	// cut tells that the bytes of the file were counted part by part: part has
	// arrived, if its number is not 0, and progress is what that adds. It was
	// sent, unless it was there.
	cut      bool
	part     ledger.Part
	there    bool
	progress int64
}

// pass runs one step over all pending files with the plan's workers. Results
// are written to the ledger in batches by one goroutine.
func (e *executor) pass(ctx context.Context, step func(context.Context, ledger.File) outcome) error {
	// Files begun may finish after ctx has ended, but not forever.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stopGrace := context.AfterFunc(ctx, func() { time.AfterFunc(e.plan.opts.Grace, cancel) })
	defer stopGrace()

	var halt atomic.Bool
	results := make(chan outcome, 2*e.plan.opts.Workers)
	recorded := make(chan error, 1)
	go func() { recorded <- e.record(work, results, &halt) }()

	var feed error
	files, end := iter.Pull2(e.plan.job.Ledger.Pending(work))
	defer end()
	e.pool = newPool(func() task {
		f, err, ok := files()
		if !ok || err != nil {
			feed = errors.Join(feed, err)
			return nil
		}
		return func(ctx context.Context) outcome { return step(ctx, f) }
	}, func() bool { return ctx.Err() != nil || halt.Load() })
	e.pool.work(work, e.plan.opts.Workers, results)
	close(results)
	err := errors.Join(feed, <-recorded)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrStopped, context.Cause(ctx))
	case e.first != nil:
		return e.first
	}
	return nil
}

// recordEvery bounds how much a kill can make the ledger forget; what it
// forgets is found at the target again.
const (
	recordEvery = 250 * time.Millisecond
	recordBatch = 500
)

// record takes the results of a pass: the ledger, the counts, the progress.
func (e *executor) record(ctx context.Context, results <-chan outcome, halt *atomic.Bool) error {
	ctx = context.WithoutCancel(ctx)
	var batch []ledger.File
	var parts []ledger.Part
	last := time.Now()
	flush := func() error {
		var errs []error
		if len(batch) > 0 {
			errs = append(errs, e.plan.job.Ledger.Record(ctx, batch))
		}
		if len(parts) > 0 {
			errs = append(errs, e.plan.job.Ledger.RecordParts(ctx, parts))
		}
		batch, parts, last = batch[:0], parts[:0], time.Now()
		return errors.Join(errs...)
	}
	var failed error
	for o := range results {
		if !o.skip {
			batch = append(batch, o.file)
		}
		if o.part.N > 0 {
			parts = append(parts, o.part)
		}
		e.count(o)
		if e.first != nil {
			halt.Store(true)
		}
		if len(batch) >= recordBatch || time.Since(last) >= recordEvery {
			if err := flush(); err != nil && failed == nil {
				failed = err // go on draining, so that no worker waits forever
				halt.Store(true)
			}
		}
	}
	if err := flush(); failed == nil {
		failed = err
	}
	return failed
}

func (e *executor) count(o outcome) {
	if o.part.N > 0 && !o.there {
		e.sent.Bytes += o.part.Size
	}
	e.done.Bytes += o.progress
	whole := o.file.Size
	if o.cut {
		whole = 0
	}
	switch {
	case o.skip:
		if o.progress != 0 {
			e.show()
		}
		return
	case o.err != nil:
		e.sent.Failed++
		failed := &FailedError{Local: o.file.Local, URL: o.file.URL, Err: o.err}
		if len(e.sent.Failures) < dataset.KeptProblems {
			e.sent.Failures = append(e.sent.Failures, dataset.Problem{
				Kind: "failed", Path: o.file.Path, URL: o.file.URL, Hint: o.err.Error(),
			})
		}
		if e.first == nil && !e.plan.opts.SkipFailures && !errors.Is(o.err, context.Canceled) {
			e.first = failed
		}
		return
	case o.found:
		e.sent.Found++
	default:
		e.sent.Objects++
		e.sent.Bytes += whole
		if o.replaced {
			e.sent.Replaced++
		}
	}
	e.done.Files++
	e.done.Bytes += whole
	e.show()
}

func (e *executor) show() {
	e.plan.opts.Progress(Progress{
		Phase: "sending", Files: e.done.Files, TotalFiles: e.total.Files, Bytes: e.done.Bytes, TotalBytes: e.total.Bytes,
	})
}
