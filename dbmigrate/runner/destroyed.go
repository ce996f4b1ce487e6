package runner

import (
	"context"
	"fmt"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// Destroyed is a document that a plan changes or deletes, as it is before.
type Destroyed struct {
	Collection string
	Doc        bson.Raw // good until the next one; _id alone where Absent
	// Fields are the top-level fields that change: Doc holds these alone, beside _id,
	// as far as they are there, or the whole document where keys change their order.
	// nil where all of it changes.
	Fields []string
	Absent bool // the plan makes this document
	// Index is an index that the plan drops, as the server describes it, in place of
	// a document.
	Index bson.Raw
}

// destroys lists what a plan destroys, its own document first.
func (x *execution) destroys(ctx context.Context, plan *dbmigrate.Plan) iter.Seq2[Destroyed, error] {
	return func(yield func(Destroyed, error) bool) {
		own, err := bson.Marshal(plan.Before)
		if !yield(Destroyed{Collection: plan.Collection, Doc: own, Absent: plan.New}, err) || err != nil {
			return
		}
		for _, ops := range [][]dbmigrate.Op{plan.Ops, plan.Last} {
			for _, op := range ops {
				for destroyed, err := range x.destroysOp(ctx, op) {
					if !yield(destroyed, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

func (x *execution) destroysOp(ctx context.Context, op dbmigrate.Op) iter.Seq2[Destroyed, error] {
	switch op := op.(type) {
	case dbmigrate.Put:
		return x.replaced(op)
	case dbmigrate.Delete:
		return x.found(ctx, op.Collection, in("_id", op.IDs), nil)
	case dbmigrate.UpdateAll:
		fields := updatedFields(op.Update)
		if operators, isDoc := op.Update.(bson.D); isDoc && lookup(operators, "$rename") != nil {
			return withFields(x.found(ctx, op.Collection, op.Filter, nil), fields)
		}
		return x.found(ctx, op.Collection, op.Filter, fields)
	case dbmigrate.Convert:
		// Whole, since what goes and comes back would else stand at the end.
		return withFields(x.found(ctx, op.Collection, filterOf(op), nil), op.Fields)
	case dbmigrate.Merge:
		return x.found(ctx, op.Into, bson.D{}, op.Fields)
	case dbmigrate.DropIndex:
		return x.indexes(ctx, op.Collection, op)
	case dbmigrate.Drop:
		return func(yield func(Destroyed, error) bool) {
			for _, part := range []iter.Seq2[Destroyed, error]{x.found(ctx, op.Collection, bson.D{}, nil), x.indexes(ctx, op.Collection, dbmigrate.DropIndex{})} {
				for destroyed, err := range part {
					if !yield(destroyed, err) {
						return
					}
				}
			}
		}
	case dbmigrate.DeleteResult:
		return func(yield func(Destroyed, error) bool) {
			for _, part := range []struct{ collection, key string }{{"fs.files", "_id"}, {"fs.chunks", "files_id"}} {
				for destroyed, err := range x.found(ctx, part.collection, in(part.key, op.IDs), nil) {
					if !yield(destroyed, err) {
						return
					}
				}
			}
		}
	case dbmigrate.CopyResult:
		return func(yield func(Destroyed, error) bool) {
			doc, err := bson.Marshal(bson.D{{Key: "_id", Value: op.To}})
			yield(Destroyed{Collection: "fs.files", Doc: doc, Absent: true}, err)
		}
	}
	return func(func(Destroyed, error) bool) {}
}

// withFields says of whole documents that only some fields change.
func withFields(all iter.Seq2[Destroyed, error], fields []string) iter.Seq2[Destroyed, error] {
	return func(yield func(Destroyed, error) bool) {
		for d, err := range all {
			d.Fields = fields
			if !yield(d, err) {
				return
			}
		}
	}
}

func in(key string, ids bson.A) bson.D {
	return bson.D{{Key: key, Value: bson.D{{Key: "$in", Value: ids}}}}
}

// replaced is the document that a Put replaces, or that it makes. Either may have been
// done in an earlier run.
func (x *execution) replaced(op dbmigrate.Put) iter.Seq2[Destroyed, error] {
	return func(yield func(Destroyed, error) bool) {
		was := op.Was
		if was == nil {
			was = bson.D{{Key: "_id", Value: lookup(op.Doc, "_id")}}
		}
		doc, err := bson.Marshal(was)
		yield(Destroyed{Collection: op.Collection, Doc: doc, Absent: op.Was == nil}, err)
	}
}

func (x *execution) found(ctx context.Context, collection string, filter bson.D, fields []string) iter.Seq2[Destroyed, error] {
	return func(yield func(Destroyed, error) bool) {
		if !x.known[collection] {
			return
		}
		opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
		if fields != nil {
			projection := bson.D{}
			for _, name := range fields {
				projection = append(projection, bson.E{Key: name, Value: 1})
			}
			opts.SetProjection(projection)
		}
		for doc, err := range each(ctx, x.db.Collection(collection), filter, opts) {
			if !yield(Destroyed{Collection: collection, Doc: doc, Fields: fields}, err) {
				return
			}
		}
	}
}

// indexes lists those that which means, or where it means none all of a collection,
// but that by _id.
func (x *execution) indexes(ctx context.Context, collection string, which dbmigrate.DropIndex) iter.Seq2[Destroyed, error] {
	return func(yield func(Destroyed, error) bool) {
		if !x.known[collection] {
			return
		}
		cursor, err := x.db.Collection(collection).Indexes().List(ctx)
		if err != nil {
			yield(Destroyed{}, fmt.Errorf("listing the indexes of %s: %w", collection, err))
			return
		}
		var all []bson.Raw
		if err := cursor.All(ctx, &all); err != nil {
			yield(Destroyed{}, fmt.Errorf("listing the indexes of %s: %w", collection, err))
			return
		}
		for _, index := range all {
			var has bson.D
			if err := index.Lookup("key").Unmarshal(&has); err != nil {
				yield(Destroyed{}, err)
				return
			}
			name := index.Lookup("name").StringValue()
			otherKeys := which.Keys != nil && dbmigrate.IDKey(has) != dbmigrate.IDKey(which.Keys)
			if name == "_id_" || otherKeys || which.Name != "" && name != which.Name {
				continue
			}
			if !yield(Destroyed{Collection: collection, Index: index}, nil) {
				return
			}
		}
	}
}

// updatedFields lists the fields that an update of a step can change: those of
// $set, $unset and $rename, whose names and targets both count.
func updatedFields(update any) []string {
	stages, isPipeline := update.(bson.A)
	if !isPipeline {
		stages = bson.A{update}
	}
	fields := []string{}
	for _, stage := range stages {
		operators, _ := stage.(bson.D)
		for _, operator := range operators {
			switch operand := operator.Value.(type) {
			case bson.D:
				for _, e := range operand {
					fields = append(fields, e.Key)
					if target, isText := e.Value.(string); isText && operator.Key == "$rename" {
						fields = append(fields, target)
					}
				}
			case string: // $unset in a pipeline
				fields = append(fields, operand)
			}
		}
	}
	return fields
}
