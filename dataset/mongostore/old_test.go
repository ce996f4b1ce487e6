package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
	"github.com/medialift/medialift/internal/mongotest"
)

// A dataset that FiftyOne 0.16 left behind and that no newer one has opened yet:
// runs are documents in it, collections are named after the time.
const before017 = `{"_id": {"$oid": "65a000000000000000000001"}, "name": "old", "version": "0.16.6", "media_type": "video",
	"sample_collection_name": "samples.2022.01.02.03.04.05", "persistent": true, "sample_fields": [{"name": "filepath",
	"ftype": "fiftyone.core.fields.StringField"}], "frame_fields": null, "brain_methods": {"none": {"key": "none", "results": null}},
	"evaluations": {"eval": {"key": "eval", "version": "0.16.6", "results": {"$oid": "65a000000000000000000002"}}}}`

func insert(t *testing.T, d *Database, collection, text string) {
	t.Helper()
	doc, err := extjson.Decode(nil, []byte(text))
	if err == nil {
		_, err = d.db.Collection(collection).InsertOne(context.Background(), doc)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotMigrated(t *testing.T) {
	ctx := context.Background()
	d := open(t, mongotest.Database(t))
	insert(t, d, datasetsName, before017)
	insert(t, d, "samples.2022.01.02.03.04.05", `{"_id": {"$oid": "65a000000000000000000003"}, "filepath": "/a.mp4"}`)
	insert(t, d, "frames.samples.2022.01.02.03.04.05", `{"_id": {"$oid": "65a000000000000000000004"},
		"_sample_id": {"$oid": "65a000000000000000000003"}, "frame_number": 1}`)
	insert(t, d, filesName, `{"_id": {"$oid": "65a000000000000000000002"}, "length": {"$numberLong": "2"}, "chunkSize": 261120}`)
	insert(t, d, chunksName, `{"files_id": {"$oid": "65a000000000000000000002"}, "n": 0, "data": {"$binary": {"base64": "e30=", "subType": "00"}}}`)
	src := d.must(t, "old")
	w := d.New("new", NewOptions{CreateDatabase: true})
	if err := dataset.Copy(ctx, w, src); err != nil {
		t.Fatal(err)
	}
	copied := d.must(t, "new")
	if got := result(t, copied, dataset.Run{Family: dataset.Evaluations, Key: "eval"}); got != "{}" {
		t.Errorf("results are %q", got)
	}
	samples, frames := all(t, copied, dataset.Samples), all(t, copied, dataset.Frames)
	if len(samples) != 1 || len(frames) != 1 || string(samples[0]) != string(all(t, src, dataset.Samples)[0]) {
		t.Errorf("samples %v, frames %v", samples, frames)
	}
	doc := must1(copied.document(ctx))
	if ref := doc.Lookup("evaluations", "eval"); ref.Type != bson.TypeObjectID {
		t.Errorf("the run is %v, not a reference", ref)
	}
	if version, _ := doc.Lookup("version").StringValueOK(); version != "0.16.6" {
		t.Errorf("version %q", version)
	}
	if frames, _ := doc.Lookup("frame_collection_name").StringValueOK(); frames != "frames.samples."+w.ID().Hex() {
		t.Errorf("frames are in %q", frames)
	}
}

// Before 0.11.2 runs stay in the dataset's own document: FiftyOne's migrations up
// to there fail on references.
func TestEmbeddedRuns(t *testing.T) {
	ctx := context.Background()
	d := open(t, mongotest.Database(t))
	insert(t, d, datasetsName, strings.ReplaceAll(before017, "0.16.6", "0.9.1"))
	insert(t, d, filesName, `{"_id": {"$oid": "65a000000000000000000002"}, "length": {"$numberLong": "2"}, "chunkSize": 261120}`)
	insert(t, d, chunksName, `{"files_id": {"$oid": "65a000000000000000000002"}, "n": 0, "data": {"$binary": {"base64": "e30=", "subType": "00"}}}`)
	w := d.New("new", NewOptions{CreateDatabase: true})
	if err := dataset.Copy(ctx, w, d.must(t, "old")); err != nil {
		t.Fatal(err)
	}
	copied := d.must(t, "new")
	run := must1(copied.document(ctx)).Lookup("evaluations", "eval")
	file, ok := run.Document().Lookup("results").ObjectIDOK()
	if !ok || file.Hex() == "65a000000000000000000002" {
		t.Errorf("the run is %v", run)
	}
	if got := result(t, copied, dataset.Run{Family: dataset.Evaluations, Key: "eval"}); got != "{}" {
		t.Errorf("results are %q", got)
	}
}

func TestDangling(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	if _, err := db.Collection(viewsName).DeleteOne(ctx, bson.D{{Key: "name", Value: "two"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection(runsName).DeleteOne(ctx, bson.D{{Key: "key", Value: "guess"}}); err != nil {
		t.Fatal(err)
	}
	var run bson.D
	if err := db.Collection(runsName).FindOne(ctx, bson.D{{Key: "key", Value: "custom"}}).Decode(&run); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection(filesName).DeleteOne(ctx, bson.D{{Key: "_id", Value: value(run, "results")}}); err != nil {
		t.Fatal(err)
	}
	src := d.must(t, "image")
	m, err := src.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Views()) != 6 || len(m.Runs()) != 4 || len(m.Problems) != 3 {
		t.Errorf("%d views, %d runs, problems %v", len(m.Views()), len(m.Runs()), m.Problems)
	}
	w := d.New("copy", NewOptions{})
	if err := dataset.Copy(ctx, w, src); err != nil {
		t.Fatal(err)
	}
	if m, err := d.must(t, "copy").Manifest(ctx); err != nil || len(m.Problems) != 0 {
		t.Errorf("problems of the copy: %v, %v", m.Problems, err)
	}
}

func value(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// Results that are not whole never become shorter ones: the run is copied without
// them, and the manifest says so, as for those that are gone.
func TestDamagedResults(t *testing.T) {
	ctx := context.Background()
	for name, damage := range map[string]func(chunks *mongo.Collection, id any) error{
		"no chunks": func(chunks *mongo.Collection, id any) error {
			_, err := chunks.DeleteMany(ctx, bson.D{{Key: "files_id", Value: id}})
			return err
		},
		"short chunk": func(chunks *mongo.Collection, id any) error {
			cut := bson.D{{Key: "$set", Value: bson.D{{Key: "data", Value: bson.Binary{Data: []byte("{")}}}}}
			_, err := chunks.UpdateOne(ctx, bson.D{{Key: "files_id", Value: id}}, cut)
			return err
		},
	} {
		d, db := rich(t)
		var run bson.D
		if err := db.Collection(runsName).FindOne(ctx, bson.D{{Key: "key", Value: "custom"}}).Decode(&run); err != nil {
			t.Fatal(err)
		}
		if err := damage(db.Collection(chunksName), value(run, "results")); err != nil {
			t.Fatal(err)
		}
		src := d.must(t, "image")
		m, err := src.Manifest(ctx)
		if err != nil || len(m.Problems) != 1 || m.Problems[0].Path != "custom" {
			t.Errorf("%s: problems %v, %v", name, m.Problems, err)
		}
		if err := dataset.Copy(ctx, d.New("copy", NewOptions{}), src); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		copied := d.must(t, "copy")
		if _, err := copied.Result(ctx, dataset.Run{Family: dataset.CustomRuns, Key: "custom"}); !errors.Is(err, dataset.ErrNoResult) {
			t.Errorf("%s: results of the copy: %v", name, err)
		}
		if r, err := copied.Result(ctx, dataset.Run{Family: dataset.Evaluations, Key: "guess"}); err != nil {
			t.Errorf("%s: results that are whole: %v", name, err)
		} else if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A null in the place of a run, a view or a workspace is left out.
func TestNullReferences(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	set := bson.D{{Key: "$set", Value: bson.D{{Key: "brain_methods.b", Value: nil}}}, {Key: "$push", Value: bson.D{{Key: "saved_views", Value: nil}}}}
	if _, err := db.Collection(datasetsName).UpdateOne(ctx, bson.D{{Key: "name", Value: "image"}}, set); err != nil {
		t.Fatal(err)
	}
	src := d.must(t, "image")
	m, err := src.Manifest(ctx)
	if err != nil || len(m.Problems) != 2 {
		t.Errorf("problems %v, %v", m.Problems, err)
	}
	if err := dataset.Copy(ctx, d.New("copy", NewOptions{}), src); err != nil {
		t.Error(err)
	}
}

// What decides how documents are read must not change while they are.
func TestSchemaChangedMeanwhile(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	change := func(dataset.Part, bson.Raw) (bson.Raw, error) {
		add := bson.D{{Key: "$push", Value: bson.D{{Key: "sample_fields", Value: bson.D{{Key: "name", Value: "new"}}}}}}
		_, err := db.Collection(datasetsName).UpdateOne(ctx, bson.D{{Key: "name", Value: "image"}}, add)
		return must1(bson.Marshal(bson.D{{Key: "_id", Value: bson.NewObjectID()}})), err
	}
	w := d.New("copy", NewOptions{})
	if err := dataset.Copy(ctx, w, d.must(t, "image"), change); !errors.Is(err, dataset.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
