package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
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

	// What FiftyOne generated for a view that nobody saved names files too.
	made, err := datasets.FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	hidden := "frames." + made.Lookup("sample_collection_name").StringValue()
	if err := db.Client().Database("admin").RunCommand(t.Context(), bson.D{
		{Key: "renameCollection", Value: db.Name() + "." + made.Lookup("sample_collection_name").StringValue()}, {Key: "to", Value: db.Name() + "." + hidden},
	}).Err(); err != nil {
		t.Fatal(err)
	}
	set(bson.D{{Key: "sample_collection_name", Value: hidden}, {Key: "name", Value: "frames-of-theirs"}})
	if doc := m.run(exitRefused, "clean", dir); len(doc.Problems) != 1 || !strings.Contains(doc.Problems[0].Hint, `"frames-of-theirs"`) {
		t.Errorf("a generated dataset: %+v", doc)
	}

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := "mongodb://" + closed.Addr().String() + "/?serverSelectionTimeoutMS=300" // is meant to end
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

// put puts other bytes in the place of an object, as another client does.
func (c cloud) put(t *testing.T, key string, text []byte) {
	t.Helper()
	c.setenv(t)
	there, err := open.New(open.Options{}).Open(t.Context(), c.target)
	if err != nil {
		t.Fatal(err)
	}
	src := bucket.Source{ReaderAt: bytes.NewReader(text), Size: int64(len(text))}
	if _, err := there.Store.Put(t.Context(), key, src, bucket.Condition{Overwrite: true}); err != nil {
		t.Fatal(err)
	}
}

// On every cloud what an earlier run sent is compared before rows name it, and
// before files are deleted: small objects and those that were sent in parts.
func TestProofInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the servers of three clouds: not in short mode")
	}
	for name, start := range clouds() {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			m := newTool(t, append(c.environ, "HOME="+t.TempDir(), "FIFTYONE_DATABASE_URI=", "FIFTYONE_API_URI=")...)
			dir := layExport(t, filepath.Join(t.TempDir(), "x"), "data/1.jpg")
			large := bytes.Repeat([]byte("0123456789abcdef"), 20<<16) // 20 MiB
			if err := os.WriteFile(filepath.Join(dir, "data", "2.jpg"), large, 0o600); err != nil {
				t.Fatal(err)
			}
			rows := `{"samples": [{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "data/1.jpg"}, {"_id": {"$oid": "65a000000000000000000002"}, "filepath": "data/2.jpg"}]}`
			if err := os.WriteFile(filepath.Join(dir, "samples.json"), []byte(rows), 0o600); err != nil {
				t.Fatal(err)
			}
			upload := []string{"upload", dir, c.target + "/x", "--update-filepaths", "--verify-arrived"}
			refused := func(kind string, args ...string) {
				t.Helper()
				doc := m.run(exitRefused, args...)
				if len(doc.Problems) != 1 || doc.Problems[0].Kind != kind {
					t.Errorf("%q: %+v, %s", args, doc.Problems, doc.Error)
				}
			}
			m.run(exitDone, upload[:3:3]...)
			c.put(t, "x/1.jpg", []byte("BYTES"))
			refused("changed", upload...)
			c.put(t, "x/1.jpg", []byte("bytes")) // the same ones, another version
			m.run(exitDone, upload...)
			c.put(t, "x/2.jpg", append([]byte("X"), large[1:]...))
			refused("changed", "clean", dir)
			c.put(t, "x/2.jpg", large)
			m.run(exitDone, "clean", dir)
			if _, err := os.Stat(dir); err == nil {
				t.Error("the export is still there")
			}
		})
	}
}
