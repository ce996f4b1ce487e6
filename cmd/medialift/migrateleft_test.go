package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
)

// failing makes a database on a server of its own, whose updates of datasets fail while
// a command runs.
type failing struct {
	tool
	uri    string
	db     *mongo.Database
	before mongotest.Dump
}

func newFailing(t *testing.T, dump string) failing {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server: not in short mode")
	}
	server := mongotest.Start(t, "--setParameter", "enableTestCommands=1")
	db := mongotest.Connect(t, server.URI).Database("failing")
	dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst")
	before := mongotest.Read(t, filepath.Join(dir, dump))
	before.Restore(t, db)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+server.URI, "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH="+filepath.Join(dir, "none"), "HOME="+t.TempDir(), "FIFTYONE_DATABASE_ADMIN=")
	return failing{m, server.URI, db, before}
}

// fails runs a command while updates of datasets fail.
func (f failing) fails(args ...string) {
	f.t.Helper()
	point := func(mode string) {
		data := bson.D{{Key: "failCommands", Value: bson.A{"update"}}, {Key: "errorCode", Value: 2}, {Key: "namespace", Value: f.db.Name() + ".datasets"}}
		command := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: mode}, {Key: "data", Value: data}}
		if err := f.db.Client().Database("admin").RunCommand(f.t.Context(), command).Err(); err != nil {
			f.t.Fatal(err)
		}
	}
	point("alwaysOn")
	defer point("off")
	cmd := f.command(args...)
	if err := cmd.Run(); err == nil {
		f.t.Fatalf("%v did not fail", args)
	}
}

// left is what a document says is unfinished.
func (f failing) left(d document) map[string]map[string]any {
	f.t.Helper()
	found := map[string]map[string]any{}
	list, _ := d.Unfinished.([]any)
	for _, item := range list {
		u, _ := item.(map[string]any)
		name, _ := u["dataset"].(string)
		found[name] = u
	}
	return found
}

