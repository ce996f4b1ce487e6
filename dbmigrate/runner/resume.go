package runner

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// resume carries out an entry that an earlier run left, if it still may be.
func (x *execution) resume(ctx context.Context, e *entry, u Unfinished) error {
	if !u.Changed {
		var err error
		if x.opts.Agree != nil {
			err = x.opts.Agree(e.plan)
		}
		if err == nil {
			err = x.backUpResumed(ctx, e, u)
		}
		if err != nil {
			return x.failed(ctx, e, err)
		}
	}
	return x.carry(ctx, []*entry{e})
}

// changed decides what becomes of an entry whose dataset somebody else has changed:
// it is planned again where its data is half way and the dataset is not, and given up
// otherwise, for which the error is.
func (x *execution) changed(ctx context.Context, e *entry) (*entry, error) {
	at, current, err := x.stage(ctx, e)
	if err != nil {
		return nil, err
	}
	if e.begun && (at == planned || at == edited) {
		return x.rebase(ctx, e, current)
	}
	if err := x.takeBack(ctx, e); err != nil {
		return nil, err
	}
	return nil, &ChangedError{Dataset: e.plan.Name, Deleted: at == deleted, Begun: e.begun && at != deleted}
}

// mostRebases is how often an entry is planned again while somebody edits its dataset.
const mostRebases = 5

// rebase plans an entry again on the document as somebody has edited it, so that what
// is half way gets to the end. It takes the place of the old one in the journal.
func (x *execution) rebase(ctx context.Context, e *entry, current bson.D) (*entry, error) {
	if e.rebased == mostRebases {
		return nil, fmt.Errorf("%s is being changed all the time: its migration is unfinished", called(e.plan))
	}
	named, err := bson.Marshal(current)
	if err != nil {
		return nil, err
	}
	if err := x.takeBackOps(ctx, e, named, true, nil); err != nil {
		return nil, err
	}
	plan, err := x.replan(ctx, e, current)
	if err == nil && x.opts.Agree != nil {
		err = x.opts.Agree(plan)
	}
	if err != nil {
		return nil, fmt.Errorf("somebody has changed %s while its data was half way, and it can't be planned again: %w", called(e.plan), err)
	}
	done, cursor, err := proceed(e, plan)
	if err != nil {
		return nil, err
	}
	again, err := newEntry(plan)
	if err != nil {
		return nil, err
	}
	again.begun, again.resumed, again.rebased, again.done, again.cursor = true, e.resumed, e.rebased+1, done, cursor
	if e.backup != "" {
		if err := x.backUpAgain(ctx, e, again); err != nil {
			return nil, fmt.Errorf("backing up %s: %w", called(e.plan), err)
		}
	}
	if err := x.journal.begin(ctx, []*entry{again}); err != nil {
		return nil, err
	}
	return again, x.journal.dropParts(ctx, e)
}

// replan plans the rest of the way of a dataset or the database.
func (x *execution) replan(ctx context.Context, e *entry, current bson.D) (*dbmigrate.Plan, error) {
	if e.plan.Collection == dbmigrate.Config {
		return x.PlanDatabase(ctx, e.plan.To)
	}
	for plan, err := range x.Plans(ctx, Target{Version: e.plan.To, Names: []string{spell(lookup(current, "name"))}, Now: x.opts.Now}) {
		if err != nil {
			return nil, err
		}
		if dbmigrate.IDKey(plan.ID) == dbmigrate.IDKey(e.plan.ID) {
			return plan, nil
		}
	}
	return nil, &ChangedError{Dataset: e.plan.Name, Deleted: true}
}

// proceed prepares a plan that takes the place of another one, which has come some way,
// and says how far that is. Most operations may be repeated on what they have changed.
// A merge may not, once others have removed what it reads: then what changes data has
// to be the same, and goes on where it was.
func proceed(e *entry, plan *dbmigrate.Plan) (done int, cursor any, err error) {
	before, _ := split(e, e.plan.Ops)
	after, adds := split(e, plan.Ops)
	if !slices.ContainsFunc(before, func(op dbmigrate.Op) bool { _, isMerge := op.(dbmigrate.Merge); return isMerge }) {
		return 0, nil, nil
	}
	if !slices.EqualFunc(before, after, sameChange) {
		return 0, nil, fmt.Errorf("somebody has changed fields of %s while its data was half way: its migration is unfinished, and goes on once they are as they were", called(e.plan))
	}
	reached := min(e.done, len(e.plan.Ops))
	passed, _ := split(e, e.plan.Ops[:reached])
	if reached < len(e.plan.Ops) && e.changes(e.plan.Ops[reached]) {
		cursor = e.cursor
	}
	plan.Ops = append(before, adds...) // so that what is done is what stands first
	return len(passed), cursor, nil
}

// split parts operations that change what is there from those that add to it.
func split(e *entry, ops []dbmigrate.Op) (changes, adds []dbmigrate.Op) {
	for _, op := range ops {
		if e.changes(op) {
			changes = append(changes, op)
		} else {
			adds = append(adds, op)
		}
	}
	return changes, adds
}

// sameChange compares operations of two plans, except for the times in them.
func sameChange(a, b dbmigrate.Op) bool {
	x, errX := dbmigrate.MarshalOp(a)
	y, errY := dbmigrate.MarshalOp(b)
	return errX == nil && errY == nil && dbmigrate.IDKey(timeless(x)) == dbmigrate.IDKey(timeless(y))
}

func timeless(value any) any {
	switch v := value.(type) {
	case bson.DateTime:
		return bson.DateTime(0)
	case bson.D:
		out := make(bson.D, len(v))
		for i, e := range v {
			out[i] = bson.E{Key: e.Key, Value: timeless(e.Value)}
		}
		return out
	case bson.A:
		out := make(bson.A, len(v))
		for i, item := range v {
			out[i] = timeless(item)
		}
		return out
	}
	return value
}
