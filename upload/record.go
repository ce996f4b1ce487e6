package upload

import (
	"context"
	"errors"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// recordEvery bounds how much a kill can make the ledger forget; what it
// forgets is found at the target again.
const (
	recordEvery = 250 * time.Millisecond
	recordBatch = 500
)

// record takes the results of a pass: the ledger, the counts, the progress.
func (e *executor) record(ctx context.Context, results <-chan outcome, halt func()) error {
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
			halt()
		}
		if len(batch) >= recordBatch || time.Since(last) >= recordEvery {
			if err := flush(); err != nil && failed == nil {
				failed = err // go on draining, so that no worker waits forever
				halt()
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
	e.sent.Bytes += o.sent
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
		if e.first == nil && e.ends(o.err) {
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
	sent := e.sent
	sent.Traffic, sent.Failures, sent.Notes = e.engine.Counts(), nil, nil
	e.plan.opts.Progress(Progress{
		Phase: "sending", Files: e.done.Files, TotalFiles: e.total.Files, Bytes: e.done.Bytes, TotalBytes: e.total.Bytes,
		Sent: sent,
	})
}

// ends tells whether the failure of a file ends the run.
func (e *executor) ends(err error) bool {
	return err != nil && !left(err) && (!e.plan.opts.SkipFailures || hopeless(err))
}

// hopeless tells failures that every other file would meet too: going on past
// them would only repeat them.
func hopeless(err error) bool {
	for _, kind := range []error{errAlone, transfer.ErrStoreOut, bucket.ErrNoBucket, bucket.ErrIdentity, bucket.ErrQuota} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
