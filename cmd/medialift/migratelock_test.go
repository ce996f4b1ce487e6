package main

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A run that is at work on a dataset and a migration of it keep each other off: also runs
// of older versions, and of machines of which nothing is known.
func TestMigrateAndRewriteExclude(t *testing.T) {
	db, _, env := fiftyOne(t)
	m := newTool(t, env...)
	dataset, err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: "image"}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	lock := func(collection string, doc bson.D) {
		t.Helper()
		if _, err := db.Collection(collection).InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(collection string) {
		t.Helper()
		n, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
		if n != 0 || err != nil {
			t.Errorf("%d records left in %s, %v", n, collection, err)
		}
	}
	soon := time.Now().Add(time.Hour)
	lock("medialift.locks", bson.D{{Key: "_id", Value: dataset.Lookup("_id")}, {Key: "token", Value: "x"}, {Key: "dataset", Value: "image"}, {Key: "expires", Value: soon}})
	m.run(exitLocked, "migrate", "--all")
	m.run(exitLocked, "migrate", "-n", "image", "-v", "1.21.0")
	m.run(exitDone, "migrate", "-n", "video")
	m.run(exitLocked, "migrate", "--all", "--lock-timeout", "1500ms")
	m.run(exitDone, "migrate", "--all", "--steal-lock")
	gone("medialift.locks")

	lock("medialift_lease", bson.D{{Key: "_id", Value: "lease"}, {Key: "owner", Value: "medialift"}, {Key: "host", Value: "old"}, {Key: "pid", Value: 1},
		{Key: "since", Value: time.Now()}, {Key: "expires_at", Value: soon}})
	m.run(exitLocked, "migrate", "--all")
	m.run(exitLocked, "rewrite", "image", "--map", "prefix:/=/elsewhere/")
	m.run(exitLocked, "migrate", "-n", "image")
	m.run(exitDone, "migrate", "--all", "--steal-lock")
	gone("medialift_lease")

	lock("medialift.locks", bson.D{{Key: "_id", Value: "medialift migration"}, {Key: "token", Value: "x"}, {Key: "owner", Value: "medialift"}, {Key: "host", Value: "far"},
		{Key: "datasets", Value: bson.A{dataset.Lookup("_id")}}, {Key: "expires", Value: soon}})
	m.run(exitLocked, "rewrite", "image", "--map", "prefix:/=/elsewhere/")
	m.run(exitDone, "rewrite", "video", "--map", "prefix:/=/elsewhere/")
}
