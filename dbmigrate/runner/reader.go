package runner

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// reader is the dbmigrate.Reader of a database.
type reader struct{ db *mongo.Database }

// Find implements dbmigrate.Reader.
func (r *reader) Find(ctx context.Context, collection string, query dbmigrate.Query) iter.Seq2[bson.D, error] {
	order := 1
	if query.Reverse {
		order = -1
	}
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: order}}).SetLimit(query.Limit)
	if len(query.Fields) > 0 {
		fields := bson.D{}
		for _, name := range query.Fields {
			fields = append(fields, bson.E{Key: name, Value: 1})
		}
		opts.SetProjection(fields)
	}
	filter := query.Filter
	if filter == nil {
		filter = bson.D{}
	}
	return func(yield func(bson.D, error) bool) {
		for raw, err := range each(ctx, r.db.Collection(collection), filter, opts) {
			var doc bson.D
			if err == nil {
				err = bson.Unmarshal(raw, &doc)
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// FindRaw implements dbmigrate.RawReader.
func (r *reader) FindRaw(ctx context.Context, collection string, without []string) iter.Seq2[bson.Raw, error] {
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
	if len(without) > 0 {
		fields := bson.D{}
		for _, path := range without {
			fields = append(fields, bson.E{Key: path, Value: 0})
		}
		opts.SetProjection(fields)
	}
	return each(ctx, r.db.Collection(collection), bson.D{}, opts)
}

// Count implements dbmigrate.Reader.
func (r *reader) Count(ctx context.Context, collection string) (int64, error) {
	n, err := r.db.Collection(collection).EstimatedDocumentCount(ctx)
	if err != nil {
		return 0, fmt.Errorf("counting %s: %w", collection, err)
	}
	return n, nil
}

// Collections implements dbmigrate.Reader.
func (r *reader) Collections(ctx context.Context) ([]string, error) {
	names, err := r.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return nil, fmt.Errorf("listing the collections of %s: %w", r.db.Name(), err)
	}
	slices.Sort(names)
	return names, nil
}

// each streams what a query finds. A document is good until the next.
func each(ctx context.Context, collection *mongo.Collection, filter any, opts *options.FindOptionsBuilder) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		cursor, err := collection.Find(ctx, filter, opts)
		if err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", collection.Name(), err))
			return
		}
		defer cursor.Close(context.WithoutCancel(ctx))
		for cursor.Next(ctx) {
			if !yield(cursor.Current, nil) {
				return
			}
		}
		if err := cursor.Err(); err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", collection.Name(), err))
		}
	}
}
