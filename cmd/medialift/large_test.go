package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// large makes a dataset of three samples with files, the second of which is so large
// that its path may grow by room bytes and no more.
func large(t *testing.T, m tool, db *mongo.Database, name string, room int) (files string) {
	t.Helper()
	files = t.TempDir()
	var paths []string
	for _, base := range []string{"0.png", "1.png", "2.png"} {
		path := filepath.Join(files, base)
		if err := os.WriteFile(path, []byte(base), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	dir := tiny(t, name, paths...)
	text, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(string(text), `"sample_fields": [`, `"sample_fields": [{"name": "fill", "ftype": "fiftyone.core.fields.StringField"}, `, 1)
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	m.run(0, "import", dir, "--create-database")
	nearlyFull(t, db, name, room)
	return files
}

// nearlyFull leaves room bytes in the second sample.
func nearlyFull(t *testing.T, db *mongo.Database, name string, room int) {
	t.Helper()
	samples := db.Collection(collectionOf(t, db, name))
	is := bson.D{{Key: "_id", Value: bson.ObjectID{11: 2}}}
	if _, err := samples.UpdateOne(t.Context(), is, bson.D{{Key: "$set", Value: bson.D{{Key: "fill", Value: ""}}}}); err != nil {
		t.Fatal(err)
	}
	doc, err := samples.FindOne(t.Context(), is).Raw()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 16<<20-len(doc)-room)
	if _, err := samples.UpdateOne(t.Context(), is, bson.D{{Key: "$set", Value: bson.D{{Key: "fill", Value: text}}}}); err != nil {
		t.Fatal(err)
	}
}

// checkLeft sees that the second sample was named and has its path, and that the others
// have the new ones.
func checkLeft(t *testing.T, m tool, doc document, db *mongo.Database, name, old, to string) {
	t.Helper()
	const second = "000000000000000000000002"
	if len(doc.Problems) != 1 || doc.Problems[0].ID != second || !strings.Contains(doc.Problems[0].Hint, "bytes and would have 167772") || doc.Counts.Failed != 1 {
		t.Errorf("%s: %+v", doc.Command, doc)
	}
	rows, _ := m.run(0, "runs", doc.Run, "--rows", "failed").Rows.([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["id"] != second || !strings.Contains(rows[0].(map[string]any)["reason"].(string), "more than MongoDB keeps") {
		t.Errorf("%s: rows %v", doc.Command, rows)
	}
	cursor, err := db.Collection(collectionOf(t, db, name)).Find(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []struct{ Filepath string }
	if err := cursor.All(t.Context(), &docs); err != nil || len(docs) != 3 {
		t.Fatal(err, len(docs))
	}
	for i, d := range docs {
		want := to
		if i == 1 {
			want = old
		}
		if !strings.HasPrefix(d.Filepath, want) {
			t.Errorf("%s: sample %d has %q, want %s…", doc.Command, i, d.Filepath, want)
		}
	}
}

// One document that cannot take a longer path is named, and keeps no other from it.
func TestOneDocumentIsTooLarge(t *testing.T) {
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(t.TempDir(), "none"), "HOME="+t.TempDir())
	files := large(t, m, db, "large", 2)
	out := filepath.Join(t.TempDir(), strings.Repeat("long", 20))
	longer := "prefix:" + files + "=" + out
	checkLeft(t, m, m.run(3, "rewrite", "large", "--map", longer), db, "large", files, out)
	m.run(0, "undo", m.run(0, "runs").Runs.([]any)[0].(map[string]any)["run"].(string))

	target := mongotest.Database(t)
	for range 2 { // the same again is no worse
		doc := m.run(3, "lift", "large", out, "--to-uri", mongotest.URI(t), "--to-database-name", target.Name(), "--create-database")
		checkLeft(t, m, doc, target, "large", files, out)
	}
	doc := m.run(3, "upload", "large", out, "--update-filepaths")
	checkLeft(t, m, doc, db, "large", files, out)
	m.run(0, "undo", doc.Run)

	export := filepath.Join(t.TempDir(), "export")
	m.run(0, "export", "large", export)
	checkLeft(t, m, m.run(3, "import", export, "--name", "again", "--map", longer), db, "again", files, out)

	// The way back may be the longer one.
	doc = m.run(0, "rewrite", "large", "--map", "prefix:"+files+"=/x")
	nearlyFull(t, db, "large", 2)
	checkLeft(t, m, m.run(3, "undo", doc.Run), db, "large", "/x", files)
	nearlyFull(t, db, "large", 1000)
	m.run(0, "undo", doc.Run)
}
