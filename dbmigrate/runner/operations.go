package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dbmigrate"
)

// rangeDocs is how many documents one update takes: large enough that finding the
// ends of ranges costs little, small enough for progress and an early end.
const rangeDocs = 10_000

// operations carries out ops in order, from where an earlier run has come. offset
// is the number of the first of them in the journal.
func (x *execution) operations(ctx context.Context, e *entry, ops []dbmigrate.Op, offset int) error {
	for i := max(0, e.done-offset); i < len(ops); {
		cursor := any(nil)
		if e.done == offset+i {
			cursor = e.cursor
		}
		n, err := x.guarded(ctx, e, ops[i:], offset+i, cursor)
		if err != nil {
			return fmt.Errorf("migrating %s: %w", called(e.plan), err)
		}
		i += n
	}
	return nil
}

// guarded carries out the first of ops, or the first few, once the document is seen to
// be as it was planned and it is recorded that data is going to be changed.
func (x *execution) guarded(ctx context.Context, e *entry, ops []dbmigrate.Op, number int, cursor any) (int, error) {
	if !ops[0].Last() {
		if err := x.still(ctx, e); err != nil {
			return 0, err
		}
		if err := x.begins(ctx, e, ops[0]); err != nil {
			return 0, err
		}
	}
	return x.operation(ctx, e, ops, number, cursor)
}

// operation carries out the first of ops, or the first few where one request takes
// them all, and returns how many.
func (x *execution) operation(ctx context.Context, e *entry, ops []dbmigrate.Op, number int, cursor any) (int, error) {
	switch op := ops[0].(type) {
	case dbmigrate.Put:
		return x.put(ctx, e, ops)
	case dbmigrate.Delete:
		return 1, x.deleteDocs(ctx, op.Collection, "_id", op.IDs)
	case dbmigrate.UpdateAll:
		return 1, x.updateAll(ctx, e, op, number, cursor)
	case dbmigrate.Convert:
		return 1, x.convert(ctx, e, op, number, cursor)
	case dbmigrate.Merge:
		return 1, x.merge(ctx, e, op, number)
	case dbmigrate.CopyResult:
		return 1, x.copyResult(ctx, op)
	case dbmigrate.DeleteResult:
		return 1, x.deleteResults(ctx, op.IDs)
	case dbmigrate.DropIndex:
		return 1, x.dropIndex(ctx, op)
	case dbmigrate.Drop:
		return 1, x.db.Collection(op.Collection).Drop(ctx)
	}
	return 0, fmt.Errorf("unknown operation %T", ops[0])
}

// put writes the documents of ops as long as they are for one collection.
func (x *execution) put(ctx context.Context, e *entry, ops []dbmigrate.Op) (int, error) {
	var models []mongo.WriteModel
	collection := ops[0].Target()
	for _, op := range ops {
		put, isPut := op.(dbmigrate.Put)
		if !isPut || put.Collection != collection {
			break
		}
		model, err := modelOf(put)
		if err != nil {
			return 0, err
		}
		models = append(models, model)
	}
	result, err := x.db.Collection(collection).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil {
		return 0, fmt.Errorf("writing to %s: %w", collection, err)
	}
	if int(result.MatchedCount+result.UpsertedCount) < len(models) {
		return 0, &ChangedError{Dataset: e.plan.Name}
	}
	return len(models), nil
}

// deleteResults removes files from GridFS.
func (x *execution) deleteResults(ctx context.Context, ids bson.A) error {
	return errors.Join(x.deleteDocs(ctx, "fs.files", "_id", ids), x.deleteDocs(ctx, "fs.chunks", "files_id", ids))
}

func (x *execution) deleteDocs(ctx context.Context, collection, key string, ids bson.A) error {
	for some := range slices.Chunk(ids, rangeDocs) {
		filter := bson.D{{Key: key, Value: bson.D{{Key: "$in", Value: some}}}}
		if _, err := x.db.Collection(collection).DeleteMany(ctx, filter); err != nil {
			return fmt.Errorf("deleting from %s: %w", collection, err)
		}
	}
	return nil
}

