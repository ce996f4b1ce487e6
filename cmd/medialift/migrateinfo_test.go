package main

import (
	"bytes"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// few makes a database of the version that a few datasets of version 0.19.1 lack.
func few(t *testing.T) (*mongo.Database, tool) {
	t.Helper()
	db := mongotest.Database(t)
	many(t, db, 2)
	return db, newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+t.TempDir()+"/none", "HOME="+t.TempDir(), "FIFTYONE_DATABASE_ADMIN=")
}

// What migrate --info prints is what FiftyOne prints, letter by letter.
func TestMigrateInfo(t *testing.T) {
	db, m := few(t)
	for i, name := range []string{"2024", "数据"} {
		doc := bson.D{{Key: "name", Value: name}}
		if i == 0 {
			doc = append(doc, bson.E{Key: "version", Value: "1.0"})
		}
		if _, err := db.Collection("datasets").InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	before := mongotest.Take(t, db)
	m.env = append(m.env, "FIFTYONE_DISABLE_MIGRATIONS=1")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, `Client version: 1.22.1
Compatible versions: >=0.19,<2

Database version: 0.19.1

dataset      version
-----------  ---------
2024         1.0
dataset-000  0.19.1
dataset-001  0.19.1
数据
`},
		{[]string{"-n", "数据", "dataset-000"}, "None\n0.19.1\n"},
	} {
		var out bytes.Buffer
		cmd := m.command(append([]string{"migrate", "--info"}, tt.args...)...)
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil || out.String() != tt.want {
			t.Errorf("%v, got\n%s\nwant\n%s", err, &out, tt.want)
		}
	}
	m.run(exitUsage, "migrate", "--info", "-n", "nope")
	same(t, before, db, before)
}

// Rows that an older client wrote after the move are found by info, and mended.
func TestMigrateRepair(t *testing.T) {
	db, m := few(t)
	m.run(exitDone, "migrate", "--all")
	var dataset struct {
		ID      bson.ObjectID `bson:"_id"`
		Samples string        `bson:"sample_collection_name"`
	}
	if err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: "dataset-001"}}).Decode(&dataset); err != nil {
		t.Fatal(err)
	}
	if doc := m.run(exitDone, "info"); len(doc.Warnings) > 0 {
		t.Errorf("%v", doc.Warnings)
	}
	late := bson.NewObjectID()
	if _, err := db.Collection(dataset.Samples).InsertOne(t.Context(), bson.D{{Key: "_id", Value: late}, {Key: "filepath", Value: "/late.jpg"}}); err != nil {
		t.Fatal(err)
	}
	doc := m.run(exitDone, "info")
	if len(doc.Warnings) != 1 || !strings.Contains(doc.Warnings[0], `"dataset-001"`) || !strings.Contains(doc.Warnings[0], "--repair") {
		t.Errorf("%q", doc.Warnings)
	}
	m.run(exitDone, "migrate", "--all", "--repair")
	raw, err := db.Collection(dataset.Samples).FindOne(t.Context(), bson.D{{Key: "_id", Value: late}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if id := raw.Lookup("_dataset_id"); id.Type != bson.TypeObjectID || id.ObjectID() != dataset.ID || !raw.Lookup("created_at").Time().Equal(late.Timestamp()) || raw.Lookup("last_modified_at").Type != bson.TypeDateTime {
		t.Errorf("mended to %s", raw)
	}
	if doc := m.run(exitDone, "info"); len(doc.Warnings) > 0 {
		t.Errorf("%v", doc.Warnings)
	}
}

// A run that was killed keeps the next one of its machine from nothing.
func TestMigrateAfterKill(t *testing.T) {
	for range 20 {
		db, m := few(t)
		cmd := m.command("migrate", "--all")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		leased, done := false, false
		for !leased && !done {
			select {
			case <-ended:
				done = true
			default:
				n, err := db.Collection("medialift.locks").CountDocuments(t.Context(), bson.D{{Key: "asking", Value: false}})
				if err != nil {
					t.Fatal(err)
				}
				leased = n == 1
			}
		}
		if done {
			continue // it was too quick to be seen at work
		}
		_ = cmd.Process.Kill()
		<-ended
		m.run(exitDone, "migrate", "--all")
		return
	}
	t.Fatal("none of 20 runs was seen holding its lease")
}
