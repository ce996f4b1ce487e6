package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/mongotest"
)

// writeSimpleExport writes an export of n samples with a run and its results.
func writeSimpleExport(t testing.TB, dir string, n int) {
	t.Helper()
	field := func(name string) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}, {Key: "db_field", Value: name}}
	}
	doc, err := bson.Marshal(bson.D{
		{Key: "_id", Value: bson.NewObjectID()}, {Key: "name", Value: "simple"}, {Key: "version", Value: "1.22.1"}, {Key: "media_type", Value: "image"},
		{Key: "app_config", Value: bson.D{{Key: "media_fields", Value: bson.A{"filepath"}}}},
		{Key: "sample_fields", Value: bson.A{field("filepath"), field("note")}}, {Key: "frame_fields", Value: bson.A{}},
		{Key: "runs", Value: bson.D{{Key: "r", Value: bson.D{{Key: "key", Value: "r"}, {Key: "results", Value: bson.NewObjectID()}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := dataset.Manifest{Doc: doc}
	w, err := dirstore.Create(dir, dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Begin(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		sample, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: fmt.Sprintf("/data/%06d.jpg", i)}, {Key: "note", Value: "a note of some length"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(t.Context(), dataset.Samples, []bson.Raw{sample}); err != nil {
			t.Fatal(err)
		}
	}
	run := dataset.Run{Family: dataset.CustomRuns, Key: "r"}
	if err := w.PutResult(t.Context(), run, strings.NewReader(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// TestKilledImports kills the real binary with SIGKILL at random moments of an
// import: FiftyOne sees the whole dataset or none, and the next import after the
// leases have expired removes what is left.
func TestKilledImports(t *testing.T) {
	if testing.Short() {
		t.Skip("kills imports of 30,000 samples: not in short mode")
	}
	t.Parallel()
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name())
	dir := filepath.Join(t.TempDir(), "simple")
	const samples = 30_000
	writeSimpleExport(t, dir, samples)
	m.run(exitDone, "version") // which builds the binary
	began := time.Now()
	m.run(exitDone, "import", dir, "--create-database")
	whole := time.Since(began)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %v undisturbed", seed, whole)
	random := rand.New(rand.NewPCG(seed, 0))
	killed := 0
	for n := range *killsFlag {
		name := fmt.Sprint("killed ", n)
		cmd := m.command("import", dir, "--name", name, "--create-database")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(whole))))
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		doc, err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: name}}).Raw()
		if err != nil {
			continue // none
		}
		collection, _ := doc.Lookup("sample_collection_name").StringValueOK()
		count, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
		if err != nil || count != samples {
			t.Errorf("%s has %d samples, %v", name, count, err)
		}
		id, _ := doc.Lookup("runs", "r").ObjectIDOK()
		if n, err := db.Collection("runs").CountDocuments(t.Context(), bson.D{{Key: "_id", Value: id}}); err != nil || n != 1 {
			t.Errorf("%s lacks its run: %v", name, err)
		}
	}
	if killed == 0 {
		t.Fatal("no import was killed")
	}
	past := bson.D{{Key: "$set", Value: bson.D{{Key: "expires", Value: bson.DateTime(0)}}}}
	if _, err := db.Collection("medialift.imports").UpdateMany(t.Context(), bson.D{}, past); err != nil {
		t.Fatal(err)
	}
	m.run(exitDone, "import", dir, "--name", "the next", "--create-database")
	noSuchDatasets(t, db, "none of this name")
	datasets, err := db.Collection("datasets").CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for collection, want := range map[string]int64{"medialift.imports": 0, "runs": datasets, "fs.files": datasets, "fs.chunks": datasets} {
		if n, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{}); err != nil || n != want {
			t.Errorf("%s holds %d documents, want %d: %v", collection, n, want, err)
		}
	}
}
