package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// fiftyOne makes a database that real FiftyOne wrote, whose paths name files of
// this machine, and the variables that lead to it.
func fiftyOne(t *testing.T) (db *mongo.Database, media string, env []string) {
	t.Helper()
	media = testexport.Copy(t, "image").Media
	db = mongotest.Database(t)
	mongotest.FiftyOne(t, testexport.Root, media).Restore(t, db)
	return db, media, []string{
		"FIFTYONE_DATABASE_URI=" + mongotest.URI(t), "FIFTYONE_DATABASE_NAME=" + db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH=" + filepath.Join(media, "none"), "HOME=" + t.TempDir(),
	}
}

// settled is a dump without what every run leaves or stamps.
func settled(t *testing.T, db *mongo.Database) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for name, c := range mongotest.Take(t, db) {
		if strings.HasPrefix(name, "medialift.") {
			if len(c.Docs) > 0 {
				t.Errorf("%s holds %v", name, c.Docs)
			}
			continue
		}
		for i, doc := range c.Docs {
			var d bson.D
			if err := bson.Unmarshal(doc, &d); err != nil {
				t.Fatal(err)
			}
			d = slices.DeleteFunc(d, func(e bson.E) bool { return e.Key == "last_modified_at" })
			texts[fmt.Sprintf("%s %d", name, i)] = fmt.Sprint(d)
		}
	}
	return texts
}

