package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// A lifting has a database A that FiftyOne wrote, a database B and a bucket.
type lifting struct {
	tool
	a, b  *mongo.Database
	s3    *buckettest.S3
	media string
	to    []string
}

func newLifting(t *testing.T, version string) lifting {
	t.Helper()
	a, media, env := fiftyOne(t)
	b := mongotest.Database(t)
	if _, err := b.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: version}, {Key: "type", Value: "fiftyone-teams"}}); err != nil {
		t.Fatal(err)
	}
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	return lifting{newTool(t, append(env, s3.Environ()...)...), a, b, s3, media, []string{"--to-uri", mongotest.URI(t), "--to-database-name", b.Name()}}
}

// lift runs lift with the target's flags.
func (l lifting) lift(want int, args ...string) document {
	l.t.Helper()
	return l.run(want, slices.Concat([]string{"lift"}, args, l.to)...)
}

// opened is a dataset of B, source one of A.
func (l lifting) opened(name string) *mongostore.Store { return l.open(l.b, name) }
func (l lifting) source(name string) *mongostore.Store { return l.open(l.a, name) }

func (l lifting) open(db *mongo.Database, name string) *mongostore.Store {
	l.t.Helper()
	d, err := mongostore.Open(l.t.Context(), mongotest.URI(l.t), db.Name(), mongostore.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = d.Close() })
	s, err := d.Dataset(l.t.Context(), name)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// media lists the media values of a dataset in the order of its documents.
func mediaOf(t *testing.T, s dataset.Source) (values []string, docs int) {
	t.Helper()
	m, err := s.Manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	finder, err := dataset.NewFinder(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range dataset.MediaParts() {
		for doc, err := range s.Documents(t.Context(), part) {
			if err != nil {
				t.Fatal(err)
			}
			docs++
			found, err := finder.Find(part, doc)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Value != "" {
					values = append(values, f.Value)
				}
			}
		}
	}
	return values, docs
}

// check compares a dataset of B with the one that it was in A: as many documents, and
// for every media file an object with its bytes. It returns how many paths there are.
func (l lifting) check(source dataset.Source, dir, name string) int {
	l.t.Helper()
	before, docs := mediaOf(l.t, source)
	after, lifted := mediaOf(l.t, l.opened(name))
	if docs != lifted || len(before) != len(after) {
		l.t.Fatalf("%s: %d documents with %d paths became %d with %d", name, docs, len(before), lifted, len(after))
	}
	for i, url := range after {
		key, ok := strings.CutPrefix(url, "s3://media/")
		if !ok {
			l.t.Errorf("%s: %q became %q", name, before[i], url)
			continue
		}
		local := before[i]
		if !filepath.IsAbs(local) {
			local = filepath.Join(dir, local)
		}
		want, err := os.ReadFile(local)
		if err != nil {
			l.t.Fatal(err)
		}
		got, err := os.ReadFile(l.s3.Path("media", key))
		if err != nil || string(got) != string(want) && filepath.Ext(local) != ".fo3d" {
			l.t.Errorf("%s: the object of %q does not hold the bytes of %q: %v", name, url, local, err)
		}
	}
	return len(after)
}

func TestLift(t *testing.T) {
	l := newLifting(t, "1.22.1")
	before := settled(t, l.a)
	doc := l.lift(exitDone, "image", "s3://media/{dataset}")
	paths := l.check(l.source("image"), "", "image")
	if doc.Command != "lift" || !strings.HasPrefix(doc.Run, "lift-") || doc.Dataset != "db:image" || doc.Counts.Objects == 0 || doc.Counts.Bytes == 0 ||
		doc.Counts.Rewritten != int64(paths) || !strings.Contains(doc.Next, `fo.load_dataset("image")`) {
		t.Errorf("lift says %+v", doc)
	}
	for _, name := range []string{"saved_views", "evaluations", "brain_methods", "runs", "workspaces"} {
		if a, b := entries(t, l.a, "image", name), entries(t, l.b, "image", name); a != b {
			t.Errorf("%d %s became %d", a, name, b)
		}
	}
	first := objects(t, l.s3, "media")
	doc = l.lift(exitDone, "image", "s3://media/{dataset}")
	if doc.Counts.Objects != 0 || doc.Counts.Bytes != 0 || doc.Counts.Rewritten != 0 {
		t.Errorf("the second lift says %+v", doc.Counts)
	}
	if again := objects(t, l.s3, "media"); len(again) != len(first) {
		t.Errorf("%d objects became %d", len(first), len(again))
	}
	checkSame(t, before, settled(t, l.a))

	// As run: it is a run like others.
	if doc := l.run(exitDone, "runs", doc.Run, "--objects"); len(doc.Objects.([]any)) != len(first) {
		t.Errorf("%d objects, want %d", len(doc.Objects.([]any)), len(first))
	}
	l.run(exitDone, "undo", doc.Run, "--dry-run")
	l.opened("image")
	l.run(exitDone, "undo", doc.Run)
	for name, c := range mongotest.Take(t, l.b) {
		if name != "config" && len(c.Docs) > 0 {
			t.Errorf("undo left %d documents in %s", len(c.Docs), name)
		}
	}
	l.run(exitDone, "undo", doc.Run) // nothing is left to undo
	l.lift(exitDone, "image", "s3://media/{dataset}")
	l.check(l.source("image"), "", "image")
}

