package main

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Where a map looks at more than paths, samples of one path may get several. A copy of
// one, behind a saved view, gets that of its own sample.
func TestCopiesFollowTheirSample(t *testing.T) {
	ctx := t.Context()
	db, _, env := fiftyOne(t)
	m := newTool(t, env...)
	for _, tt := range []struct{ name, kind, field, of string }{
		{"image", "patches", "filepath", "_sample_id"}, {"video", "clips", "filepath", "_sample_id"}, {"video", "frames", "frames.filepath", "_id"},
	} {
		name, samples := tt.name, collectionOf(t, db, tt.name)
		if tt.kind == "frames" {
			samples = "frames." + samples
		}
		copies := generated(t, db, tt.kind)
		if len(copies) == 0 {
			t.Fatal("nothing is generated")
		}
		same := bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: "/data/same.png"}}}}
		for _, collection := range append([]string{samples}, copies...) {
			if _, err := db.Collection(collection).UpdateMany(ctx, bson.D{}, same); err != nil {
				t.Fatal(err)
			}
		}
		before := settled(t, db)
		run := m.run(exitDone, "rewrite", name, "--media-field", tt.field, "--map", "template:s3://b/{{.ID}}{{.Ext}}").Run
		checked := 0
		for _, collection := range copies {
			var docs []bson.Raw
			cursor, err := db.Collection(collection).Find(ctx, bson.D{})
			if err == nil {
				err = cursor.All(ctx, &docs)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, doc := range docs {
				checked++
				got, want := doc.Lookup("filepath").StringValue(), "s3://b/"+doc.Lookup(tt.of).ObjectID().Hex()+".png"
				if got != want {
					t.Errorf("%s: a copy is %q, its original %q", collection, got, want)
				}
			}
		}
		if checked < 2 {
			t.Errorf("only %d copies of %s", checked, strings.Join(copies, " "))
		}
		m.run(exitDone, "undo", run)
		checkSame(t, before, settled(t, db))
	}
}
