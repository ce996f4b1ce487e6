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

// A generated dataset has plain media fields too, which its own app_config does not
// name, and frames' labels one by one. Each is renewed from the field of the source
// that it is a copy of, and no other string is.
func TestCopiesOfEveryField(t *testing.T) {
	ctx := t.Context()
	db, _, env := fiftyOne(t)
	m := newTool(t, env...)
	field := func(name, kind string, kids ...any) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "db_field", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields." + kind}, {Key: "fields", Value: bson.A(kids)}}
	}
	schema := func(names ...string) (fields bson.A) {
		for _, name := range names {
			fields = append(fields, field(name, "StringField"))
		}
		return fields
	}
	insert := func(collection string, docs ...any) {
		t.Helper()
		if _, err := db.Collection(collection).InsertMany(ctx, docs); err != nil {
			t.Fatal(err)
		}
	}
	source, sample, frame, view := bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID()
	samples := "samples." + source.Hex()
	insert("datasets", bson.M{"_id": source, "name": "source", "slug": "source", "version": "1.22.1", "media_type": "video", "persistent": true,
		"sample_collection_name": samples, "frame_collection_name": "frames." + samples, "saved_views": bson.A{view},
		"app_config":    bson.M{"media_fields": bson.A{"filepath", "poster", "frames.ft", "frames.dets.detections.crop"}},
		"sample_fields": schema("filepath", "poster", "note"), "frame_fields": schema("filepath", "ft")})
	insert(samples, bson.M{"_id": sample, "filepath": "/old/v.mp4", "poster": "/old/p.png", "note": "/old/p.png"})
	insert("frames."+samples, bson.M{"_id": frame, "_sample_id": sample, "frame_number": 1, "filepath": "/old/f.png", "ft": "/old/ft.png",
		"dets": bson.M{"_cls": "Detections", "detections": bson.A{bson.M{"_cls": "Detection", "mask_path": "/old/m.png", "crop": "/old/c.png"}}}})
	insert("views", bson.M{"_id": view, "_dataset_id": source, "name": "v", "view_stages": bson.A{
		`{"_cls": "fiftyone.core.stages.ToFrames", "kwargs": [["_state", {"name": "gen frames"}]]}`,
		`{"_cls": "fiftyone.core.stages.ToPatches", "kwargs": [["_state", {"name": "gen patches"}]]}`,
		`{"_cls": "fiftyone.core.stages.ToClips", "kwargs": [["_state", {"name": "gen clips"}]]}`}})
	label := bson.M{"_cls": "Detection", "mask_path": "/old/m.png", "crop": "/old/c.png"}
	kept := map[string]bson.M{
		"frames":         {"_id": frame, "_sample_id": sample, "filepath": "/old/f.png", "ft": "/old/ft.png", "dets": bson.M{"_cls": "Detections", "detections": bson.A{label}}},
		"patches.frames": {"_id": bson.NewObjectID(), "_sample_id": sample, "_frame_id": frame, "filepath": "/old/f.png", "ft": "/old/ft.png", "dets": label},
		"clips":          {"_id": bson.NewObjectID(), "_sample_id": sample, "filepath": "/old/v.mp4", "poster": "/old/p.png", "note": "/old/p.png"},
	}
	values := map[string]int{"frames": 4, "patches.frames": 4, "clips": 2}
	for kind, doc := range kept {
		id := bson.NewObjectID()
		insert("datasets", bson.M{"_id": id, "name": "gen " + strings.TrimSuffix(kind, ".frames"), "version": "1.22.1", "media_type": "image",
			"sample_collection_name": kind + "." + id.Hex(), "sample_fields": schema("filepath", "ft", "poster", "note")})
		insert(kind+"."+id.Hex(), doc)
	}
	before := settled(t, db)
	run := m.run(exitDone, "rewrite", "source", "--map", "prefix:/old=/new").Run
	for kind, want := range values {
		var doc bson.Raw
		for _, name := range generated(t, db, "patches", "frames", "clips") {
			if raw, err := db.Collection(name).FindOne(ctx, bson.D{{Key: "_id", Value: kept[kind]["_id"]}}).Raw(); err == nil && strings.HasPrefix(name, kind+".") {
				doc = raw
			}
		}
		if got := strings.Count(doc.String(), `"/new/`); got != want {
			t.Errorf("%s: %d paths are new, want %d: %s", kind, got, want, doc)
		}
	}
	m.run(exitDone, "undo", run)
	checkSame(t, before, settled(t, db))
}
