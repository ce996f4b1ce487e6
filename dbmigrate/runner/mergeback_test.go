package runner_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// Down, up again by a migration, and a restore: nothing is lost, whatever the way down
// took out, and another restore has nothing to do.
func TestUpAgainLosesNothing(t *testing.T) {
	before := golden(t, "walk/down/1.22.1")[0]
	for _, ways := range [][]string{{"0.16.5"}, {"0.14.2"}, {"0.18.0"}, {"1.0.2", "0.19.1", "0.17.2"}, {"1.10.0"}, {"0.7.4"}} {
		t.Run(strings.Join(ways, " "), func(t *testing.T) {
			db := mongotest.Database(t)
			before.Restore(t, db)
			r := runner.New(db, revisions.Datasets(), revisions.Database())
			dir := filepath.Join(t.TempDir(), "backup")
			for _, to := range ways {
				opts := runner.Options{Workers: 2, BackupDir: dir}
				if _, err := r.Apply(t.Context(), everything(t.Context(), r, to), opts); err != nil { // groups are refused
					t.Fatal(err)
				}
			}
			if report, err := r.Apply(t.Context(), everything(t.Context(), r, "1.22.1"), runner.Options{Workers: 2}); err != nil || len(report.Failures) > 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			said, err := r.Restore(t.Context(), dir, runner.Options{DryRun: true})
			if err != nil {
				t.Fatal(err)
			}
			report, err := r.Restore(t.Context(), dir, runner.Options{})
			if err != nil || len(report.Left) > 0 {
				t.Errorf("%+v, %v", report.Left, err)
			}
			if len(ways) == 1 && len(said.Merged) != len(report.Merged) {
				t.Errorf("it said %+v, and did %+v", said, report)
			}
			for _, d := range migratetest.Compare(before, mongotest.Take(t, db), before, time.Now().Add(-time.Hour), time.Time{}) {
				// The way up has written the time, and brought what no way down had touched.
				if !strings.HasSuffix(d.Path, "/last_modified_at") && d.Collection != "delegated_ops" {
					t.Errorf("%s", d)
				}
			}
			if again, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || len(again.Merged)+again.Datasets+len(again.Left) > 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}

// A way up may stop in between: what the version there may not know waits for a later
// restore, and is listed until then.
func TestMergeInBetween(t *testing.T) {
	db := mongotest.Database(t)
	before := golden(t, "walk/down/1.22.1")[0]
	before.Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	apply(t, db, "0.18.0", runner.Options{BackupDir: dir})
	apply(t, db, "1.1.0", runner.Options{})
	report, err := r.Restore(t.Context(), dir, runner.Options{})
	if err != nil || len(report.Merged) < 8 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, left := range report.Left {
		if !strings.Contains(left.Err.Error(), "may not know") {
			t.Error(left.Err)
		}
	}
	apply(t, db, "1.22.1", runner.Options{})
	if report, err = r.Restore(t.Context(), dir, runner.Options{}); err != nil || len(report.Left) > 0 {
		t.Errorf("%+v, %v", report.Left, err)
	}
	for _, d := range migratetest.Compare(before, mongotest.Take(t, db), before, time.Now().Add(-time.Hour), time.Time{}) {
		isOrder := strings.HasPrefix(d.Got, "keys ")
		if !isOrder && !strings.HasSuffix(d.Path, "/last_modified_at") && d.Collection != "delegated_ops" {
			t.Errorf("%s", d)
		}
	}
}

// What was done to a dataset meanwhile, by an older client too, stays; the rest comes back.
func TestMergeKeepsNewer(t *testing.T) {
	db := mongotest.Database(t)
	golden(t, "walk/down/1.22.1")[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	apply(t, db, "0.17.2", runner.Options{BackupDir: dir})
	name := bson.D{{Key: "name", Value: "oracle-images"}}
	edit := func(update bson.D) {
		t.Helper()
		if result, err := db.Collection("datasets").UpdateOne(t.Context(), name, update); err != nil || result.ModifiedCount != 1 {
			t.Fatalf("%v, %v", result, err)
		}
	}
	// What FiftyOne 0.17.2 does when a user adds a field, and writes the tags and the info.
	edit(bson.D{{Key: "$set", Value: bson.D{{Key: "tags", Value: bson.A{"mine"}}, {Key: "info", Value: bson.D{{Key: "w", Value: 1}}}}}, {Key: "$push", Value: bson.D{{Key: "sample_fields", Value: bson.D{
		{Key: "name", Value: "added"}, {Key: "ftype", Value: "fiftyone.core.fields.IntField"}, {Key: "subfield", Value: nil}, {Key: "embedded_doc_type", Value: nil}, {Key: "db_field", Value: "added"}, {Key: "fields", Value: bson.A{}},
	}}}}})
	apply(t, db, "1.22.1", runner.Options{})
	edit(bson.D{{Key: "$set", Value: bson.D{{Key: "description", Value: "newer"}}}})
	report, err := r.Restore(t.Context(), dir, runner.Options{})
	if err != nil || len(report.Left) != 1 || report.Left[0].Dataset != "oracle-images" || !strings.Contains(report.Left[0].Err.Error(), "description") {
		t.Errorf("%+v, %v", report.Left, err)
	}
	var now struct {
		Description string
		Tags        []string
		Info        bson.D
		SavedViews  []bson.ObjectID `bson:"saved_views"`
		Evaluations bson.D
		AppConfig   struct {
			ColorScheme struct {
				Pool []string `bson:"color_pool"`
			} `bson:"color_scheme"`
		} `bson:"app_config"`
		Fields []struct {
			Name, Description string
		} `bson:"sample_fields"`
	}
	if err := db.Collection("datasets").FindOne(t.Context(), name).Decode(&now); err != nil {
		t.Fatal(err)
	}
	if now.Description != "newer" || !slices.Equal(now.Tags, []string{"mine"}) || len(now.Info) != 1 {
		t.Errorf("edits became %q, %v, %v", now.Description, now.Tags, now.Info)
	}
	if len(now.SavedViews) == 0 || len(now.AppConfig.ColorScheme.Pool) == 0 {
		t.Errorf("not put back: saved views %v, colors %v", now.SavedViews, now.AppConfig.ColorScheme.Pool)
	}
	added, described := false, false
	for _, field := range now.Fields {
		added = added || field.Name == "added"
		described = described || field.Description != ""
	}
	if !added || !described {
		t.Errorf("the added field is there: %v; descriptions are: %v", added, described)
	}
}

// A restore that ends at any write is finished by the next, and the result is that of one
// that nobody disturbed.
func TestMergeInterrupted(t *testing.T) {
	db := mongotest.Database(t)
	before := golden(t, "walk/down/1.22.1")[0]
	before.Restore(t, db)
	dir := t.TempDir()
	apply(t, db, "0.18.0", runner.Options{BackupDir: dir})
	apply(t, db, "1.22.1", runner.Options{})
	up := mongotest.Take(t, db)
	writes := interruptRestore(t, db, dir, 0)
	want := mongotest.Take(t, db)
	points := int64(6)
	if testing.Short() {
		points = 2
	}
	for at := int64(2); at < writes; at += max(1, writes/points) {
		up.Restore(t, db)
		interruptRestore(t, db, dir, at)
		r := runner.New(db, revisions.Datasets(), revisions.Database())
		if report, err := r.Restore(t.Context(), dir, runner.Options{StealLease: true}); err != nil || len(report.Left) > 0 {
			t.Fatalf("ended at write %d of %d, then: %+v, %v", at, writes, report, err)
		}
		for _, d := range migratetest.Compare(up, mongotest.Take(t, db), want, time.Now().Add(-time.Hour), time.Time{}) {
			t.Errorf("ended at write %d of %d: %s", at, writes, d)
		}
		if t.Failed() {
			return
		}
	}
}

// interruptRestore restores and ends at the nth write, 0 for never. It returns how many
// writes there were.
func interruptRestore(t *testing.T, db *mongo.Database, dir string, at int64) int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writes atomic.Int64
	monitor := &event.CommandMonitor{Started: func(_ context.Context, started *event.CommandStartedEvent) {
		isWrite := slices.Contains([]string{"insert", "update", "delete", "drop"}, started.CommandName)
		if isWrite && writes.Add(1) == at {
			cancel()
		}
	}}
	client, err := mongo.Connect(options.Client().ApplyURI(mongotest.URI(t)).SetMonitor(monitor))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.WithoutCancel(ctx))
	r := runner.New(client.Database(db.Name()), revisions.Datasets(), revisions.Database())
	if _, err := r.Restore(ctx, dir, runner.Options{}); at == 0 && err != nil {
		t.Fatal(err)
	}
	return writes.Load()
}