// updateAll updates a collection in ranges of _id. Where ids are of several types
// the server has no such ranges, and one update takes all.
func (x *execution) updateAll(ctx context.Context, e *entry, op dbmigrate.UpdateAll, number int, cursor any) error {
	if !x.known[op.Collection] {
		return nil
	}
	collection := x.db.Collection(op.Collection)
	update := func(filter bson.D) error {
		if _, err := collection.UpdateMany(ctx, filter, op.Update); err != nil {
			return fmt.Errorf("updating %s: %w", op.Collection, err)
		}
		return nil
	}
	if len(op.Filter) > 0 {
		return update(op.Filter)
	}
	if n, err := collection.EstimatedDocumentCount(ctx); err == nil && n <= rangeDocs {
		return update(bson.D{})
	}
	var passed int64
	for {
		ends, err := endsOfRanges(ctx, collection, cursor)
		if err != nil {
			return err
		}
		if cursor == nil && len(ends) > 0 {
			if oneType, err := idsOfOneType(ctx, collection); err != nil || !oneType {
				return errors.Join(err, update(bson.D{}))
			}
		}
		group := errgroup.Group{}
		for _, end := range ends {
			filter := idRange(cursor, end)
			group.Go(func() error { return update(filter) })
			cursor = end
		}
		if len(ends) < rangesAtOnce { // the rest
			filter := idRange(cursor, nil)
			group.Go(func() error { return update(filter) })
		}
		if err := group.Wait(); err != nil || len(ends) < rangesAtOnce {
			return err
		}
		passed += int64(len(ends)) * rangeDocs
		if err := x.journal.reached(ctx, e, number, cursor); err != nil {
			return err
		}
		x.progress(e.plan.Name, op.Collection, passed)
		if err := x.still(ctx, e); err != nil {
			return err
		}
		if err := x.pace(ctx, len(ends)*rangeDocs); err != nil {
			return err
		}
	}
}

// pace waits as long as that many documents may take.
func (x *execution) pace(ctx context.Context, documents int) error {
	if x.opts.MaxOps <= 0 {
		return nil
	}
	select {
	case <-time.After(time.Duration(float64(documents) / x.opts.MaxOps * float64(time.Second))):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rangesAtOnce is how many ranges the server updates at a time: it gives one
// processor to each.
const rangesAtOnce = 4

// endsOfRanges finds the last ids of the ranges after an _id, as many as are updated
// at once. Fewer say that less than a range is left after them.
func endsOfRanges(ctx context.Context, collection *mongo.Collection, after any) ([]any, error) {
	var ends []any
	for len(ends) < rangesAtOnce {
		end, err := endOfRange(ctx, collection, after)
		if end == nil || err != nil {
			return ends, err
		}
		ends, after = append(ends, end), end
	}
	return ends, nil
}

// endOfRange finds the last _id of the range after another; nil where fewer
// documents than a whole range are left.
func endOfRange(ctx context.Context, collection *mongo.Collection, after any) (any, error) {
	opts := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetSort(bson.D{{Key: "_id", Value: 1}}).SetSkip(rangeDocs - 1).SetLimit(1)
	for raw, err := range each(ctx, collection, idRange(after, nil), opts) {
		if err != nil {
			return nil, err
		}
		var doc struct {
			ID any `bson:"_id"`
		}
		err := bson.Unmarshal(raw, &doc)
		return doc.ID, err
	}
	return nil, nil
}

// idRange selects the ids after one and up to another; nil is no bound.
func idRange(after, end any) bson.D {
	bounds := bson.D{}
	if after != nil {
		bounds = append(bounds, bson.E{Key: "$gt", Value: after})
	}
	if end != nil {
		bounds = append(bounds, bson.E{Key: "$lte", Value: end})
	}
	if len(bounds) == 0 {
		return bounds
	}
	return bson.D{{Key: "_id", Value: bounds}}
}

// idsOfOneType reports whether all ids of a collection are ObjectIds. Ids of one
// type stand together in their order, so the ends tell.
func idsOfOneType(ctx context.Context, collection *mongo.Collection) (bool, error) {
	for _, order := range []int{1, -1} {
		opts := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetSort(bson.D{{Key: "_id", Value: order}}).SetLimit(1)
		for raw, err := range each(ctx, collection, bson.D{}, opts) {
			if err != nil || raw.Lookup("_id").Type != bson.TypeObjectID {
				return false, err
			}
		}
	}
	return true, nil
}
