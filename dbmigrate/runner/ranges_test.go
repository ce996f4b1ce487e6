package runner_test

import (
	"context"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// A collection of many ranges, ended in the middle of them, and one whose ids are
// of several types, for which the server has no ranges: every document is updated,
// and one whose _id holds no time has none.
func TestRanges(t *testing.T) {
	if testing.Short() {
		t.Skip("eighty thousand documents")
	}
	db := mongotest.Database(t)
	makeDataset(t, db, "alike", 53_210, func(int) any { return bson.NewObjectID() })
	makeDataset(t, db, "mixed", 30_000, func(i int) any {
		if i%2 == 0 {
			return fmt.Sprint("id ", i)
		}
		return bson.NewObjectID()
	})
	ctx, cancel := context.WithCancel(t.Context())
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	var reached int64
	_, err := r.Apply(ctx, r.Plans(ctx, runner.Target{Version: "1.0.0", Now: now}), runner.Options{Progress: func(p runner.Progress) {
		if p.Documents > 0 {
			reached = p.Documents
			cancel()
		}
	}})
	if err == nil || reached == 0 {
		t.Fatalf("the run was not ended: %v", err)
	}
	report := apply(t, db, "1.0.0", runner.Options{Finish: all, Workers: 2})
	if report.Resumed == 0 {
		t.Errorf("nothing was resumed: %+v", report)
	}
	for name, timeless := range map[string]int64{"alike": 0, "mixed": 15_000} {
		samples := db.Collection("samples." + name)
		for what, c := range map[string]struct {
			filter bson.D
			want   int64
		}{
			"without last_modified_at": {bson.D{{Key: "last_modified_at", Value: bson.D{{Key: "$ne", Value: bson.NewDateTimeFromTime(now)}}}}, 0},
			"without created_at":       {bson.D{{Key: "created_at", Value: bson.D{{Key: "$exists", Value: false}}}}, 0},
			"created at no time":       {bson.D{{Key: "created_at", Value: nil}}, timeless},
		} {
			if n, err := samples.CountDocuments(t.Context(), c.filter); err != nil || n != c.want {
				t.Errorf("%s: %d samples %s, want %d, %v", name, n, what, c.want, err)
			}
		}
	}
}

// makeDataset makes a dataset of 0.25.2 with so many samples.
func makeDataset(t *testing.T, db *mongo.Database, name string, n int, id func(i int) any) {
	t.Helper()
	doc := bson.D{
		{Key: "name", Value: name}, {Key: "slug", Value: name}, {Key: "version", Value: "0.25.2"},
		{Key: "sample_collection_name", Value: "samples." + name},
		{Key: "sample_fields", Value: bson.A{bson.D{{Key: "name", Value: "id"}, {Key: "ftype", Value: "fiftyone.core.fields.ObjectIdField"}}}},
	}
	if _, err := db.Collection("datasets").InsertOne(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	docs := make([]any, n)
	for i := range docs {
		docs[i] = bson.D{{Key: "_id", Value: id(i)}, {Key: "filepath", Value: fmt.Sprint("/a/", i)}}
	}
	if _, err := db.Collection("samples."+name).InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}
