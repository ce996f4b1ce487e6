package upload

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// An executor is one call of Execute.
type executor struct {
	plan   *Plan
	engine *transfer.Engine
	views  map[string]bucket.View // by placeOf
	sent   Sent
	total  Progress
	done   Progress
	first  error // the first failure, when failures end the run
	pool   *pool // of the pass that is under way
	// lost counts large files of which the store no longer has what an earlier run
	// has sent.
	lost atomic.Int64
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
	// sent are bytes of the file that were sent and are no part.
	sent int64
}

// pass runs one step over all pending files with the plan's workers. Results
// are written to the ledger in batches by one goroutine.
func (e *executor) pass(ctx context.Context, step func(context.Context, ledger.File) outcome) error {
	// Files begun may finish after ctx has ended, but not forever.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stopGrace := context.AfterFunc(ctx, func() { time.AfterFunc(e.plan.opts.Grace, cancel) })
	defer stopGrace()
	// Nothing new is begun once ctx has ended or the pass has failed.
	begin, halt := context.WithCancel(ctx)
	defer halt()

	results := make(chan outcome, 2*e.plan.opts.Workers)
	recorded := make(chan error, 1)
	go func() { recorded <- e.record(work, results, halt) }()

	var feed error
	files, end := iter.Pull2(e.plan.job.Ledger.Pending(work))
	defer end()
	e.pool = newPool(func() task {
		f, err, ok := files()
		if !ok || err != nil {
			feed = errors.Join(feed, err)
			return nil
		}
		s := &single{executor: e, file: f, step: step, halted: begin.Done(), halt: halt}
		return s.run
	}, func() bool { return begin.Err() != nil }, e.engine.Limit)
	e.engine.Begin(begin.Done(), e.pool.resized)
	e.pool.work(work, results)
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
