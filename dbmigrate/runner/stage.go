package runner

import (
	"bytes"
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// A stage is where a migration stands, by the document that it is about.
type stage int

const (
	planned stage = iota // the document is as it was planned
	written              // the new document stands
	edited               // somebody changed the old document; its version is the old one
	moved                // somebody took the dataset to another version
	deleted              // there is no document
)

// stage reads the document of an entry and says where its migration stands. Nothing of
// an entry may be carried out before it is known: what was planned for the old document
// spoils the data of one that somebody else has migrated.
func (r *Runner) stage(ctx context.Context, e *entry) (stage, bson.D, error) {
	current, err := dbmigrate.First(ctx, r.Reader(), e.plan.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: e.plan.ID}}})
	if err != nil {
		return 0, nil, err
	}
	if e.plan.New {
		return r.stageOfNew(ctx, e, current)
	}
	return stageOf(e, current), current, nil
}

func stageOf(e *entry, current bson.D) stage {
	if current == nil {
		return deleted
	}
	_, asBefore := carryStamps(e.plan, current)
	_, asAfter := carryStamps(&dbmigrate.Plan{Before: e.plan.After, After: e.plan.After}, current)
	now, before, after := lookup(current, "version"), lookup(e.plan.Before, "version"), lookup(e.plan.After, "version")
	switch {
	case asBefore || e.repairs() && now == before:
		return planned
	// Somebody may have edited it since, or have migrated it there himself: what comes
	// after the document spares what has a name, and is right for the version.
	case asAfter || now == after && now != before:
		return written
	case now == before:
		return edited
	}
	return moved
}

// stageOfNew is stage for a document that the plan makes. Where somebody has made
// another one there is no place for it.
func (r *Runner) stageOfNew(ctx context.Context, e *entry, current bson.D) (stage, bson.D, error) {
	if current != nil {
		return written, current, nil
	}
	other, err := dbmigrate.First(ctx, r.Reader(), e.plan.Collection, dbmigrate.Query{})
	if err != nil || other != nil {
		return moved, other, err
	}
	return planned, e.plan.Before, nil
}

// repairs reports whether an entry changes documents beside the dataset's own alone.
func (e *entry) repairs() bool { return !e.plan.New && bytes.Equal(e.before, e.after) }

// changes reports whether an operation that comes before the document changes what was
// there before for good: neither adds to it, nor knows what it was.
func (e *entry) changes(op dbmigrate.Op) bool {
	switch op := op.(type) {
	case dbmigrate.CopyResult:
		return false
	case dbmigrate.Put:
		id, isOID := lookup(op.Doc, "_id").(bson.ObjectID)
		return op.Was == nil && (!isOID || bytes.Contains(e.before, id[:])) // of an earlier release
	}
	return !op.Last()
}

// lookAgain is how long an operation may rely on what was seen of the document.
const lookAgain = 5 * time.Second

// still looks whether the document of an entry is as it was planned, before an
// operation that would change what was there.
func (x *execution) still(ctx context.Context, e *entry) error {
	if e.alone || time.Since(e.checked) < lookAgain {
		return nil
	}
	at, _, err := x.stage(ctx, e)
	switch {
	case err != nil:
		return err
	case at != planned:
		return &ChangedError{Dataset: e.plan.Name, Deleted: at == deleted, Begun: e.begun}
	}
	e.checked = time.Now()
	return nil
}

// begins records that an entry changes what was there, before it does.
func (x *execution) begins(ctx context.Context, e *entry, op dbmigrate.Op) error {
	if e.begun || !e.changes(op) || !x.known[op.Target()] {
		return nil
	}
	if update, isUpdate := op.(dbmigrate.UpdateAll); isUpdate {
		found, err := dbmigrate.First(ctx, x.Reader(), update.Collection, dbmigrate.Query{Filter: update.Filter, Fields: []string{"_id"}})
		if found == nil || err != nil {
			return err // nothing is to be changed
		}
	}
	e.begun = true
	return x.journal.mark(ctx, []*entry{e}, "begun", true)
}
