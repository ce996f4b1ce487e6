package dbmigrate

import (
	"context"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Reader is what a Step may look at besides its dataset: the database as it was
// when planning began. What earlier legs of the same plan do to run documents and
// names is not in it: State answers for those.
type Reader interface {
	// Find streams the documents of a collection that match the query. A collection
	// that does not exist is an empty one.
	Find(ctx context.Context, collection string, query Query) iter.Seq2[bson.D, error]
	// Count says how many documents a collection holds; an estimate will do.
	Count(ctx context.Context, collection string) (int64, error)
	// Collections lists the names of all collections, sorted.
	Collections(ctx context.Context) ([]string, error)
}

// Query selects documents. The zero value selects all, whole.
type Query struct {
	// Filter is a MongoDB filter. Steps keep to equality, $in, $ne and $exists of
	// top-level fields, which every Reader understands.
	Filter bson.D
	// Fields are the top-level fields to return beside _id; none stands for all.
	Fields []string
	// Reverse gives the greatest _id first instead of the least.
	Reverse bool
	// Limit is the most documents to return; 0 for no limit.
	Limit int64
}

// First returns the first document that a query finds, nil where it finds none.
func First(ctx context.Context, reader Reader, collection string, query Query) (bson.D, error) {
	query.Limit = 1
	for doc, err := range reader.Find(ctx, collection, query) {
		return doc, err
	}
	return nil, nil
}
