package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dbmigrate"
)

// ChangedError says that a dataset was changed by somebody else while it was being
// migrated. It is as it was before, plus their change; what was added for it is
// gone. Migrating it again plans it anew.
type ChangedError struct {
	Dataset string
	Deleted bool // it is gone altogether
}

// Error implements error.
func (e *ChangedError) Error() string {
	if e.Deleted {
		return fmt.Sprintf("dataset %q was deleted by somebody else while it was being migrated", e.Dataset)
	}
	return fmt.Sprintf("dataset %q was changed by somebody else while it was being migrated", e.Dataset)
}

// batch carries out entries. What fails for one stays in the journal for the next
// run, or was undone; the error is for what ends this run.
func (x *execution) batch(ctx context.Context, entries []*entry) error {
	entries, err := x.backUp(ctx, entries)
	if err != nil || len(entries) == 0 {
		return err
	}
	if !entries[0].resumed {
		if err := x.journal.begin(ctx, entries); err != nil {
			return err
		}
	}
	ready, err := x.prepareAll(ctx, entries)
	if err != nil {
		return err
	}
	finished, err := x.exchange(ctx, ready)
	if err != nil {
		return err
	}
	ended := finished[:0:0]
	for _, e := range finished {
		err := x.operations(ctx, e, e.plan.Last, len(e.plan.Ops))
		if err == nil && x.opts.Applied != nil {
			err = x.opts.Applied(ctx, e.plan)
		}
		if err == nil {
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

// backUp hands what is going to be destroyed to Options.Backup and returns the
// entries for which that worked. One of an earlier run was backed up then.
func (x *execution) backUp(ctx context.Context, entries []*entry) ([]*entry, error) {
	if x.opts.Backup == nil {
		return entries, nil
	}
	kept := entries[:0:0]
	for _, e := range entries {
		if !e.resumed {
			if err := x.opts.Backup(ctx, e.plan, x.destroys(ctx, e.plan)); err != nil {
				if err := x.fail(e.plan.Name, fmt.Errorf("backing up %s: %w", called(e.plan), err)); err != nil {
					return nil, err
				}
				continue
			}
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// failed records the failure of an entry. Its error ends the run, as the end of the
// context does: that is no failure of the dataset.
func (x *execution) failed(ctx context.Context, e *entry, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var changed *ChangedError
	if errors.As(err, &changed) {
		if err := x.abandon(ctx, e); err != nil {
			return err
		}
	} else {
		x.mu.Lock()
		x.stuck[dbmigrate.IDKey(e.plan.ID)] = true
		x.mu.Unlock()
	}
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

// prepare carries out what comes before the document. An entry of an earlier run may
// be past that.
func (x *execution) prepare(ctx context.Context, e *entry) error {
	if e.resumed {
		current, err := x.current(ctx, e)
		if err != nil {
			return err
		}
		if isAfter(e, current) {
			return nil
		}
	}
	return x.operations(ctx, e, e.plan.Ops, 0)
}

// abandon takes back what was added for an entry whose document somebody else has
// changed: new documents that this one does not name.
func (x *execution) abandon(ctx context.Context, e *entry) error {
	current, err := dbmigrate.First(ctx, x.Reader(), e.plan.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: e.plan.ID}}})
	if err != nil {
		return err
	}
	named, err := bson.Marshal(bson.D{{Key: "before", Value: e.plan.Before}, {Key: "current", Value: current}})
	if err != nil {
		return err
	}
	for _, op := range e.plan.Ops {
		put, isPut := op.(dbmigrate.Put)
		id, isOID := lookup(put.Doc, "_id").(bson.ObjectID)
		if !isPut || !isOID || bytes.Contains(named, id[:]) {
			continue
		}
		if _, err := x.db.Collection(put.Collection).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
			return fmt.Errorf("taking back what was added for %s: %w", called(e.plan), err)
		}
	}
	return x.journal.end(ctx, []*entry{e})
}
