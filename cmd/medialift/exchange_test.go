package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// newDatabaseTool is a tool that works on a database of its own, in which the
// datasets of testdata/databases are.
func newDatabaseTool(t *testing.T) (tool, *mongo.Database) {
	t.Helper()
	db := mongotest.Database(t)
	mongotest.FiftyOne(t).Restore(t, db)
	return newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "HOME="+t.TempDir()), db
}

// paths lists the values of a key of a dataset's samples.
func paths(t *testing.T, db *mongo.Database, name, key string) []string {
	t.Helper()
	d, err := mongostore.Open(t.Context(), mongotest.URI(t), db.Name(), mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s, err := d.Dataset(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for doc, err := range s.Documents(t.Context(), "samples") {
		if err != nil {
			t.Fatal(err)
		}
		v, _ := doc.Lookup(strings.Split(key, ".")...).StringValueOK()
		list = append(list, v)
	}
	return list
}

func TestExportAndImport(t *testing.T) {
	m, db := newDatabaseTool(t)
	dir := filepath.Join(t.TempDir(), "image")
	doc := m.run(exitDone, "export", "image", dir)
	if doc.Dataset != "image" || doc.Counts.Rows != 6 || doc.Status != "done" || doc.Next == "" {
		t.Errorf("export says %+v", doc)
	}
	if doc = m.run(exitRefused, "export", "image", dir); !strings.Contains(doc.Hint, "--overwrite") {
		t.Errorf("hint %q", doc.Hint)
	}
	m.run(exitDone, "export", "db:image", dir, "--overwrite")
	if doc = m.run(exitUsage, "export", "imag", dir+"2"); !strings.Contains(doc.Error, `"image"`) {
		t.Errorf("error %q", doc.Error)
	}
	for _, generated := range generatedDatasets(t, db) {
		if doc = m.run(exitRefused, "export", generated, dir+"3"); !strings.Contains(doc.Hint, "the view is of") {
			t.Errorf("hint %q", doc.Hint)
		}
	}
	if doc = m.run(exitRefused, "import", dir); !strings.Contains(doc.Hint, "--name") {
		t.Errorf("hint %q", doc.Hint)
	}
	doc = m.run(exitDone, "import", dir, "--name", "image copy")
	if doc.Dataset != "image copy" || doc.Counts.Rows != 6 || !strings.Contains(doc.Next, `load_dataset("image copy")`) {
		t.Errorf("import says %+v", doc)
	}
	if got, want := paths(t, db, "image copy", "filepath"), paths(t, db, "image", "filepath"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("paths %q, want %q", got, want)
	}
	// A slug counts as a name.
	m.run(exitRefused, "import", dir, "--name", "Image_COPY")
	m.run(exitUsage, "import", dir, "--name", "!!!")
	m.run(exitUsage, "import", dir+"-none")
	m.run(exitRefused, "import", dir, "--name", "new", "--database-name", db.Name()+"-new")
}

// generatedDatasets names datasets that FiftyOne made behind saved views.
func generatedDatasets(t *testing.T, db *mongo.Database) []string {
	t.Helper()
	var names []string
	made := bson.D{{Key: "sample_collection_name", Value: bson.Regex{Pattern: "^(patches|clips|frames)\\."}}}
	if err := db.Collection("datasets").Distinct(t.Context(), "name", made).Decode(&names); err != nil || len(names) < 3 {
		t.Fatalf("%q, %v", names, err)
	}
	return names[:2]
}

func TestImportWithMaps(t *testing.T) {
	m, db := newDatabaseTool(t)
	dir := filepath.Join(t.TempDir(), "image")
	m.run(exitDone, "export", "image", dir)
	star := filepath.Join(t.TempDir(), "cloud_path.py")
	if err := os.WriteFile(star, []byte("def get_cloud_path(filepath):\n    if not filepath.startswith('/srv/'): return None\n    return 's3://star/' + filepath[5:]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]string{
		"by prefix": "prefix:/srv=s3://star", "by star": "star:" + star, "by exec": "exec:sed s,^/srv/,s3://star/,",
	} {
		doc := m.run(exitDone, "import", dir, "--name", name, "--map", spec)
		if doc.Counts.Rewritten != 41 || len(doc.Warnings) == 0 {
			t.Errorf("%s: %+v", name, doc)
		}
		got := strings.Join(paths(t, db, name, "filepath"), " ")
		want := strings.ReplaceAll(strings.Join(paths(t, db, "image", "filepath"), " "), "/srv/", "s3://star/")
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if got := paths(t, db, name, "segmentation.mask_path")[0]; got != "s3://star/vision/segmentations/000000.png" {
			t.Errorf("%s: mask %s", name, got)
		}
	}
	m.run(exitRefused, "import", dir, "--name", "x", "--map", "prefix:/srv/vision/images=s3://b")
	m.run(exitDone, "import", dir, "--name", "x", "--map", "prefix:/srv/vision/images=s3://b", "--unmatched", "keep")
	m.run(exitRefused, "import", dir, "--name", "y", "--map", "template:s3://b/same")
	m.run(exitUsage, "import", dir, "--name", "y", "--map", "prefix:/srv")
	noSuchDatasets(t, db, "y")
}

// noSuchDatasets makes sure that nothing is left of imports that failed.
func noSuchDatasets(t *testing.T, db *mongo.Database, names ...string) {
	t.Helper()
	for _, name := range names {
		if n, err := db.Collection("datasets").CountDocuments(t.Context(), bson.D{{Key: "name", Value: name}}); err != nil || n != 0 {
			t.Errorf("there is a dataset %q, %v", name, err)
		}
	}
	used := map[string]bool{}
	cursor, err := db.Collection("datasets").Find(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []bson.Raw
	if err := cursor.All(t.Context(), &docs); err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		s, _ := doc.Lookup("sample_collection_name").StringValueOK()
		used[s], used["frames."+s] = true, true
	}
	collections, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		if (strings.HasPrefix(c, "samples.") || strings.HasPrefix(c, "frames.samples.")) && !used[c] {
			t.Errorf("the collection %s is left", c)
		}
	}
}

// Damaged exports are refused, with where they are damaged, and leave nothing.
func TestImportOfDamage(t *testing.T) {
	m, db := newDatabaseTool(t)
	for name, c := range map[string]struct {
		file   string
		damage func([]byte) []byte
		says   string
	}{
		"truncated":        {"samples.json", func(b []byte) []byte { return b[:len(b)/2] }, "samples.json"},
		"trailing":         {"samples.json", func(b []byte) []byte { return append(b, '}') }, "after the end"},
		"no array":         {"samples.json", func([]byte) []byte { return []byte(`{"sample": []}`) }, `"samples"`},
		"doubled document": {"samples.json", doubled, "is there twice"},
		"hand-edited": {"samples.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"note"`), []byte(`"notes"`), 1)
		}, `a field "notes" that its schema`},
		"bad value": {"samples.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"count": `), []byte(`"count": 99999999999999999999`), 1)
		}, "does not fit"},
		"metadata": {"metadata.json", func(b []byte) []byte { return b[:len(b)-1] }, "metadata.json"},
		"version": {"metadata.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"version": "1.22.1"`), []byte(`"version": "99.0"`), 1)
		}, "99.0"},
		"legacy": {"metadata.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"version": "1.22.1"`), []byte(`"v": "1.22.1"`), 1)
		}, "0.8"},
		"reference": {"metadata.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"_media_roots": []`), []byte(`"_media_roots": [{"id": "a"}]`), 1)
		}, "media references"},
		"results": {"evaluations/guess.json", func(b []byte) []byte { return b[:len(b)-9] }, "guess.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testexport.Copy(t, "image-local").Dir
			file := filepath.Join(dir, c.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			damaged := c.damage(bytes.Clone(text))
			if bytes.Equal(damaged, text) {
				t.Fatal("nothing was damaged")
			}
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			m.t = t
			doc := m.run(exitRefused, "import", dir, "--name", "damaged")
			if !strings.Contains(doc.Error, c.says) || doc.Hint == "" {
				t.Errorf("error %q, hint %q", doc.Error, doc.Hint)
			}
			noSuchDatasets(t, db, "damaged")
		})
	}
}

