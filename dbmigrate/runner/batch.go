package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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
	ready := entries[:0:0]
	for _, e := range entries {
		err := x.prepare(ctx, e)
		if err == nil {
			ready = append(ready, e)
		} else if err := x.failed(ctx, e, err); err != nil {
			return err
		}
	}
	finished, err := x.exchange(ctx, ready)
	if err != nil {
		return err
	}
	ended := finished[:0:0]
	for _, e := range finished {
		err := x.operations(ctx, e, e.plan.Last, len(e.plan.Ops))
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

// exchange writes the new documents of entries, in one durable write for all, each
// on condition that the old one is there yet. It returns the entries whose new
// document stands.
func (x *execution) exchange(ctx context.Context, entries []*entry) ([]*entry, error) {
	var models []mongo.WriteModel
	for _, e := range entries {
		if !e.resumed && !tooLarge(e) && e.plan.Collection == dbmigrate.Datasets {
			models = append(models, mongo.NewReplaceOneModel().SetFilter(unchanged(e.plan.ID, e.before)).SetReplacement(e.after))
		}
	}
	if len(models) > 0 {
		result, err := x.durable.Collection(dbmigrate.Datasets).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
		var refused mongo.BulkWriteException
		if err != nil && !errors.As(err, &refused) {
			return nil, fmt.Errorf("writing datasets: %w", err)
		}
		if err == nil && len(models) == len(entries) && int(result.MatchedCount) == len(entries) {
			return entries, nil
		}
	}
	done := entries[:0:0]
	for _, e := range entries {
		err := x.settle(ctx, e)
		if err == nil {
			done = append(done, e)
		} else if err := x.failed(ctx, e, err); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// settle writes the new document of one entry, unless it is there.
func (x *execution) settle(ctx context.Context, e *entry) error {
	if e.plan.New {
		_, err := x.durable.Collection(e.plan.Collection).ReplaceOne(ctx, bson.D{{Key: "_id", Value: e.plan.ID}}, e.after, options.Replace().SetUpsert(true))
		return err
	}
	// A client that merely looks at a dataset stamps it: a few of these must not
	// keep it from being migrated.
	for range 10 {
		current, err := x.current(ctx, e)
		if err != nil {
			return err
		}
		if isAfter(e, current) {
			return nil
		}
		replacement, matches := carryStamps(e.plan, current)
		if !matches {
			return &ChangedError{Dataset: e.plan.Name}
		}
		filter := unchanged(e.plan.ID, current)
		if tooLarge(e) {
			filter = bson.D{{Key: "_id", Value: e.plan.ID}, {Key: "version", Value: lookup(current, "version")}}
		}
		result, err := x.durable.Collection(e.plan.Collection).ReplaceOne(ctx, filter, replacement)
		if err != nil {
			return fmt.Errorf("writing %s: %w", called(e.plan), err)
		}
		if result.MatchedCount == 1 {
			return nil
		}
	}
	return &ChangedError{Dataset: e.plan.Name}
}

// current reads the document of an entry as it is now.
func (x *execution) current(ctx context.Context, e *entry) (bson.D, error) {
	if e.plan.New {
		return e.plan.Before, nil
	}
	doc, err := dbmigrate.First(ctx, x.Reader(), e.plan.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: e.plan.ID}}})
	if err == nil && doc == nil {
		err = &ChangedError{Dataset: e.plan.Name, Deleted: true}
	}
	return doc, err
}

// isAfter reports whether a document is past the exchange: it has the version that
// only the exchange gives it.
func isAfter(e *entry, current bson.D) bool {
	now, after, before := lookup(current, "version"), lookup(e.plan.After, "version"), lookup(e.plan.Before, "version")
	return !e.plan.New && now == after && now != before
}

// carryStamps returns the new document with the times that FiftyOne keeps of the
// use of a dataset as they are in current, and whether current is the plan's old
// document but for these.
func carryStamps(plan *dbmigrate.Plan, current bson.D) (bson.D, bool) {
	stamps := []string{"last_loaded_at", "last_modified_at", "last_deletion_at"}
	before := bson.D{}
	for _, e := range plan.Before {
		before = append(before, e)
	}
	after := append(bson.D{}, plan.After...)
	for _, key := range stamps {
		value := lookup(current, key)
		if value == nil {
			continue
		}
		setPresent(before, key, value)
		setPresent(after, key, value)
	}
	return after, dbmigrate.IDKey(before) == dbmigrate.IDKey(current)
}

func setPresent(doc bson.D, key string, value any) {
	for i := range doc {
		if doc[i].Key == key {
			doc[i].Value = value
		}
	}
}

func lookup(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// unchanged selects a document that is still what it was.
func unchanged(id, doc any) bson.D {
	literal := bson.D{{Key: "$literal", Value: doc}}
	return bson.D{{Key: "_id", Value: id}, {Key: "$expr", Value: bson.D{{Key: "$eq", Value: bson.A{"$$ROOT", literal}}}}}
}

// tooLarge reports whether both documents do not fit into one update.
func tooLarge(e *entry) bool { return e.size() > 12<<20 }

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
