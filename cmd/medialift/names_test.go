package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// databaseOf is a database with a dataset of each name, which has one file of its own, and
// one more dataset whose name is null.
func databaseOf(t *testing.T, names ...string) (m tool, db *mongo.Database, nameless string) {
	t.Helper()
	db = mongotest.Database(t)
	m = newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(t.TempDir(), "none"), "HOME="+t.TempDir())
	files := t.TempDir()
	for _, name := range append(names, "nobody") {
		file := filepath.Join(files, fileOf(name))
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		m.run(0, "import", tiny(t, "plain", file), "--name="+name, "--create-database")
	}
	doc, err := db.Collection("datasets").FindOneAndUpdate(t.Context(), bson.D{{Key: "name", Value: "nobody"}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "name", Value: nil}}}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return m, db, doc.Lookup("_id").ObjectID().Hex()
}

// Whatever a dataset is called, and whether it has a name at all, the others are
// worked on, each in a place of its own.
func TestOddNames(t *testing.T) {
	names := []string{"org/name", "--all", "db:x", "new\nline", "{field}"}
	m, db, nameless := databaseOf(t, names...)
	out := t.TempDir()
	target := mongotest.Database(t)
	for _, args := range [][]string{
		{"info", "--all"}, {"info", "--match", "*"}, {"rewrite", "--all", "--map", "prefix:/nowhere=/x", "--unmatched", "keep", "--dry-run"},
		{"upload", "--all", filepath.Join(out, "{dataset}"), "--dry-run"}, {"upload", "--all", filepath.Join(out, "{dataset}")},
		{"lift", "--all", filepath.Join(out, "{dataset}"), "--to-uri", mongotest.URI(t), "--to-database-name", target.Name(), "--create-database"},
		{"upload", "--all", filepath.Join(out, "{dataset}"), "--update-filepaths"}, {"verify", "--all"},
	} {
		want := 0
		if args[0] == "rewrite" {
			want = 4 // no path of any is matched
		}
		doc := m.run(want, args...)
		if n := len(ends(t, doc)); n != len(names) {
			t.Errorf("%q: %d datasets", args, n)
		}
		if !slices.ContainsFunc(doc.Warnings, func(w string) bool { return strings.Contains(w, nameless) }) {
			t.Errorf("%q: warnings %q name no %s", args, doc.Warnings, nameless)
		}
	}
	for name, element := range map[string]string{
		"org/name": "org~2Fname", "--all": "--all", "db:x": "db~3Ax", "new\nline": "new~0Aline", "{field}": "~7Bfield~7D",
	} {
		if text, err := os.ReadFile(filepath.Join(out, element, fileOf(name))); err != nil || string(text) != name {
			t.Errorf("%q: %q, %v", name, text, err)
		}
		for _, d := range []*mongo.Database{db, target} {
			if got := pathsOf(t, d, name); len(got) != 1 || !strings.HasPrefix(got[0], filepath.Join(out, element)) {
				t.Errorf("%q has %q", name, got)
			}
		}
	}
	if got := m.run(0, "info"); len(got.Datasets.([]any)) != len(names)+1 {
		t.Errorf("%v", got.Datasets)
	}
}

// Names that become one place are refused before a byte of any is sent.
func TestNamesOfOnePlace(t *testing.T) {
	m, _, _ := databaseOf(t)
	out := t.TempDir()
	file := filepath.Join(t.TempDir(), "1.png")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := tiny(t, "Coco", file), tiny(t, "coco", file)
	for _, args := range [][]string{
		{"upload", one, two, filepath.Join(out, "{dataset}")},
		{"lift", one, two, filepath.Join(out, "{dataset}"), "--to-uri", mongotest.URI(t), "--to-database-name", "nowhere-" + filepath.Base(out)},
	} {
		doc := m.run(4, args...)
		if len(doc.Problems) != 1 || doc.Problems[0].Kind != "name" {
			t.Errorf("%+v", doc)
		}
	}
	if found, err := os.ReadDir(out); err != nil || len(found) > 0 {
		t.Errorf("%d are there, %v", len(found), err)
	}
}

// A dataset without a name names files too: they are not deleted.
func TestCleanAsksTheNameless(t *testing.T) {
	m, db, nameless := databaseOf(t)
	id, err := bson.ObjectIDFromHex(nameless)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "data", "1.png")
	if err = os.MkdirAll(filepath.Dir(file), 0o700); err == nil {
		err = os.WriteFile(file, []byte("only one"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	made, err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection(made.Lookup("sample_collection_name").StringValue()).UpdateMany(t.Context(), bson.D{},
		bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: file}}}}); err != nil {
		t.Fatal(err)
	}
	export := tiny(t, "export", file)
	for _, name := range []string{"metadata.json", "samples.json"} {
		text, err := os.ReadFile(filepath.Join(export, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m.run(0, "upload", dir, filepath.Join(t.TempDir(), "out"), "--update-filepaths")
	doc := m.run(4, "clean", dir)
	if !strings.Contains(doc.Error+doc.Hint+problemsOf(doc), nameless) {
		t.Errorf("%+v", doc)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func problemsOf(doc document) (text string) {
	for _, p := range doc.Problems {
		text += problemLine(p) + "\n"
	}
	return text
}

// fileOf is the file of the dataset of that name.
func fileOf(name string) string {
	return strings.NewReplacer("/", "-", "\n", "-").Replace(name) + ".png"
}
