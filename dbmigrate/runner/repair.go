package runner

import (
	"context"
	"fmt"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
)

// Stale is what clients older than a dataset have written to it after it was
// migrated: documents that lack what its version gives them.
type Stale struct {
	Dataset    string
	Collection string
	Field      string
	Documents  int64
}

// filled are the fields that migrations give to all samples and frames, by how each
// is made (0.20.0 and 1.0.0 up).
func filled(id any, now time.Time) []struct {
	field string
	value any
} {
	return []struct {
		field string
		value any
	}{
		{"_dataset_id", id},
		{"created_at", bson.D{{Key: "$convert", Value: bson.D{
			{Key: "input", Value: "$_id"}, {Key: "to", Value: "date"}, {Key: "onError", Value: nil},
		}}}},
		{"last_modified_at", bson.NewDateTimeFromTime(now)},
	}
}

// Stale counts such documents, dataset by dataset. names are the datasets to look
// at, nil for all.
func (r *Runner) Stale(ctx context.Context, names []string) ([]Stale, error) {
	var list []Stale
	err := r.eachRepair(ctx, names, func(doc bson.D, op dbmigrate.UpdateAll, field string) error {
		n, err := r.db.Collection(op.Collection).CountDocuments(ctx, op.Filter)
		if err != nil {
			return fmt.Errorf("counting in %s: %w", op.Collection, err)
		}
		if n > 0 {
			name, _ := lookup(doc, "name").(string)
			list = append(list, Stale{Dataset: name, Collection: op.Collection, Field: field, Documents: n})
		}
		return nil
	})
	return list, err
}

// newestRows is how many rows of a collection LatelyStale looks at: what was written
// late has the latest ids.
const newestRows = 1000

// LatelyStale is Stale for the newest rows of each collection, and the first field that
// these lack: quick, whatever the size of the database.
func (r *Runner) LatelyStale(ctx context.Context) ([]Stale, error) {
	var list []Stale
	err := r.eachRepair(ctx, nil, func(doc bson.D, op dbmigrate.UpdateAll, field string) error {
		name, _ := lookup(doc, "name").(string)
		if len(list) > 0 && list[len(list)-1].Dataset == name {
			return nil
		}
		cursor, err := r.db.Collection(op.Collection).Aggregate(ctx, mongo.Pipeline{
			{{Key: "$sort", Value: bson.D{{Key: "_id", Value: -1}}}}, {{Key: "$limit", Value: newestRows}},
			{{Key: "$match", Value: op.Filter}}, {{Key: "$count", Value: "n"}},
		})
		var found []struct{ N int64 }
		if err == nil {
			err = cursor.All(ctx, &found)
		}
		if err != nil {
			return fmt.Errorf("counting in %s: %w", op.Collection, err)
		}
		if len(found) > 0 {
			list = append(list, Stale{Dataset: name, Collection: op.Collection, Field: field, Documents: found[0].N})
		}
		return nil
	})
	return list, err
}

// Repairs plans the steps that give stale documents what they lack.
func (r *Runner) Repairs(ctx context.Context, names []string) iter.Seq2[*dbmigrate.Plan, error] {
	return func(yield func(*dbmigrate.Plan, error) bool) {
		stale, err := r.Stale(ctx, names)
		if err != nil {
			yield(nil, err)
			return
		}
		wanted := map[string]bool{}
		for _, s := range stale {
			wanted[s.Dataset+"\x00"+s.Collection+"\x00"+s.Field] = true
		}
		var plan *dbmigrate.Plan
		more := true
		err = r.eachRepair(ctx, names, func(doc bson.D, op dbmigrate.UpdateAll, field string) error {
			name, _ := lookup(doc, "name").(string)
			if !more || !wanted[name+"\x00"+op.Collection+"\x00"+field] {
				return nil
			}
			version, _ := lookup(doc, "version").(string)
			if plan != nil && plan.Name != name {
				more, plan = yield(plan, nil), nil
			}
			if plan == nil {
				plan = &dbmigrate.Plan{Collection: dbmigrate.Datasets, ID: lookup(doc, "_id"), Name: name, From: version, To: version, Before: doc, After: doc}
			}
			plan.Ops = append(plan.Ops, op)
			return nil
		})
		if err != nil {
			yield(nil, err)
		} else if more && plan != nil {
			yield(plan, nil)
		}
	}
}

