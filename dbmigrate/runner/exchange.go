package runner

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/internal/docswap"
)

// exchange writes the new documents of entries, in one durable write for all, each
// on condition that the old one is there yet. It returns the entries whose new
// document stands.
func (x *execution) exchange(ctx context.Context, entries []*entry) ([]*entry, error) {
	var models []mongo.WriteModel
	for _, e := range entries {
		if !e.resumed && !e.repairs() && !tooLarge(e) && e.plan.Collection == dbmigrate.Datasets {
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
	// A client that merely looks at a dataset stamps it: a few of these must not
	// keep it from being migrated.
	for range 10 {
		at, current, err := x.stage(ctx, e)
		switch {
		case err != nil:
			return err
		case at == written || at == planned && e.repairs():
			return nil
		case at != planned:
			return &ChangedError{Dataset: e.plan.Name, Deleted: at == deleted}
		}
		done, err := x.replaceOwn(ctx, e, current)
		if err != nil {
			return fmt.Errorf("writing %s: %w", called(e.plan), err)
		}
		if done {
			return nil
		}
	}
	return &ChangedError{Dataset: e.plan.Name}
}

// replaceOwn writes the new document in the place of the old one, if that is current.
func (x *execution) replaceOwn(ctx context.Context, e *entry, current bson.D) (bool, error) {
	collection := x.durable.Collection(e.plan.Collection)
	if e.plan.New {
		_, err := collection.ReplaceOne(ctx, bson.D{{Key: "_id", Value: e.plan.ID}}, e.after, options.Replace().SetUpsert(true))
		return true, err
	}
	replacement, _ := carryStamps(e.plan, current)
	model, err := swapped(current, replacement)
	if err != nil {
		return false, err
	}
	result, err := collection.BulkWrite(ctx, []mongo.WriteModel{model})
	return err == nil && result.MatchedCount == 1, err
}

// carryStamps returns the new document with the times that FiftyOne keeps of the
// use of a dataset as they are in current, and whether current is the plan's old
// document but for these.
func carryStamps(plan *dbmigrate.Plan, current bson.D) (bson.D, bool) {
	stamps := []string{"last_loaded_at", "last_modified_at", "last_deletion_at"}
	before := append(bson.D{}, plan.Before...)
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
func tooLarge(e *entry) bool { return len(e.before)+len(e.after) > 12<<20 }

// writable refuses an entry whose documents differ by more than one update can write.
func writable(e *entry) error {
	if !tooLarge(e) || e.plan.New {
		return nil
	}
	_, err := docswap.Model(e.before, e.after)
	if errors.Is(err, docswap.ErrTooLarge) {
		return &dbmigrate.RefusalError{Dataset: e.plan.Name, Reason: "its own document is too large to be exchanged in one write"}
	}
	return err
}
