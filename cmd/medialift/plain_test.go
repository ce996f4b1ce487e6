package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// plainOnes imports a dataset whose field hsi names files of its own, though nothing
// calls it a media field, and whose field same names those of filepath.
func plainOnes(t *testing.T) (m tool, db *mongo.Database, files string) {
	t.Helper()
	db, files = mongotest.Database(t), t.TempDir()
	m = newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(t.TempDir(), "none"), "HOME="+t.TempDir())
	var paths []string
	for _, name := range []string{"rgb/0.png", "rgb/1.png", "hsi/0.npy", "hsi/1.npy"} {
		path := filepath.Join(files, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	dir := tiny(t, "p", paths[:2]...)
	for name, edit := range map[string][2]string{
		"metadata.json": {`"sample_fields": [`, `"sample_fields": [{"name": "hsi", "ftype": "fiftyone.core.fields.StringField"}, {"name": "same", "ftype": "fiftyone.core.fields.StringField"}, `},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(string(text), edit[0], edit[1], 1)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m.run(0, "import", dir, "--create-database")
	samples := db.Collection(collectionOf(t, db, "p"))
	for i := range 2 {
		is := bson.D{{Key: "_id", Value: bson.ObjectID{11: byte(i + 1)}}}
		set := bson.D{{Key: "hsi", Value: paths[i+2]}, {Key: "same", Value: paths[i]}}
		if _, err := samples.UpdateOne(t.Context(), is, bson.D{{Key: "$set", Value: set}}); err != nil {
			t.Fatal(err)
		}
	}
	return m, db, files
}

// begin reports whether all values of a field of the dataset begin so.
func begin(t *testing.T, db *mongo.Database, name, field, with string) bool {
	t.Helper()
	var values []string
	if err := db.Collection(collectionOf(t, db, name)).Distinct(t.Context(), field, bson.D{}).Decode(&values); err != nil {
		t.Fatal(err)
	}
	return len(values) == 2 && !slices.ContainsFunc(values, func(v string) bool { return !strings.HasPrefix(v, with) })
}

// Any field of strings can be named, and one that names local files and is not moved is
// named by every plan; lift leaves none behind that it was not told to.
func TestPlainFields(t *testing.T) {
	m, db, files := plainOnes(t)
	out, target := filepath.Join(t.TempDir(), "out"), mongotest.Database(t)
	warned := func(doc document, want bool) {
		t.Helper()
		for _, field := range []string{"hsi", "same"} {
			if got := slices.ContainsFunc(doc.Warnings, func(w string) bool { return strings.HasPrefix(w, strconv.Quote(field)) }); got != want {
				t.Errorf("%s, %s: %q", doc.Command, field, doc.Warnings)
			}
		}
	}
	doc := m.run(0, "upload", "p", out, "--dry-run")
	warned(doc, true)
	if len(doc.Problems) != 1 || doc.Problems[0].Kind != "unmoved" || doc.Problems[0].Field != "hsi" {
		t.Errorf("%+v", doc.Problems)
	}
	warned(m.run(0, "info", "p"), true)
	warned(m.run(0, "rewrite", "p", "--map", "prefix:"+files+"=/x", "--dry-run"), true)
	warned(m.run(0, "upload", "p", out, "--dry-run", "--leave-field", "hsi", "--leave-field", "same"), false)
	for _, command := range [][]string{{"upload", "p", out}, {"rewrite", "p", "--map", "prefix:/a=/b"}, {"info", "p"}, {"verify", "p"}} {
		doc := m.run(2, append(command, "--media-field", "hsy")...)
		if !strings.Contains(doc.Error, "filepath") || !strings.Contains(doc.Error, "hsi, same") {
			t.Errorf("%q: %s", command, doc.Error)
		}
	}
	if doc := m.run(0, "upload", "p", out, "--leave-field", "hsy", "--dry-run"); !slices.ContainsFunc(doc.Warnings, func(w string) bool { return strings.Contains(w, "hsy") }) {
		t.Errorf("warnings %q", doc.Warnings)
	}

	doc = m.run(0, "rewrite", "p", "--media-field", "hsi", "--map", "prefix:"+files+"=/x")
	if !begin(t, db, "p", "hsi", "/x/hsi/") || !begin(t, db, "p", "filepath", files) {
		t.Error("not rewritten")
	}
	m.run(0, "undo", doc.Run)

	to := []string{"--to-uri", mongotest.URI(t), "--to-database-name", target.Name(), "--create-database"}
	doc = m.run(4, slices.Concat([]string{"lift", "p", out}, to)...)
	if len(doc.Problems) != 1 || doc.Problems[0].Field != "hsi" || !strings.Contains(doc.Hint, "--media-field filepath --media-field hsi") || !strings.Contains(doc.Hint, "--leave-field hsi") {
		t.Errorf("%+v, %s", doc.Problems, doc.Hint)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was sent")
	}
	m.run(0, slices.Concat([]string{"lift", "p", out, "--leave-field", "hsi", "--name", "without"}, to)...)
	m.run(0, slices.Concat([]string{"lift", "p", out, "--media-field", "filepath", "--media-field", "hsi", "--name", "with"}, to)...)
	if !begin(t, target, "without", "hsi", files) || !begin(t, target, "without", "filepath", out) || !begin(t, target, "with", "hsi", out) || !begin(t, target, "with", "filepath", out) {
		t.Error("not lifted as told")
	}

	doc = m.run(0, "upload", "p", out, "--media-field", "hsi", "--update-filepaths")
	if !begin(t, db, "p", "hsi", out) || !begin(t, db, "p", "filepath", files) {
		t.Error("not uploaded")
	}
	if v := m.run(0, "verify", "p", "--media-field", "hsi"); v.Counts.Rows != 2 {
		t.Errorf("%+v", v.Counts)
	}
	m.run(0, "info", "p", "--media-field", "hsi")
	m.run(0, "undo", doc.Run)
	if !begin(t, db, "p", "hsi", files) {
		t.Error("not undone")
	}
}