// eachRepair visits every step that may be needed: for each field that the schema of
// a dataset has and that migrations fill.
func (r *Runner) eachRepair(ctx context.Context, names []string, visit func(doc bson.D, op dbmigrate.UpdateAll, field string) error) error {
	all, err := r.Datasets(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	chosen, _ := choose(all, names)
	for _, dataset := range chosen {
		doc, err := dbmigrate.First(ctx, r.Reader(), dbmigrate.Datasets, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: dataset.ID}}})
		if err != nil {
			return err
		}
		samples, _ := lookup(doc, "sample_collection_name").(string)
		frames, _ := lookup(doc, "frame_collection_name").(string)
		if frames != "frames."+samples {
			frames = "" // those of the dataset that clips come from
		}
		for _, part := range []struct{ collection, schema string }{{samples, "sample_fields"}, {frames, "frame_fields"}} {
			for _, fill := range filled(dataset.ID, now) {
				if part.collection == "" || !declares(doc, part.schema, fill.field) {
					continue
				}
				op := dbmigrate.UpdateAll{
					Collection: part.collection,
					Filter:     bson.D{{Key: fill.field, Value: nil}}, // absent, too
					Update:     bson.A{bson.D{{Key: "$set", Value: bson.D{{Key: fill.field, Value: fill.value}}}}},
				}
				if err := visit(doc, op, fill.field); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// declares reports whether a schema has a field.
func declares(doc bson.D, schema, field string) bool {
	fields, _ := lookup(doc, schema).(bson.A)
	for _, f := range fields {
		if d, isDoc := f.(bson.D); isDoc && lookup(d, "name") == field {
			return true
		}
	}
	return false
}

// Clients names the programs that are connected to the server as FiftyOne does, one
// text each: the host and driver. Where the server does not let us see them, ok is
// false.
func (r *Runner) Clients(ctx context.Context) (clients []string, ok bool) {
	stages := mongo.Pipeline{
		{{Key: "$currentOp", Value: bson.D{{Key: "allUsers", Value: true}, {Key: "idleConnections", Value: true}}}},
		{{Key: "$match", Value: bson.D{{Key: "appName", Value: "fiftyone"}}}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: bson.D{
			{Key: "client", Value: bson.D{{Key: "$arrayElemAt", Value: bson.A{bson.D{{Key: "$split", Value: bson.A{bson.D{{Key: "$ifNull", Value: bson.A{"$client", ""}}}, ":"}}}, 0}}}},
			{Key: "driver", Value: bson.D{{Key: "$concat", Value: bson.A{
				bson.D{{Key: "$ifNull", Value: bson.A{"$clientMetadata.driver.name", "unknown driver"}}}, " ",
				bson.D{{Key: "$ifNull", Value: bson.A{"$clientMetadata.driver.version", ""}}},
			}}}},
		}}}}},
	}
	cursor, err := r.db.Client().Database("admin").Aggregate(ctx, stages)
	if err != nil {
		return nil, false
	}
	var found []struct {
		ID struct{ Client, Driver string } `bson:"_id"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return nil, false
	}
	for _, f := range found {
		clients = append(clients, fmt.Sprintf("%s (%s)", f.ID.Client, f.ID.Driver))
	}
	return clients, true
}

// Size is how much a collection holds.
type Size struct{ Documents, Bytes int64 }

// Size asks the server for the size of a collection; one that does not exist is empty.
func (r *Runner) Size(ctx context.Context, collection string) (Size, error) {
	var stats struct {
		Count, Size int64
	}
	err := r.db.RunCommand(ctx, bson.D{{Key: "collStats", Value: collection}}).Decode(&stats)
	if err != nil {
		return Size{}, fmt.Errorf("measuring %s: %w", collection, err)
	}
	return Size{Documents: stats.Count, Bytes: stats.Size}, nil
}