// doubled says the first document a second time.
func doubled(b []byte) []byte {
	const head = `{"samples": [`
	end := bytes.Index(b, []byte(`,{"_id"`))
	return bytes.Join([][]byte{b[:end], b[len(head):]}, []byte{','})
}

func TestExportMedia(t *testing.T) {
	m, db := newDatabaseTool(t)
	made := testexport.Copy(t, "duplicates")
	m.run(exitDone, "import", made.Dir, "--name", "dups")
	out := filepath.Join(t.TempDir(), "out")
	doc := m.run(exitDone, "export", "dups", out, "--export-media")
	if doc.Counts.Objects != 12 || doc.Counts.Bytes == 0 {
		t.Errorf("export says %+v", doc.Counts)
	}
	text, err := os.ReadFile(filepath.Join(out, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(out, "data", "*"))
	if err != nil || len(names) != 6 {
		t.Errorf("data holds %q, %v", names, err)
	}
	for _, name := range names {
		if !bytes.Contains(text, []byte(`"data/`+filepath.Base(name)+`"`)) {
			t.Errorf("no sample names %s", name)
		}
	}
	m.run(exitDone, "import", out, "--name", "dups again")
	before, after := paths(t, db, "dups", "filepath"), paths(t, db, "dups again", "filepath")
	for i := range before {
		a, errA := os.ReadFile(before[i])
		b, errB := os.ReadFile(after[i])
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s became %s, another file: %v, %v", before[i], after[i], errA, errB)
		}
	}
	// "dups again" names files in out.
	doc = m.run(exitRefused, "export", "dups", out, "--overwrite")
	if len(doc.Problems) != 12 || doc.Problems[0].Kind != "in-use" || !strings.Contains(doc.Problems[0].Hint, "dups again") {
		t.Errorf("problems %+v", doc.Problems)
	}
	// Missing files are listed, and nothing is made.
	if err := os.Remove(before[0]); err != nil {
		t.Fatal(err)
	}
	doc = m.run(exitRefused, "export", "dups", out+"2", "--export-media")
	if len(doc.Problems) != 1 || doc.Problems[0].Path != before[0] {
		t.Errorf("problems %+v", doc.Problems)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*2*")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
