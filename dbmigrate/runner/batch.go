package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dbmigrate"
)

// ChangedError says that a dataset was changed by somebody else while it was being
// migrated, or since. It is as it was before, plus their change, and what was added for
// it is gone; unless Begun. The migration is given up: the next one is planned again.
type ChangedError struct {
	Dataset string // "" for the database itself
	Deleted bool   // it is gone altogether
	// Begun tells that samples or frames had been changed for the migration by then,
	// and that the dataset was taken to another version since: nothing more was done.
	Begun bool
}

// Error implements error.
func (e *ChangedError) Error() string {
	what := "the database"
	if e.Dataset != "" {
		what = fmt.Sprintf("dataset %q", e.Dataset)
	}
	switch {
	case e.Deleted:
		return what + " was deleted by somebody else while it was being migrated"
	case e.Begun:
		return what + " was changed by somebody else while it was being migrated, and part of its documents had been changed for that before: its migration is given up"
	}
	return what + " was changed by somebody else while it was being migrated"
}

// batch carries out new entries. What fails for one stays in the journal for the next
// run, or was undone; the error is for what ends this run.
func (x *execution) batch(ctx context.Context, entries []*entry) error {
	kept := entries[:0:0]
	for _, e := range entries {
		err := writable(e)
		if err == nil {
			err = x.backUp(ctx, e)
		}
		if err == nil {
			kept = append(kept, e)
		} else if err := x.fail(e.plan.Name, err); err != nil {
			return err
		}
	}
	if len(kept) == 0 {
		return nil
	}
	if len(kept) > 1 { // their marks are no writes of their own
		for _, e := range kept {
			e.checked, e.begun = time.Now(), slices.ContainsFunc(e.plan.Ops, func(op dbmigrate.Op) bool { return x.passes(e, op) })
		}
	}
	if err := x.journal.begin(ctx, kept); err != nil {
		return err
	}
	return x.carry(ctx, kept)
}

// passes reports whether an operation changes all documents of a collection.
func (x *execution) passes(e *entry, op dbmigrate.Op) bool {
	update, isUpdate := op.(dbmigrate.UpdateAll)
	return e.changes(op) && x.known[op.Target()] && (!isUpdate || len(update.Filter) == 0)
}

// carry carries out entries that the journal holds.
func (x *execution) carry(ctx context.Context, entries []*entry) error {
	ready, err := x.prepareAll(ctx, entries)
	if err != nil {
		return err
	}
	finished, err := x.exchange(ctx, ready)
	if err != nil {
		return err
	}
	if err := x.markWritten(ctx, finished); err != nil {
		return err
	}
	ended := finished[:0:0]
	for _, e := range finished {
		if err := x.conclude(ctx, e); err == nil {
			ended = append(ended, e)
		} else if err := x.failed(ctx, e, err); err != nil {
			return err
		}
	}
	if err := x.journal.end(ctx, ended); err != nil {
		return err
	}
	for _, e := range ended {
		x.count(func(report *Report) {
			report.Migrated++
			if e.resumed {
				report.Resumed++
			}
			report.Warnings = append(report.Warnings, e.plan.Warnings...)
		})
	}
	return nil
}

// markWritten records that the new documents stand, by which a later run knows that
// one which was edited since is ours, and what is to be deleted for it.
func (x *execution) markWritten(ctx context.Context, entries []*entry) error {
	var some []*entry
	for _, e := range entries {
		if len(e.plan.Last) > 0 && !e.written {
			e.written = true
			some = append(some, e)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return x.journal.mark(ctx, some, "written", true)
}

// conclude carries out what comes after the document.
func (x *execution) conclude(ctx context.Context, e *entry) error {
	ops, err := x.spared(ctx, e)
	if err != nil {
		return err
	}
	if err := x.operations(ctx, e, ops, len(e.plan.Ops)); err != nil {
		return err
	}
	if err := x.leave(ctx, e); err != nil {
		return err
	}
	if x.opts.Applied != nil {
		return x.opts.Applied(ctx, e.plan)
	}
	return nil
}

// failed records the failure of an entry. Its error ends the run, as the end of the
// context does: that is no failure of the dataset.
func (x *execution) failed(ctx context.Context, e *entry, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, changed := errors.AsType[*ChangedError](err); changed {
		var again *entry
		if again, err = x.changed(ctx, e); ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			return x.carry(ctx, []*entry{again})
		}
	}
	x.mu.Lock()
	x.stuck[dbmigrate.IDKey(e.plan.ID)] = true
	x.mu.Unlock()
	return x.fail(e.plan.Name, err)
}

// prepareAll carries out what comes before the documents, for several datasets at a
// time: most are small, and waiting is most of what they cost. It returns the
// entries for which that worked.
func (x *execution) prepareAll(ctx context.Context, entries []*entry) ([]*entry, error) {
	errs := make([]error, len(entries))
	var group errgroup.Group
	group.SetLimit(4)
	for i, e := range entries {
		group.Go(func() error {
			errs[i] = x.prepare(ctx, e)
			return nil
		})
	}
	_ = group.Wait() // its functions have kept their errors
	ready := entries[:0:0]
	for i, e := range entries {
		if errs[i] == nil {
			ready = append(ready, e)
		} else if err := x.failed(ctx, e, errs[i]); err != nil {
			return nil, err
		}
	}
	return ready, nil
}

// prepare carries out what comes before the document, unless that is written.
func (x *execution) prepare(ctx context.Context, e *entry) error {
	if e.resumed {
		at, _, err := x.stage(ctx, e)
		switch {
		case err != nil:
			return err
		case at == written:
			return nil
		case at != planned:
			return &ChangedError{Dataset: e.plan.Name, Deleted: at == deleted}
		}
		e.checked = time.Now()
	}
	if err := x.operations(ctx, e, e.plan.Ops, 0); err != nil {
		return err
	}
	return x.noteLeft(ctx, e)
}