func (f failing) views() int64 {
	f.t.Helper()
	n, err := f.db.Collection("views").CountDocuments(f.t.Context(), bson.D{})
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// A downgrade that was given up is shown by every plan with what it deletes, carried out
// by none that was not agreed to or is about another dataset, and dropped on demand.
func TestMigrateShowsWhatIsUnfinished(t *testing.T) {
	f := newFailing(t, "walk/down/1.22.1")
	f.fails("migrate", "-n", "oracle-videos", "-v", "0.17.0", "--yes") // of others samples change
	views := f.views()
	if views == 0 {
		t.Fatal("there are no saved views")
	}
	u := f.left(f.run(exitDone, "migrate", "--all", "--dry-run"))["oracle-videos"]
	losses, _ := u["losses"].([]any)
	if u["begun"] != false || u["finishes"] != true || u["to"] != "0.17.0" || !slices.ContainsFunc(losses, func(l any) bool { return strings.Contains(l.(string), "saved view") }) {
		t.Errorf("%+v", u)
	}
	var text strings.Builder
	cmd := f.command("migrate", "--all", "--dry-run")
	cmd.Stdout = &text
	if err := cmd.Run(); err != nil || !strings.Contains(text.String(), `unfinished: dataset "oracle-videos": v1.22.1 → v0.17.0`) || !strings.Contains(text.String(), "--abandon") {
		t.Errorf("%v, %s", err, &text)
	}
	doc := f.run(exitRefused, "migrate", "--all")
	if !strings.Contains(doc.Hint, "--abandon") || len(doc.Problems) == 0 {
		t.Errorf("%+v", doc)
	}
	if u := f.left(f.run(exitDone, "migrate", "-n", "oracle-empty", "--yes"))["oracle-videos"]; u["finishes"] != false {
		t.Errorf("%+v", u)
	}
	if n := f.views(); n != views {
		t.Fatalf("%d saved views of %d", n, views)
	}
	doc = f.run(exitDone, "migrate", "--abandon")
	if dropped, _ := doc.Abandoned.([]any); len(dropped) == 0 || doc.Counts.Failed != 0 {
		t.Errorf("%+v", doc)
	}
	if doc := f.run(exitDone, "migrate", "--all"); doc.Unfinished != nil {
		t.Errorf("%+v", doc.Unfinished)
	}
	if n := f.views(); n != views {
		t.Errorf("%d saved views of %d", n, views)
	}
}

// What has begun to change data is named, and stays to be finished.
func TestMigrateAbandonKeepsWhatHasBegun(t *testing.T) {
	f := newFailing(t, "old/0.16.6/before")
	f.fails("migrate", "--all")
	doc := f.run(exitRefused, "migrate", "--abandon")
	if u := f.left(doc)["old-images"]; u["begun"] != true || doc.Hint == "" {
		t.Errorf("%+v", doc)
	}
	before := mongotest.Take(t, f.db)
	doc = f.run(exitRefused, "migrate", "--all", "--backup", t.TempDir())
	if !strings.Contains(doc.Error, "can't hold") || !strings.Contains(doc.Hint, "without --backup") {
		t.Errorf("%+v", doc)
	}
	for _, d := range migratetest.Compare(before, mongotest.Take(t, f.db), before, time.Time{}, time.Time{}) {
		t.Errorf("%s", d)
	}
	f.run(exitPartial, "migrate", "--all") // one dataset of it is refused
	if doc := f.run(exitRefused, "migrate", "--all", "--dry-run"); doc.Unfinished != nil {
		t.Errorf("%+v", doc.Unfinished)
	}
}

// A folder that holds a backup of the same way is refused, and stays as it is. The plan
// says what goes where.
func TestMigrateBackupTwice(t *testing.T) {
	f := newFailing(t, "walk/down/1.22.1")
	dir := filepath.Join(t.TempDir(), "bk")
	doc := f.run(exitDone, "migrate", "--all", "-v", "0.18.0", "--yes", "--backup", dir)
	if doc.Backup == nil || doc.Backup.Dir != dir || doc.Backup.Datasets == 0 || doc.Backup.Documents < int64(doc.Backup.Datasets) {
		t.Errorf("%+v", doc.Backup)
	}
	list, _ := os.ReadDir(dir)
	if len(list) < 2*doc.Backup.Datasets {
		t.Errorf("%d files of %d", len(list), doc.Backup.Datasets)
	}
	f.run(exitDone, "migrate", "--all")
	before := mongotest.Take(t, f.db)
	for _, args := range [][]string{{"--yes"}, {"--dry-run"}} {
		doc = f.run(exitRefused, append([]string{"migrate", "--all", "-v", "0.18.0", "--backup", dir}, args...)...)
		if !strings.Contains(doc.Hint, "another folder") || len(doc.Problems) == 0 {
			t.Errorf("%+v", doc)
		}
	}
	same(t, before, f.db, before)
	again, _ := os.ReadDir(dir)
	if len(again) != len(list) {
		t.Errorf("%d files became %d", len(list), len(again))
	}
}

// A run that is finished with --backup has one.
func TestMigrateBackupOfUnfinished(t *testing.T) {
	f := newFailing(t, "walk/down/1.22.1")
	views := f.views()
	f.fails("migrate", "-n", "oracle-videos", "-v", "0.17.0", "--yes") // of others samples change
	dir := t.TempDir()
	f.run(exitDone, "migrate", "-n", "oracle-videos", "-v", "0.17.0", "--yes", "--backup", dir)
	if f.views() != views-1 {
		t.Error("the saved view is there yet")
	}
	f.run(exitDone, "migrate", "--restore", dir)
	for _, d := range migratetest.Compare(f.before, mongotest.Take(t, f.db), f.before, time.Time{}, time.Time{}) {
		if d.Collection != "config" {
			t.Errorf("%s", d)
		}
	}
}

// A lift into a database carries out nothing that is unfinished there, nor do those who
// administer nothing.
func TestLiftLeavesUnfinished(t *testing.T) {
	l, f := newLifting(t, "1.22.1"), newFailing(t, "walk/down/1.22.1")
	f.fails("migrate", "--all", "-v", "0.19.1", "--yes")
	before := mongotest.Take(t, f.db)
	l.run(exitDone, "lift", "image", "s3://media/lifted", "--to-uri", f.uri, "--to-database-name", f.db.Name(), "--name", "lifted", "--yes")
	after := mongotest.Take(t, f.db)
	for _, name := range []string{"medialift_migrations", "views"} {
		for _, doc := range before[name].Docs { // the lifted dataset has views of its own
			if !slices.ContainsFunc(after[name].Docs, func(is bson.Raw) bool { return bytes.Equal(is, doc) }) {
				t.Errorf("%s: %v is gone or has changed", name, doc.Lookup("_id"))
			}
		}
	}
	var info strings.Builder
	cmd := f.command("migrate", "--info")
	cmd.Stdout = &info
	if err := cmd.Run(); err != nil || !strings.Contains(info.String(), `unfinished: dataset "oracle-images": v1.22.1 → v0.19.1`) {
		t.Errorf("%v, %s", err, &info)
	}
	if _, err := f.db.Collection("config").UpdateOne(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: "1.22.1"}}}}); err != nil {
		t.Fatal(err)
	}
	no := tool{f.t, f.state, append(f.env[:len(f.env):len(f.env)], "FIFTYONE_DATABASE_ADMIN=false")}
	if doc := no.run(exitRefused, "migrate", "--all", "--yes"); !strings.Contains(doc.Error, "database_admin=False") {
		t.Error(doc.Error)
	}
	if n := f.views(); n != int64(len(after["views"].Docs)) {
		t.Errorf("%d saved views of %d", n, len(after["views"].Docs))
	}
}