// checkSame compares two dumps.
func checkSame(t *testing.T, want, got map[string]string) {
	t.Helper()
	for key, text := range want {
		if got[key] != text {
			t.Errorf("%s:\n%s\nbecame\n%s", key, text, got[key])
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d documents became %d", len(want), len(got))
	}
}

// local lists the documents of a collection that name a file below media.
func local(t *testing.T, db *mongo.Database, collection, media string) []string {
	t.Helper()
	var found []string
	cursor, err := db.Collection(collection).Find(context.Background(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []bson.Raw
	if err := cursor.All(context.Background(), &docs); err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		// "note" is a plain string that happens to hold a path.
		text := strings.ReplaceAll(doc.String(), `"note": "`+media, "")
		if strings.Contains(text, media) {
			found = append(found, text)
		}
	}
	return found
}

// collectionOf names the collection of samples of a dataset.
func collectionOf(t *testing.T, db *mongo.Database, name string) string {
	t.Helper()
	doc, err := db.Collection("datasets").FindOne(context.Background(), bson.D{{Key: "name", Value: name}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return doc.Lookup("sample_collection_name").StringValue()
}

// generated names the collections of samples behind views.
func generated(t *testing.T, db *mongo.Database, kinds ...string) []string {
	t.Helper()
	names, err := db.ListCollectionNames(context.Background(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		kind, rest, _ := strings.Cut(name, ".")
		return !slices.Contains(kinds, kind) || strings.HasPrefix(rest, "samples.")
	})
}

// Every media field of a dataset in a database goes to S3 in one command; undo
// brings back the exact old values, also where FiftyOne has copies of them.
func TestDatabaseUpload(t *testing.T) {
	s3 := buckettest.S3Server(t)
	db, media, env := fiftyOne(t)
	before := settled(t, db)
	m := newTool(t, append(env, s3.Environ()...)...)
	s3.CreateBucket(t, "media")
	copies := map[string]bool{}
	for _, dataset := range []struct {
		name    string
		paths   int64
		derived []string
	}{{"image", 41, generated(t, db, "patches")}, {"db:video", 22, generated(t, db, "clips", "frames")}, {"group", 16, nil}} {
		doc := m.run(0, "upload", dataset.name, "s3://media/{dataset}", "--update-filepaths")
		if doc.Counts.Rewritten != dataset.paths || doc.Dataset != "db:"+strings.TrimPrefix(dataset.name, "db:") {
			t.Errorf("%s: %+v of %q", dataset.name, doc.Counts, doc.Dataset)
		}
		collection := collectionOf(t, db, strings.TrimPrefix(dataset.name, "db:"))
		if len(dataset.derived) == 0 != (doc.Counts.Copies == 0) {
			t.Errorf("%s: %d copies in %v", dataset.name, doc.Counts.Copies, dataset.derived)
		}
		for _, c := range append(dataset.derived, collection, "frames."+collection) {
			copies[c] = true
			if left := local(t, db, c, media); len(left) > 0 {
				t.Errorf("%s: still local: %v", c, left)
			}
		}
		again := m.run(0, "upload", dataset.name, "s3://media/{dataset}", "--update-filepaths")
		if again.Counts.Rewritten != 0 || again.Counts.Objects != 0 || again.Run != doc.Run {
			t.Errorf("%s, again: %+v", dataset.name, again.Counts)
		}
		if info := m.run(0, "info", dataset.name); len(info.Problems) > 0 {
			t.Errorf("%s: %v", dataset.name, info.Problems)
		}
		m.run(0, "verify", dataset.name)
	}
	after := settled(t, db)
	for key, text := range before {
		collection, _, _ := strings.Cut(key, " ")
		if !copies[collection] && after[key] != text {
			t.Errorf("%s was changed", key)
		}
	}
	for _, run := range m.run(0, "runs").Runs.([]any) {
		m.run(0, "undo", run.(map[string]any)["run"].(string))
	}
	checkSame(t, before, settled(t, db))
}

func TestDatabaseRewriteAll(t *testing.T) {
	db, media, env := fiftyOne(t)
	before := settled(t, db)
	m := newTool(t, env...)
	dry := m.run(0, "rewrite", "image", "group", "--map", "prefix:"+media+"=gs://b", "--dry-run")
	if dry.Counts.Rewritten != 0 {
		t.Errorf("a dry run rewrote %d paths", dry.Counts.Rewritten)
	}
	checkSame(t, before, settled(t, db))
	doc := m.run(0, "rewrite", "--match", "[iv]*", "--map", "prefix:"+media+"=gs://b")
	if doc.Counts.Rewritten != 41+22 {
		t.Errorf("%+v", doc.Counts)
	}
	m.run(2, "rewrite", "--match", "z*", "--map", "prefix:"+media+"=gs://b")
	m.run(2, "rewrite", "--all", "--match", "z*", "--map", "prefix:"+media+"=gs://b")
	m.run(2, "rewrite", "--map", "prefix:"+media+"=gs://b")
}

// What other programs do to the database before, after and instead is refused or
// said, with the right exit code.
func TestDatabaseRefusals(t *testing.T) {
	ctx := context.Background()
	db, media, env := fiftyOne(t)
	before := settled(t, db)
	m := newTool(t, env...)
	prefix := "prefix:" + media + "=s3://b"
	for _, tt := range []struct {
		what string
		code int
		args []string
		says string
	}{
		{"a dataset that is not there", 2, []string{"rewrite", "imagee", "--map", prefix}, `there is "image"`},
		{"a dataset behind a view", 4, []string{"rewrite", generatedName(t, db), "--map", prefix}, "generated"},
		{"another database in the URI", 2, []string{"info", "--database-uri", strings.Replace(mongotest.URI(t), "/?", "/other?", 1)}, `"other"`},
		{"no server", 1, []string{"info", "--database-uri", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"}, "cannot reach"},
		{"no such variable", 2, []string{"info", "--database-uri", "env:NO_SUCH"}, "NO_SUCH"},
		{"a password", 1, []string{"info", "--database-uri", "mongodb://u:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=100"}, "cannot reach"},
	} {
		doc := m.run(tt.code, tt.args...)
		if !strings.Contains(doc.Error, tt.says) || strings.Contains(doc.Error+doc.Hint, "hunter2") || doc.Hint == "" {
			t.Errorf("%s: %q, hint %q", tt.what, doc.Error, doc.Hint)
		}
	}
	enterprise := newTool(t, append(env, "FIFTYONE_DATABASE_URI=", "FIFTYONE_API_URI=https://x")...)
	if doc := enterprise.run(4, "info", "image"); !strings.Contains(doc.Hint, "from_dir") {
		t.Errorf("%+v", doc)
	}
	none := newTool(t, append(env, "FIFTYONE_DATABASE_URI=")...)
	if doc := none.run(2, "info", "image"); !strings.Contains(doc.Hint, "./image") {
		t.Errorf("%+v", doc)
	}
	set := bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: "2.0.0"}}}}
	if _, err := db.Collection("config").UpdateOne(ctx, bson.D{}, set); err != nil {
		t.Fatal(err)
	}
	if doc := m.run(4, "rewrite", "image", "--map", prefix); !strings.Contains(doc.Error, "compatibility >=0.19,<2") {
		t.Errorf("%+v", doc)
	}
	m.run(0, "rewrite", "image", "--map", prefix, "--dry-run") // reading is no harm
	after := settled(t, db)
	maps.DeleteFunc(before, func(key, _ string) bool { return strings.HasPrefix(key, "config ") })
	maps.DeleteFunc(after, func(key, _ string) bool { return strings.HasPrefix(key, "config ") })
	checkSame(t, before, after)
}

func generatedName(t *testing.T, db *mongo.Database) string {
	t.Helper()
	behind := bson.D{{Key: "sample_collection_name", Value: bson.Regex{Pattern: `^patches\.`}}}
	doc, err := db.Collection("datasets").FindOne(context.Background(), behind).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return doc.Lookup("name").StringValue()
}

// A part of a dataset is a run of its own.
func TestDatabaseParts(t *testing.T) {
	db, media, env := fiftyOne(t)
	before := settled(t, db)
	m := newTool(t, env...)
	prefix := "prefix:" + media + "=s3://b"
	tagged := m.run(0, "rewrite", "image", "--tag", "train", "--map", prefix)
	viewed := m.run(0, "rewrite", "image", "--view", "two", "--map", prefix)
	if tagged.Counts.Rows != 3 || viewed.Counts.Rows != 2 || viewed.Counts.Rewritten != 0 || tagged.Run == viewed.Run {
		t.Errorf("%+v, %+v", tagged, viewed)
	}
	samples := collectionOf(t, db, "image")
	if left := local(t, db, samples, media); len(left) != 3 {
		t.Errorf("%d samples are local", len(left))
	}
	for _, c := range generated(t, db, "patches") { // copies of a part alone
		for _, text := range local(t, db, c, media) {
			if strings.Contains(text, "images/train") {
				t.Errorf("%s: %s", c, text)
			}
		}
	}
	m.run(4, "rewrite", "image", "--view", "patches", "--map", prefix)
	m.run(2, "rewrite", "image", "--view", "tow", "--map", prefix)
	m.run(2, "rewrite", testexport.Copy(t, "image").Dir, "--view", "two", "--map", prefix)
	m.run(0, "undo", tagged.Run)
	checkSame(t, before, settled(t, db))
}

// What somebody edits during a rewrite is not lost, and is reported.
func TestDatabaseEditedMeanwhile(t *testing.T) {
	ctx := context.Background()
	db, media, env := fiftyOne(t)
	manySamples(t, db, media, 200)
	m := newTool(t, env...)
	samples := db.Collection(collectionOf(t, db, "image"))
	// The plan asks a program, which is when the edit happens.
	asked := filepath.Join(t.TempDir(), "asked")
	program := filepath.Join(t.TempDir(), "map.sh")
	// It is started before the dataset is read, and asked once more about its own
	// answers: so it waits when it has read a line, once.
	script := "#!/bin/sh\nread -r line\nif mkdir " + asked + ".once; then touch " + asked + "; while [ -e " + asked + " ]; do sleep 0.05; done; fi 2>/dev/null\n" +
		"(echo \"$line\"; cat) | sed -u 's|^" + media + "|s3://b|'\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	edited := make(chan error, 1)
	go func() {
		for deadline := time.Now().Add(mongotest.Patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(asked); err == nil {
				break
			}
		}
		_, err := samples.UpdateOne(ctx, bson.D{{Key: "filepath", Value: filepath.Join(media, "images/val/000004.png")}},
			bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: "/edited.png"}}}})
		edited <- errors.Join(err, os.Remove(asked))
	}()
	doc := m.run(3, "rewrite", "image", "--map", "exec:"+program)
	if err := <-edited; err != nil {
		t.Fatal(err)
	}
	rows := m.run(0, "runs", doc.Run, "--rows", "changed").Rows.([]any)
	if len(rows) == 0 || !strings.Contains(fmt.Sprint(rows), "000004.png") {
		t.Errorf("rows %v", rows)
	}
	if n, err := samples.CountDocuments(ctx, bson.D{{Key: "filepath", Value: "/edited.png"}}); n != 1 || err != nil {
		t.Errorf("%d samples hold the edit, %v", n, err)
	}
	if n, err := samples.CountDocuments(ctx, bson.D{{Key: "filepath", Value: bson.Regex{Pattern: "^s3://b/"}}}); n != 205 || err != nil {
		t.Errorf("%d samples were rewritten, %v", n, err)
	}
	// Only one run at a time works on a dataset, wherever its state is.
	s := mongotest.Connect(t, mongotest.URI(t)).Database(db.Name()).Collection("medialift.locks")
	id, err := db.Collection("datasets").FindOne(ctx, bson.D{{Key: "name", Value: "image"}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	lock := bson.D{{Key: "_id", Value: id.Lookup("_id")}, {Key: "holder", Value: "x"}, {Key: "expires", Value: time.Now().Add(time.Hour)}}
	if _, err := s.InsertOne(ctx, lock); err != nil {
		t.Fatal(err)
	}
	m.run(5, "undo", doc.Run)
	m.run(0, "undo", doc.Run, "--dry-run")
}

// Without a DATASET, info lists what the database has and how that stands to it.
func TestDatabaseList(t *testing.T) {
	ctx := context.Background()
	db, _, env := fiftyOne(t)
	for name, version := range map[string]string{"group": "1.0.2", "video": "1.30.0"} {
		set := bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: version}}}}
		if _, err := db.Collection("datasets").UpdateOne(ctx, bson.D{{Key: "name", Value: name}}, set); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Collection("views").DeleteOne(ctx, bson.D{{Key: "name", Value: "two"}}); err != nil {
		t.Fatal(err)
	}
	m := newTool(t, env...)
	standings := map[string]string{}
	for _, d := range m.run(0, "info").Datasets.([]any) {
		entry := d.(map[string]any)
		standings[entry["name"].(string)] = entry["standing"].(string)
	}
	want := map[string]string{"group": "behind", "video": "ahead", "image": "same", "empty": "same", "multimodal": "same", "duplicates": "same", "Odd  näme_2. (with+all)": "same"}
	if !maps.Equal(standings, want) {
		t.Errorf("got %v", standings)
	}
	if doc := m.run(0, "info", "image", "--no-files"); len(doc.Problems) != 1 || doc.Problems[0].Kind != "dangling" {
		t.Errorf("problems %v", doc.Problems)
	}
	if doc := m.run(0, "info", "--all", "--no-files"); len(doc.Datasets.([]any)) != 7 {
		t.Errorf("%v", doc.Datasets)
	}
}