// entries counts what a dataset's document holds under a key.
func entries(t *testing.T, db *mongo.Database, name, key string) int {
	t.Helper()
	doc, err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: name}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	v := doc.Lookup(key)
	if v.Type != bson.TypeArray && v.Type != bson.TypeEmbeddedDocument {
		return 0
	}
	list, err := bson.Raw(v.Value).Elements()
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// What was changed in the target stays, and what changed in the source is not taken
// for what was lifted.
func TestLiftChangedSince(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary many times: not in short mode")
	}
	l := newLifting(t, "1.22.1")
	run := l.lift(exitDone, "image", "s3://media/{dataset}").Run
	if _, err := l.a.Collection(collectionOf(t, l.a, "image")).UpdateOne(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "note", Value: "mine"}}}}); err != nil {
		t.Fatal(err)
	}
	doc := l.lift(exitRefused, "image", "s3://media/{dataset}")
	if !strings.Contains(doc.Hint, "medialift undo "+run) {
		t.Errorf("hint %q", doc.Hint)
	}
	if _, err := l.b.Collection(collectionOf(t, l.b, "image")).UpdateOne(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "note", Value: "theirs"}}}}); err != nil {
		t.Fatal(err)
	}
	doc = l.run(exitPartial, "undo", run)
	if len(doc.Problems) != 1 || doc.Problems[0].Kind != "changed" {
		t.Errorf("%+v", doc.Problems)
	}
	l.opened("image")
	doc = l.lift(exitDone, "image", "s3://media/{dataset}", "--name", "image again")
	if doc.Counts.Objects != 0 {
		t.Errorf("sent %d objects again", doc.Counts.Objects)
	}
	l.check(l.source("image"), "", "image again")
}

// An upload that came first counts: only what is new is sent.
func TestLiftAfterUpload(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary many times: not in short mode")
	}
	l := newLifting(t, "1.22.1")
	sent := l.run(exitDone, "upload", "image", "s3://media/image").Counts.Objects
	fresh := filepath.Join(l.media, "images/train/fresh.png")
	if err := os.WriteFile(fresh, []byte("fresh"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.a.Collection(collectionOf(t, l.a, "image")).InsertOne(t.Context(), bson.D{{Key: "filepath", Value: fresh}}); err != nil {
		t.Fatal(err)
	}
	doc := l.lift(exitDone, "image", "s3://media/image")
	if doc.Counts.Objects != 1 || doc.Counts.Bytes != 5 || sent < 10 {
		t.Errorf("sent %d objects, then %+v", sent, doc.Counts)
	}
	l.check(l.source("image"), "", "image")
}

// Exports are lifted as databases are, relative paths and all.
func TestLiftExports(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary many times: not in short mode")
	}
	l := newLifting(t, "1.22.1")
	for _, name := range []string{"image", "image-local", "image-reldir", "video", "group", "group-local", "duplicates"} {
		e := testexport.Copy(t, name)
		args, dir := []string{e.Dir, "s3://media/" + name, "--name", name, "--skip-assets"}, e.Dir
		if name == "image-reldir" {
			args, dir = append(args, "--rel-dir", e.Media), e.Media
		}
		l.lift(exitDone, args...)
		s, err := openDir(e.Dir)
		if err != nil {
			t.Fatal(err)
		}
		l.check(s.store, dir, name)
	}
}

// A dataset that is newer than the target database is asked for, and downgraded.
func TestLiftDowngrades(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary many times: not in short mode")
	}
	l := newLifting(t, "0.21.4")
	doc := l.lift(exitRefused, "image", "s3://media/x")
	if len(doc.Problems) == 0 || doc.Problems[0].Kind != "loss" || len(objects(t, l.s3, "media")) > 0 {
		t.Errorf("%+v", doc.Problems)
	}
	l.lift(exitDone, "image", "s3://media/x", "--dry-run")
	if n := len(objects(t, l.s3, "media")); n > 0 {
		t.Errorf("a dry run sent %d objects", n)
	}
	l.lift(exitDone, "image", "s3://media/x", "--yes")
	m, err := l.opened("image").Manifest(t.Context())
	if err != nil || m.Version() != "0.21.4" {
		t.Errorf("version %q, %v", m.Version(), err)
	}
	l.check(l.source("image"), "", "image")
	l.lift(exitDone, "image", "s3://media/x") // it is done: nothing to ask
}
