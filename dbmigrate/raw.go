package dbmigrate

import (
	"context"
	"fmt"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// RawReader is a Reader that gives documents as they are stored: for a look at all of a
// collection, of which decoding would be most of the time.
type RawReader interface {
	// FindRaw streams all documents of a collection, without the fields of these dotted
	// paths where it can leave them out. A document is good until the next.
	FindRaw(ctx context.Context, collection string, without []string) iter.Seq2[bson.Raw, error]
}

// RawDocuments streams all documents of a collection as they are stored. A Reader that is
// no RawReader has them encoded again. What without names may be there all the same.
func RawDocuments(ctx context.Context, reader Reader, collection string, without []string) iter.Seq2[bson.Raw, error] {
	if raw, ok := reader.(RawReader); ok {
		return raw.FindRaw(ctx, collection, without)
	}
	return func(yield func(bson.Raw, error) bool) {
		for doc, err := range reader.Find(ctx, collection, Query{}) {
			var raw bson.Raw
			if err == nil {
				raw, err = bson.Marshal(doc)
			}
			if err != nil {
				yield(nil, fmt.Errorf("reading %s: %w", collection, err))
				return
			}
			if !yield(raw, nil) {
				return
			}
		}
	}
}
