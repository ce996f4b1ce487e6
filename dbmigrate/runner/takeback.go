package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
)

// takeBack takes back what was done for an entry that has not begun to change data, and
// the entry. Documents that it replaced get back what they were, unless the dataset has
// been taken to another version since. New documents and results go that neither the
// dataset nor a run names.
func (x *execution) takeBack(ctx context.Context, e *entry) error {
	at, current, err := x.stage(ctx, e)
	if err != nil {
		return err
	}
	named, err := bson.Marshal(bson.D{{Key: "before", Value: e.plan.Before}, {Key: "current", Value: current}})
	if err != nil {
		return err
	}
	if err := x.takeBackOps(ctx, e, named, at == planned || at == edited, nil); err != nil {
		return err
	}
	if e.backup != "" {
		if err := os.Remove(notedName(e.backup)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return x.journal.end(ctx, []*entry{e})
}

// takeBackOps takes back what operations did. Copies of results that meant does not hold
// stay, unless it is nil: a plan may leave results that no run names, as FiftyOne does.
func (x *execution) takeBackOps(ctx context.Context, e *entry, named []byte, putBack bool, meant []byte) error {
	var copies bson.A
	for _, op := range e.plan.Ops {
		switch op := op.(type) {
		case dbmigrate.CopyResult:
			if meant == nil || bytes.Contains(meant, op.To[:]) {
				copies = append(copies, op.To)
			}
		case dbmigrate.Put:
			if err := x.takeBackPut(ctx, e, op, named, putBack); err != nil {
				return fmt.Errorf("taking back what was done for %s: %w", called(e.plan), err)
			}
		}
	}
	copies, err := x.unnamedResults(ctx, copies, named, nil)
	if err != nil {
		return err
	}
	return x.deleteResults(ctx, copies)
}

func (x *execution) takeBackPut(ctx context.Context, e *entry, op dbmigrate.Put, named []byte, putBack bool) error {
	collection := x.db.Collection(op.Collection)
	if op.Was != nil {
		if !putBack {
			return nil
		}
		model, err := swapped(op.Doc, op.Was)
		if err == nil {
			_, err = collection.BulkWrite(ctx, []mongo.WriteModel{model})
		}
		return err
	}
	id, isOID := lookup(op.Doc, "_id").(bson.ObjectID)
	if e.changes(op) || !isOID || bytes.Contains(named, id[:]) {
		return nil
	}
	_, err := collection.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return err
}

// unnamedResults returns those of the ids of results that no run names, be it in a
// document of its own or, as before 0.19.0, in that of the dataset. Runs that are to be
// deleted do not count.
func (x *execution) unnamedResults(ctx context.Context, ids bson.A, dataset []byte, runs bson.A) (bson.A, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	named := map[string]bool{}
	for run, err := range x.Reader().Find(ctx, "runs", dbmigrate.Query{Filter: in("results", ids), Fields: []string{"results"}}) {
		if err != nil {
			return nil, err
		}
		if goes := lookup(run, "_id"); slices.ContainsFunc(runs, func(id any) bool { return dbmigrate.IDKey(id) == dbmigrate.IDKey(goes) }) {
			continue
		}
		named[dbmigrate.IDKey(lookup(run, "results"))] = true
	}
	return except(ids, func(id any) bool {
		oid, isOID := id.(bson.ObjectID)
		return named[dbmigrate.IDKey(id)] || isOID && bytes.Contains(dataset, oid[:])
	}), nil
}

func except(ids bson.A, drop func(id any) bool) bson.A {
	kept := bson.A{}
	for _, id := range ids {
		if !drop(id) {
			kept = append(kept, id)
		}
	}
	return kept
}

// spared returns the operations that are left once the document of an entry is
// written. Those of an earlier run were planned some time ago: they spare what has been
// given a name again since.
func (x *execution) spared(ctx context.Context, e *entry) ([]dbmigrate.Op, error) {
	if !e.resumed {
		return e.plan.Last, nil
	}
	current, err := dbmigrate.First(ctx, x.Reader(), e.plan.Collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: e.plan.ID}}})
	if err != nil {
		return nil, err
	}
	named, err := bson.Marshal(current)
	if err != nil {
		return nil, err
	}
	// Of what was added, nothing is named where somebody else has migrated the dataset.
	meant, err := namedBy(e.plan)
	if err != nil {
		return nil, err
	}
	if err := x.takeBackOps(ctx, e, named, false, meant); err != nil {
		return nil, err
	}
	isNamed := func(id any) bool {
		oid, isOID := id.(bson.ObjectID)
		return isOID && bytes.Contains(named, oid[:])
	}
	ops := slices.Clone(e.plan.Last)
	var runs bson.A
	for i, op := range ops {
		if deletion, isDelete := op.(dbmigrate.Delete); isDelete {
			deletion.IDs = except(deletion.IDs, isNamed)
			if ops[i] = deletion; deletion.Collection == "runs" {
				runs = append(runs, deletion.IDs...)
			}
		}
	}
	for i, op := range ops {
		switch op := op.(type) {
		case dbmigrate.DeleteResult:
			ids, err := x.unnamedResults(ctx, op.IDs, named, runs)
			if err != nil {
				return nil, err
			}
			ops[i] = dbmigrate.DeleteResult{IDs: ids}
		case dbmigrate.Drop:
			used, err := x.inUse(ctx, op.Collection)
			if err != nil {
				return nil, err
			}
			if used {
				ops[i] = dbmigrate.Delete{Collection: op.Collection} // of nothing
			}
		}
	}
	return ops, nil
}

// namedBy is all that names something once a plan is carried out.
func namedBy(plan *dbmigrate.Plan) ([]byte, error) {
	names := bson.A{plan.After}
	for _, op := range plan.Ops {
		if put, isPut := op.(dbmigrate.Put); isPut {
			names = append(names, put.Doc)
		}
	}
	all := []byte{}
	for _, doc := range names {
		raw, err := bson.Marshal(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, raw...)
	}
	return all, nil
}

// inUse reports whether a dataset keeps its samples or frames in a collection.
func (x *execution) inUse(ctx context.Context, collection string) (bool, error) {
	for _, key := range []string{"sample_collection_name", "frame_collection_name"} {
		user, err := dbmigrate.First(ctx, x.Reader(), dbmigrate.Datasets, dbmigrate.Query{Filter: bson.D{{Key: key, Value: collection}}, Fields: []string{"_id"}})
		if user != nil || err != nil {
			return user != nil, err
		}
	}
	return false, nil
}
