package arrival_test

import (
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// A dataset may have more samples than a step passes at once, though it is not in the
// database yet.
func TestManySamples(t *testing.T) {
	const many = 40_001 // a step updates four ranges of 10,000 at once
	source, db := old(t, "0.16.6")
	collection, _ := get(stored(t, db, "old-images"), "sample_collection_name").(string)
	var docs []any
	for i := range many {
		docs = append(docs, bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: fmt.Sprintf("/data/%d.jpg", i)}})
	}
	if _, err := db.Collection(collection).InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	s, err := source.Dataset(t.Context(), "old-images")
	if err != nil {
		t.Fatal(err)
	}
	newest := mongotest.Database(t)
	if _, err := newest.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: "1.22.1"}, {Key: "type", Value: "fiftyone"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := arrive(t.Context(), open(t, newest), s, "many"); err != nil {
		t.Fatal(err)
	}
	collection, _ = get(stored(t, newest, "many"), "sample_collection_name").(string)
	dated := bson.D{{Key: "created_at", Value: bson.D{{Key: "$type", Value: "date"}}}}
	if n, err := newest.Collection(collection).CountDocuments(t.Context(), dated); err != nil || n < many {
		t.Errorf("%d samples have a time, want %d and more: %v", n, many, err)
	}
}
