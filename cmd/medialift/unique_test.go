package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/internal/mongotest"
)

// A uniqueStage is a dataset with a unique index of which two files have equal bytes and
// equal names.
type uniqueStage struct {
	tool
	*testing.T
	db, target *mongo.Database
	files, out string
}

func newUniqueStage(t *testing.T) uniqueStage {
	t.Helper()
	s := uniqueStage{T: t, db: mongotest.Database(t), target: mongotest.Database(t), files: t.TempDir(), out: filepath.Join(t.TempDir(), "out")}
	s.tool = newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+s.db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(t.TempDir(), "none"), "HOME="+t.TempDir())
	var paths []string
	for _, rel := range []string{"a/0.png", "a/1.png", "b/0.png", "b/2.png"} {
		path := filepath.Join(s.files, rel)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = os.WriteFile(path, []byte(filepath.Base(rel)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	s.run(0, "import", tiny(t, "u", paths...), "--create-database")
	return s
}

// index puts another unique index in the place of the one before.
func (s uniqueStage) index(keys bson.D, opts *options.IndexOptionsBuilder) {
	s.Helper()
	samples := s.db.Collection(collectionOf(s.T, s.db, "u"))
	_ = samples.Indexes().DropOne(s.Context(), "mine")
	_ = samples.Indexes().DropOne(s.Context(), "filepath_1")
	if _, err := samples.Indexes().CreateOne(s.Context(), mongo.IndexModel{Keys: keys, Options: opts.SetUnique(true).SetName("mine")}); err != nil {
		s.Fatal(err)
	}
}

// set changes a sample.
func (s uniqueStage) set(id byte, to bson.D) {
	s.Helper()
	is := bson.D{{Key: "_id", Value: bson.ObjectID{11: id}}}
	if _, err := s.db.Collection(collectionOf(s.T, s.db, "u")).UpdateOne(s.Context(), is, bson.D{{Key: "$set", Value: to}}); err != nil {
		s.Fatal(err)
	}
}

// refused wants a command to be refused for two rows, and nothing to be changed or sent.
func (s uniqueStage) refused(args ...string) {
	s.Helper()
	before := pathsOf(s.T, s.db, "u")
	doc := s.run(4, args...)
	var ids []string
	for _, p := range doc.Problems {
		if p.Kind == "unique" {
			ids = append(ids, strings.TrimLeft(p.ID, "0"))
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"1", "3"}) || !strings.Contains(doc.Problems[0].Hint, "mine") {
		s.Errorf("%q: %+v", args, doc.Problems)
	}
	if after := pathsOf(s.T, s.db, "u"); !slices.Equal(before, after) {
		s.Errorf("%q: %q became %q", args, before, after)
	}
	if _, err := os.Stat(s.out); err == nil {
		s.Errorf("%q has sent something", args)
	}
	if names, err := s.target.ListCollectionNames(s.Context(), bson.D{}); err != nil || len(names) > 0 {
		s.Errorf("%q has made %q, %v", args, names, err)
	}
}

// Two documents that would get one value where a unique index allows one are refused
// before the first byte, whatever makes them alike; without the index they are not.
func TestUniqueIndexes(t *testing.T) {
	s := newUniqueStage(t)
	table := filepath.Join(t.TempDir(), "table.csv")
	text := "from,to\n" + s.files + "/a/0.png,/x/0.png\n" + s.files + "/a/1.png,/x/1.png\n" + s.files + "/b/0.png,/x/0.png\n" + s.files + "/b/2.png,/x/2.png\n"
	if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	two := []string{"--map", "prefix:" + s.files + "/a=/x", "--map", "prefix:" + s.files + "/b=/x"}
	to := []string{"--to-uri", mongotest.URI(t), "--to-database-name", s.target.Name(), "--create-database"}
	export := filepath.Join(t.TempDir(), "export")
	s.index(bson.D{{Key: "filepath", Value: 1}}, options.Index())
	s.run(0, "export", "u", export)
	s.refused("upload", "u", s.out, "--layout", "hash", "--update-filepaths")
	s.refused("upload", "u", s.out, "--layout", "flat", "--update-filepaths")
	s.refused("upload", export, s.out, "--layout", "hash", "--update-filepaths")
	s.refused(append([]string{"rewrite", "u"}, two...)...)
	s.refused(append([]string{"import", export, "--name", "v"}, two...)...)
	s.refused(append([]string{"lift", "u", s.out, "--layout", "hash"}, to...)...)
	s.refused(append([]string{"lift", export, s.out, "--layout", "flat"}, to...)...)
	s.run(4, "rewrite", "u", "--map", "table:"+table)

	s.index(bson.D{{Key: "filepath", Value: 1}, {Key: "fill", Value: -1}}, options.Index().SetSparse(true))
	s.refused("upload", "u", s.out, "--layout", "hash", "--update-filepaths")
	s.index(bson.D{{Key: "filepath", Value: 1}}, options.Index().SetPartialFilterExpression(bson.D{{Key: "filepath", Value: bson.D{{Key: "$gt", Value: ""}}}}))
	s.refused("upload", "u", s.out, "--layout", "hash", "--update-filepaths")

	// One of some that are chosen would get what another one has.
	s.set(1, bson.D{{Key: "filepath", Value: "/x/0.png"}})
	s.set(3, bson.D{{Key: "tags", Value: bson.A{"first"}}})
	s.refused("rewrite", "u", "--tag", "first", two[2], two[3])
	if _, err := s.db.Collection(collectionOf(t, s.db, "u")).UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$unset", Value: bson.D{{Key: "tags", Value: 1}}}}); err != nil {
		t.Fatal(err)
	}
	s.set(1, bson.D{{Key: "filepath", Value: s.files + "/a/0.png"}})

	doc := s.run(0, "upload", "u", s.out, "--layout", "hash", "--dry-run")
	if !slices.ContainsFunc(doc.Warnings, func(w string) bool { return strings.Contains(w, "mine") }) {
		t.Errorf("warnings %q", doc.Warnings)
	}
	s.index(bson.D{{Key: "filepath", Value: 1}}, options.Index().SetPartialFilterExpression(bson.D{{Key: "fill", Value: "x"}}))
	s.run(0, append([]string{"lift", "u", s.out, "--layout", "hash"}, to...)...)
	s.run(0, "upload", "u", s.out, "--layout", "hash", "--update-filepaths")
}

// A dataset with as many indexes as MongoDB keeps has no room for FiftyOne's: that is
// said before anything is sent.
func TestRoomForIndexes(t *testing.T) {
	s := newUniqueStage(t)
	samples := s.db.Collection(collectionOf(t, s.db, "u"))
	if err := samples.Indexes().DropOne(t.Context(), "filepath_1"); err != nil {
		t.Fatal(err)
	}
	var models []mongo.IndexModel
	for i := range 63 {
		models = append(models, mongo.IndexModel{Keys: bson.D{{Key: "f" + string(rune('A'+i)), Value: 1}}})
	}
	if _, err := samples.Indexes().CreateMany(t.Context(), models); err != nil {
		t.Fatal(err)
	}
	export := filepath.Join(t.TempDir(), "export")
	s.run(0, "export", "u", export)
	for _, args := range [][]string{
		{"import", export, "--name", "v"}, {"lift", "u", s.out, "--to-uri", mongotest.URI(t), "--to-database-name", s.target.Name(), "--create-database"},
	} {
		doc := s.run(4, args...)
		if len(doc.Problems) == 0 || doc.Problems[0].Kind != "index" || !strings.Contains(doc.Hint, "drop_index") {
			t.Errorf("%+v", doc)
		}
		if _, err := os.Stat(s.out); err == nil {
			t.Errorf("%q has sent something", args)
		}
	}
	if err := samples.Indexes().DropOne(t.Context(), "fA_1"); err != nil {
		t.Fatal(err)
	}
	s.run(0, "lift", "u", s.out, "--to-uri", mongotest.URI(t), "--to-database-name", s.target.Name(), "--create-database")
}
