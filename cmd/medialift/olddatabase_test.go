package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// written restores a database that FiftyOne of that version wrote, and returns it with the
// variables that lead to it.
func written(t *testing.T, version string) (*mongo.Database, []string) {
	t.Helper()
	name := filepath.Join("old", version, "before")
	dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst", name)
	db := mongotest.Database(t)
	mongotest.Read(t, filepath.Join(dir, name)).Restore(t, db)
	return db, []string{
		"FIFTYONE_DATABASE_URI=" + mongotest.URI(t), "FIFTYONE_DATABASE_NAME=" + db.Name(), "FIFTYONE_API_URI=", "HOME=" + t.TempDir(),
	}
}

// versionOf is the version of a dataset, empty where there is none of that name.
func versionOf(t *testing.T, db *mongo.Database, name string) string {
	t.Helper()
	doc, err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: name}}).Raw()
	if err != nil {
		return ""
	}
	version, _ := doc.Lookup("version").StringValueOK()
	return version
}

// Databases below 0.19 are written to as newer ones are. One below 0.15 notes no version:
// it has that of its datasets, and gets no note.
func TestOldDatabases(t *testing.T) {
	for _, version := range []string{"0.14.4", "0.16.6"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			db, env := written(t, version)
			m := newTool(t, env...)
			if said := m.run(exitDone, "info"); len(said.Datasets.([]any)) == 0 {
				t.Fatalf("%+v", said)
			}
			const name = "old-images"
			out := filepath.Join(t.TempDir(), "export")
			m.run(exitDone, "export", name, out)
			m.run(exitDone, "import", out, "--name", "copy")
			before := pathsOf(t, db, "copy")
			doc := m.run(exitDone, "rewrite", "copy", "--map", "prefix:/=/moved/")
			after := pathsOf(t, db, "copy")
			if slices.Equal(before, after) || !strings.HasPrefix(after[0], "/moved/") {
				t.Errorf("%v became %v", before, after)
			}
			m.run(exitDone, "undo", doc.Run)
			if again := pathsOf(t, db, "copy"); !slices.Equal(before, again) {
				t.Errorf("%v became %v again", before, again)
			}
			m.run(exitDone, "import", out, "--name", "日本", "--map", "prefix:/=s3://media/") // no slugs there
			to := []string{"--to-uri", mongotest.URI(t), "--to-database-name", db.Name()}
			lifted := m.run(exitDone, append([]string{"lift", name, filepath.Join(t.TempDir(), "bucket"), "--name", "lifted", "--missing", "keep"}, to...)...)
			for _, name := range []string{"copy", "日本", "lifted"} {
				if got := versionOf(t, db, name); got != version {
					t.Errorf("%q is of version %q", name, got)
				}
			}
			m.run(exitDone, "undo", lifted.Run)
			if got := versionOf(t, db, "lifted"); got != "" {
				t.Error("the lifted dataset is there yet")
			}
			n, err := db.Collection("config").CountDocuments(t.Context(), bson.D{})
			if err != nil || (n == 0) != (version == "0.14.4") {
				t.Errorf("%d documents in config: %v", n, err)
			}
			if said := m.run(exitDone, "info", name); said.Status != "done" {
				t.Errorf("%+v", said)
			}
		})
	}
}

// An export that is newer than the database is brought down to it: what that deletes is
// told before anything is written, and agreed to.
func TestImportIntoOlder(t *testing.T) {
	db, env := written(t, "0.16.6")
	m := newTool(t, env...)
	export := testexport.Copy(t, "image").Dir
	before := settled(t, db)
	doc := m.run(exitRefused, "import", export, "--name", "new")
	if !slices.ContainsFunc(doc.Problems, func(p dataset.Problem) bool { return p.Kind == "loss" && strings.Contains(p.Hint, "saved view") }) || !strings.Contains(doc.Hint, "--yes") {
		t.Errorf("%+v", doc)
	}
	checkSame(t, before, settled(t, db))
	m.run(exitDone, "import", export, "--name", "new", "--yes")
	if got := versionOf(t, db, "new"); got != "0.16.6" {
		t.Errorf("it is of version %q", got)
	}
	// Groups came with 0.17: nothing brings them there.
	doc = m.run(exitRefused, "import", testexport.Copy(t, "group").Dir, "--name", "group", "--yes")
	if !strings.Contains(doc.Error, "0.17.0") || versionOf(t, db, "group") != "" {
		t.Errorf("%+v", doc)
	}
}

// An export of a version before FiftyOne's faulty revisions arrives at the version of the
// database, so that these never see it; one whose version is not known stays at it.
func TestImportOfOlder(t *testing.T) {
	source, env := written(t, "0.14.4")
	m := newTool(t, env...)
	out := filepath.Join(t.TempDir(), "export")
	m.run(exitDone, "export", "old-images", out)
	db := mongotest.Database(t)
	if db.Name() == source.Name() {
		t.Fatal("one database for both")
	}
	m = newTool(t, append(env, "FIFTYONE_DATABASE_NAME="+db.Name())...)
	m.run(exitRefused, "import", out)
	m.run(exitDone, "import", out, "--create-database")
	if got := versionOf(t, db, "old-images"); got != "1.22.1" {
		t.Errorf("it is of version %q", got)
	}
	newer := bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: "1.20.0"}}}}
	if _, err := db.Collection("config").UpdateOne(t.Context(), bson.D{}, newer); err != nil {
		t.Fatal(err)
	}
	m.run(exitDone, "import", out, "--name", "second")
	if got := versionOf(t, db, "second"); got != "1.20.0" {
		t.Errorf("it is of version %q", got)
	}
}

// What the FiftyOne of the target can't open is told before a byte is sent; once agreed to,
// the dataset goes there, and no line says how to load it, then or later.
func TestLiftUnopenable(t *testing.T) {
	l := newLifting(t, "1.10.0")
	set := bson.D{{Key: "$set", Value: bson.D{{Key: "media_type", Value: "multimodal"}}}} // which came later
	if _, err := l.a.Collection("datasets").UpdateOne(t.Context(), bson.D{{Key: "name", Value: "image"}}, set); err != nil {
		t.Fatal(err)
	}
	before := settled(t, l.b)
	doc := l.lift(exitRefused, "image", "s3://media/x")
	if !slices.ContainsFunc(doc.Problems, func(p dataset.Problem) bool {
		return p.Kind == "cannot be opened" && strings.Contains(p.Hint, "multimodal")
	}) {
		t.Errorf("%+v", doc)
	}
	checkSame(t, before, settled(t, l.b))
	if sent := objects(t, l.s3, "media"); len(sent) > 0 {
		t.Errorf("%d objects were sent", len(sent))
	}
	for range 2 { // it is there already the second time
		doc = l.lift(exitDone, "image", "s3://media/x", "--yes")
		entry, _ := doc.Datasets.([]any)[0].(map[string]any)
		if text, _ := entry["cannot_open"].(string); !strings.Contains(text, "multimodal") || entry["python"] != nil || strings.Contains(doc.Next, "load_dataset") {
			t.Errorf("next %q, %v", doc.Next, entry)
		}
	}
	if got := versionOf(t, l.b, "image"); got != "1.10.0" {
		t.Errorf("it is of version %q", got)
	}
}
