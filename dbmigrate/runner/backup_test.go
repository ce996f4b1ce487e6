package runner_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// Down, with all that this destroys, and back by the backup.
func TestRestore(t *testing.T) {
	before := golden(t, "walk/down/1.22.1")[0]
	for _, ways := range [][]string{{"0.18.0"}, {"1.0.0", "0.19.0", "0.17.0"}, {"0.9.0"}, {"0.6.1"}} {
		db := mongotest.Database(t)
		before.Restore(t, db)
		r := runner.New(db, revisions.Datasets(), revisions.Database())
		dir := filepath.Join(t.TempDir(), "backup [1]*")
		for _, to := range ways {
			opts := runner.Options{Workers: 2, BackupDir: dir}
			if _, err := r.Apply(t.Context(), everything(t.Context(), r, to), opts); err != nil { // groups are refused
				t.Fatal(err)
			}
		}
		if len(migratetest.Compare(before, mongotest.Take(t, db), before, time.Time{}, time.Time{})) == 0 {
			t.Fatal("going down changes nothing")
		}
		report, err := r.Restore(t.Context(), dir, runner.Options{})
		if err != nil || len(report.Left) > 0 || report.Datasets == 0 {
			t.Errorf("%v: %+v, %v", ways, report, err)
		}
		for _, d := range migratetest.Compare(before, mongotest.Take(t, db), before, time.Time{}, time.Time{}) {
			t.Errorf("%v: %s", ways, d)
		}
		if again, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || again.Datasets != 0 || len(again.Left) > 0 && len(ways) == 1 {
			t.Errorf("%v again: %+v, %v", ways, again, err)
		}
	}
}

// What somebody changed since stays, and is listed.
func TestRestoreLeaves(t *testing.T) {
	db := mongotest.Database(t)
	golden(t, "walk/down/1.22.1")[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	applyBackedUp(t, r, db, "0.18.0", dir)
	name := bson.D{{Key: "name", Value: "oracle-images"}}
	for _, change := range []bson.D{{{Key: "last_loaded_at", Value: bson.NewDateTimeFromTime(time.Now())}}, {{Key: "tags", Value: bson.A{"mine"}}}} {
		if _, err := db.Collection("datasets").UpdateOne(t.Context(), name, bson.D{{Key: "$set", Value: change}}); err != nil {
			t.Fatal(err)
		}
	}
	report, err := r.Restore(t.Context(), dir, runner.Options{})
	var changed *runner.ChangedError
	if err != nil || len(report.Left) != 1 || report.Left[0].Dataset != "oracle-images" || !errors.As(report.Left[0].Err, &changed) {
		t.Fatalf("%+v, %v", report, err)
	}
	var doc struct {
		Version string
		Tags    []string
	}
	if err := db.Collection("datasets").FindOne(t.Context(), name).Decode(&doc); err != nil || doc.Version != "0.18.0" || len(doc.Tags) != 1 {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	db := mongotest.Database(t)
	golden(t, "walk/down/1.22.1")[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	if _, err := r.Restore(t.Context(), dir, runner.Options{}); !errors.Is(err, runner.ErrBackup) {
		t.Errorf("an empty folder: %v", err)
	}
	applyBackedUp(t, r, db, "0.18.0", dir)
	other := runner.New(db.Client().Database(db.Name()+"x"), revisions.Datasets(), revisions.Database())
	if _, err := other.Restore(t.Context(), dir, runner.Options{}); !errors.Is(err, runner.ErrBackup) {
		t.Errorf("another database: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.bson"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	info, err := os.Stat(files[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(files[2], info.Size()-3); err != nil {
		t.Fatal(err)
	}
	was := mongotest.Take(t, db)
	if _, err := r.Restore(t.Context(), dir, runner.Options{}); !errors.Is(err, runner.ErrBackup) {
		t.Errorf("a file that is cut off: %v", err)
	}
	for _, d := range migratetest.Compare(was, mongotest.Take(t, db), was, time.Time{}, time.Time{}) {
		t.Errorf("%s", d)
	}
}

func applyBackedUp(t *testing.T, r *runner.Runner, db *mongo.Database, to, dir string) {
	t.Helper()
	apply(t, db, to, runner.Options{BackupDir: dir})
}

// Edits of what the migration changed, beside the dataset's own document, keep the
// whole dataset as it is; those after a restore are safe from another one.
func TestRestoreLeavesEdits(t *testing.T) {
	db := mongotest.Database(t)
	before := golden(t, "edges/down_0_7_2/before")[0]
	before.Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	applyBackedUp(t, r, db, "0.7.1", dir)
	var video struct {
		Name    string
		Samples string `bson:"sample_collection_name"`
	}
	if err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: "video"}}).Decode(&video); err != nil {
		t.Fatal(err)
	}
	edit := func(value any) {
		t.Helper()
		result, err := db.Collection(video.Samples).UpdateOne(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "frames", Value: value}}}})
		if err != nil || result.ModifiedCount != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
	}
	var was struct{ Frames bson.RawValue }
	if err := db.Collection(video.Samples).FindOne(t.Context(), bson.D{}).Decode(&was); err != nil {
		t.Fatal(err)
	}
	edit("mine")
	edited := mongotest.Take(t, db)
	report, err := r.Restore(t.Context(), dir, runner.Options{})
	if err != nil || len(report.Left) != 1 || report.Left[0].Dataset != "video" || !strings.Contains(report.Left[0].Err.Error(), video.Samples) {
		t.Fatalf("%+v, %v", report, err)
	}
	if got := mongotest.Take(t, db)[video.Samples]; !slices.EqualFunc(got.Docs, edited[video.Samples].Docs, func(a, b bson.Raw) bool { return bytes.Equal(a, b) }) {
		t.Errorf("the samples became %v", got.Docs)
	}
	edit(was.Frames)
	if report, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || len(report.Left) != 0 || report.Datasets != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, d := range migratetest.Compare(before, mongotest.Take(t, db), before, time.Time{}, time.Time{}) {
		t.Errorf("%s", d)
	}
	edit("since")
	edited = mongotest.Take(t, db)
	if report, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || report.Datasets != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	for _, d := range migratetest.Compare(edited, mongotest.Take(t, db), edited, time.Time{}, time.Time{}) {
		t.Errorf("%s", d)
	}
}

// A migration that was stopped in the middle has to be finished first.
func TestRestoreOfUnfinished(t *testing.T) {
	db := mongotest.Database(t)
	golden(t, "walk/down/1.22.1")[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	opts := runner.Options{BackupDir: dir, Finish: all}
	opts.Applied = func(context.Context, *dbmigrate.Plan) error { return errors.New("stopped") }
	report, err := r.Apply(t.Context(), everything(t.Context(), r, "0.18.0"), opts)
	if err != nil || len(report.Failures) == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	before := mongotest.Take(t, db)
	if _, err := r.Restore(t.Context(), dir, runner.Options{}); !errors.Is(err, runner.ErrUnfinished) {
		t.Errorf("%v", err)
	}
	for _, d := range migratetest.Compare(before, mongotest.Take(t, db), before, time.Time{}, time.Time{}) {
		t.Errorf("%s", d)
	}
	opts.Applied = nil
	apply(t, db, "0.18.0", opts)
	if report, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || len(report.Left) > 0 || report.Datasets == 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
