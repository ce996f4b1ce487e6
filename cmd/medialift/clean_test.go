package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// layExport writes an export of one sample, and returns its directory.
func layExport(t *testing.T, dir, filepathValue string) string {
	t.Helper()
	for name, text := range map[string]string{
		"data/1.jpg": "bytes",
		"metadata.json": `{"_id": {"$oid": "65a000000000000000000009"}, "version": "1.22.1", "name": "one", "media_type": "image",
			"sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}], "app_config": {"media_fields": ["filepath"]}}`,
		"samples.json": `{"samples": [{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "` + filepathValue + `"}]}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The database that the command finds is asked, and a dataset in it that names the
// media, or cannot be read, keeps everything where it is.
func TestCleanAsksTheDatabase(t *testing.T) {
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "HOME="+t.TempDir())
	dir := layExport(t, filepath.Join(t.TempDir(), "x"), "data/1.jpg")
	m.run(exitDone, "import", dir, "--name", "theirs", "--create-database")
	m.run(exitDone, "upload", dir, filepath.Join(t.TempDir(), "out"), "--update-filepaths")
	doc := m.run(exitRefused, "clean", dir)
	if len(doc.Problems) != 1 || doc.Problems[0].Kind != "named" || !strings.Contains(doc.Problems[0].Hint, `"theirs"`) {
		t.Errorf("%+v", doc)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "1.jpg")); err != nil {
		t.Error(err)
	}

	datasets := db.Collection("datasets")
	set := func(change bson.D) {
		t.Helper()
		if _, err := datasets.UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: change}}); err != nil {
			t.Fatal(err)
		}
	}
	set(bson.D{{Key: "_media_sources", Value: bson.A{bson.D{{Key: "id", Value: "a"}}}}})
	if doc := m.run(exitRefused, "clean", dir); !strings.Contains(doc.Error, `"theirs"`) || !strings.Contains(doc.Error, "cannot be asked") {
		t.Errorf("a dataset with media references: %+v", doc)
	}
	set(bson.D{{Key: "_media_sources", Value: bson.A{}}})

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := "mongodb://" + closed.Addr().String() + "/?serverSelectionTimeoutMS=300"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if doc := m.run(exitRefused, "clean", dir, "--database-uri", away); !strings.Contains(doc.Error, "the database cannot be asked") || doc.Hint == "" {
		t.Errorf("a database that is away: %+v", doc)
	}

	if _, err := datasets.DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	m.run(exitDone, "clean", dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("the export is still there")
	}
}

// An export is not replaced while another export names files in it.
func TestOverwriteAsksOtherExports(t *testing.T) {
	m, _ := newDatabaseTool(t)
	work := t.TempDir()
	dir := filepath.Join(work, "image")
	m.run(exitDone, "export", "image", dir)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "1.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other := layExport(t, filepath.Join(work, "other"), "../image/data/1.jpg")
	doc := m.run(exitRefused, "export", "image", dir, "--overwrite")
	if len(doc.Problems) != 1 || doc.Problems[0].Kind != "in-use" || !strings.Contains(doc.Problems[0].Hint, "other") {
		t.Errorf("%+v", doc)
	}
	if err := os.RemoveAll(other); err != nil {
		t.Fatal(err)
	}
	m.run(exitDone, "export", "image", dir, "--overwrite")
}
