package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// dropIndex removes an index. A server that has neither it nor its collection says
// so with an error.
func (x *execution) dropIndex(ctx context.Context, op dbmigrate.DropIndex) error {
	const noCollection, noIndex = 26, 27
	indexes := x.db.Collection(op.Collection).Indexes()
	drop := func() error { return indexes.DropOne(ctx, op.Name) }
	if op.Keys != nil {
		drop = func() error { return indexes.DropWithKey(ctx, op.Keys) }
	}
	err := drop()
	var said mongo.CommandError
	if err == nil || errors.As(err, &said) && (said.Code == noCollection || said.Code == noIndex) {
		return nil
	}
	return fmt.Errorf("removing an index of %s: %w", op.Collection, err)
}

// merge has the server merge what a pipeline gives into a collection, and records
// durably that it did.
func (x *execution) merge(ctx context.Context, e *entry, op dbmigrate.Merge, number int) error {
	if !x.known[op.From] || !x.known[op.Into] {
		return nil
	}
	into := bson.D{{Key: "into", Value: op.Into}, {Key: "on", Value: "_id"}, {Key: "whenMatched", Value: "merge"}, {Key: "whenNotMatched", Value: "discard"}}
	pipeline := slices.Concat(op.Pipeline, bson.A{bson.D{{Key: "$merge", Value: into}}})
	cursor, err := x.db.Collection(op.From).Aggregate(ctx, pipeline, options.Aggregate().SetAllowDiskUse(true))
	if err == nil {
		err = cursor.Close(ctx)
	}
	if err != nil {
		return fmt.Errorf("updating %s from %s: %w", op.Into, op.From, err)
	}
	return x.journal.reached(ctx, e, number+1, nil)
}
