package runner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// A downgrade that failed is known with what it loses. No run finishes it that was not
// told to, nobody else's migration touches it, and it can be dropped without a trace.
func TestUnfinishedDowngrade(t *testing.T) {
	dump := steady(golden(t, "walk/down/1.22.1")[0])
	for _, to := range []string{"0.17.0", "0.19.1"} { // the second replaces runs and copies results
		t.Run(to, func(t *testing.T) {
			f := newFaulty(t, dump)
			f.set("datasets", bson.D{{Key: "name", Value: "oracle-videos"}}, bson.D{{Key: "active_label_schemas", Value: bson.A{"cars"}}}) // which goes
			f.fail("datasets", 0, "update")
			f.stopped(to, runner.Options{Workers: 2})
			f.heal()
			left := f.unfinished()
			u, isLeft := left["oracle-videos"]
			if !isLeft || u.Begun || u.From != "1.22.1" || u.To != to || len(u.Losses) == 0 {
				t.Fatalf("%+v", u)
			}
			was := mongotest.Take(t, f.db)
			for name, plans := range map[string]runner.Target{"to where it is": {Version: "1.22.1"}, "another way": {Version: "0.23.0", Names: []string{"oracle-videos"}}} {
				report, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), plans), runner.Options{})
				if err != nil || report.Migrated > 0 {
					t.Errorf("%s: %+v, %v", name, report, err)
				}
			}
			unchanged(t, f.db, was)
			report, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), runner.Target{Version: to, Names: []string{"oracle-videos"}}), runner.Options{Finish: all, Agree: lossy})
			if err != nil || !slices.ContainsFunc(report.Failures, func(f runner.Failure) bool { return f.Dataset == "oracle-videos" }) {
				t.Errorf("%+v, %v", report, err)
			}
			if _, isLeft := f.unfinished()["oracle-videos"]; !isLeft {
				t.Error("what nobody agreed to was finished")
			}
		})
	}
}

// What has not begun is dropped without a trace, results and runs that were replaced
// for it included.
func TestAbandon(t *testing.T) {
	dump := steady(golden(t, "walk/down/1.22.1")[0])
	f := newFaulty(t, dump)
	for _, to := range []string{"0.17.0", "0.19.1"} {
		f.fail("datasets", 0, "update")
		plans := f.r.Plans(t.Context(), runner.Target{Version: to})
		if _, err := f.r.Apply(t.Context(), plans, runner.Options{}); err == nil {
			t.Fatal("nothing failed")
		}
		f.heal()
		n := len(f.unfinished())
		done, err := f.r.Abandon(t.Context(), nil, runner.Options{})
		if err != nil || len(done.Dropped) != n || n == 0 || len(done.Kept) > 0 {
			t.Fatalf("%d of %d dropped, %d kept, %v", len(done.Dropped), n, len(done.Kept), err)
		}
		unchanged(t, f.db, dump)
		if names, err := f.db.ListCollectionNames(t.Context(), bson.D{{Key: "name", Value: bson.D{{Key: "$regex", Value: "^medialift"}}}}); err != nil || len(names) > 0 {
			t.Errorf("%v are left, %v", names, err)
		}
	}
}

// What has begun to change data stays, is named, and is finished by the next run.
func TestAbandonKeepsWhatHasBegun(t *testing.T) {
	f := newFaulty(t, golden(t, "old/0.16.6/before")[0])
	f.fail("datasets", 0, "update")
	f.stopped("1.22.1", runner.Options{})
	f.heal()
	done, err := f.r.Abandon(t.Context(), func(u runner.Unfinished) bool { return u.Dataset == "old-images" }, runner.Options{})
	if err != nil || len(done.Dropped) != 0 || len(done.Kept) != 1 || !done.Kept[0].Begun {
		t.Errorf("%+v, %v", done, err)
	}
	report, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), runner.Target{Version: "1.22.1"}), runner.Options{Finish: all})
	if left := f.unfinished(); err != nil || report.Resumed == 0 || len(left) > 0 {
		t.Errorf("%+v, %v, left %v", report, err, left)
	}
}

// hidden does something while the journal is out of the way: what another program does
// to the datasets.
func hidden(t *testing.T, db *mongo.Database, do func()) {
	t.Helper()
	journal := mongotest.Take(t, db)["medialift_migrations"]
	if err := db.Collection("medialift_migrations").Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	do()
	if _, err := db.Collection("medialift_migrations").InsertMany(t.Context(), journal.Docs); err != nil {
		t.Fatal(err)
	}
}

// Before an unfinished migration goes on, its dataset is looked at: where somebody else
// has migrated it, its documents are not changed any more.
func TestUnfinishedButMigratedByOthers(t *testing.T) {
	dump := golden(t, "old/0.16.6/before")[0]
	for _, to := range []string{"1.22.1", "1.1.0"} {
		t.Run(to, func(t *testing.T) {
			f := newFaulty(t, dump)
			f.fail("datasets", 0, "update")
			f.stopped("1.22.1", runner.Options{})
			f.heal()
			hidden(t, f.db, func() {
				plans := f.r.Plans(t.Context(), runner.Target{Version: to, Now: now.Add(time.Hour)})
				if report, err := f.r.Apply(t.Context(), plans, runner.Options{}); err != nil || report.Migrated == 0 {
					t.Fatalf("%+v, %v", report, err)
				}
			})
			added(t, f.db, "old-images")
			was := mongotest.Take(t, f.db)
			report, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), runner.Target{Version: to}), runner.Options{Finish: all})
			if err != nil {
				t.Fatal(err)
			}
			for _, failure := range report.Failures {
				if _, refused := errors.AsType[*dbmigrate.RefusalError](failure.Err); refused {
					continue // at both versions
				}
				if changed, ok := errors.AsType[*runner.ChangedError](failure.Err); to == "1.22.1" || !ok || changed.Deleted {
					t.Errorf("%+v", failure)
				}
			}
			for _, name := range []string{"runs", "fs.files", "fs.chunks"} { // where nobody names what was added, it goes
				delete(was, name)
			}
			got := mongotest.Take(t, f.db)
			for name := range got {
				if was[name] == nil {
					delete(got, name)
				}
			}
			sameBytes(t, got, was)
			if left := f.unfinished(); len(left) > 0 {
				t.Errorf("%v", left)
			}
		})
	}
}

// added adds a sample as FiftyOne does, with times that its _id does not tell.
func added(t *testing.T, db *mongo.Database, name string) {
	t.Helper()
	var dataset struct {
		Samples string `bson:"sample_collection_name"`
	}
	if err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: name}}).Decode(&dataset); err != nil {
		t.Fatal(err)
	}
	created := bson.NewDateTimeFromTime(time.Date(2026, 11, 2, 3, 4, 5, 678_000_000, time.UTC))
	if _, err := db.Collection(dataset.Samples).InsertOne(t.Context(), bson.D{{Key: "created_at", Value: created}, {Key: "last_modified_at", Value: created}}); err != nil {
		t.Fatal(err)
	}
}

// Whatever operation a migration stopped at, one whose dataset somebody edited since
// ends as if the edit had come first: what is half way is planned again, not dropped.
func TestUnfinishedButEdited(t *testing.T) {
	for _, c := range []struct{ dump, to string }{
		{"edges/down_0_7_2/before", "0.6.1"}, {"edges/up_0_6_2/before", "0.7.2"}, {"walk/down/0.18.0", "1.22.1"}, {"walk/down/1.22.1", "0.18.0"},
	} {
		t.Run(c.dump+" to "+c.to, func(t *testing.T) {
			dump := golden(t, c.dump)[0]
			f := newFaulty(t, dump)
			edit := func() {
				if _, err := f.db.Collection("datasets").UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "info", Value: bson.D{{Key: "mine", Value: 1}}}}}}); err != nil {
					t.Fatal(err)
				}
			}
			edit()
			apply(t, f.db, c.to, runner.Options{})
			want := mongotest.Take(t, f.db)
			for at := 1; at < 200; at += stride() {
				dump.Restore(t, f.db)
				f.fail("", at, "update", "aggregate", "delete", "drop", "dropIndexes", "insert")
				_, err := f.r.Apply(t.Context(), everything(t.Context(), f.r, c.to), runner.Options{})
				f.heal()
				if err == nil && len(f.unfinished()) == 0 {
					return
				}
				edited := len(f.unfinished()) > 0
				edit()
				for range 3 {
					report, err := f.r.Apply(t.Context(), everything(t.Context(), f.r, c.to), runner.Options{Finish: all, StealLease: true, Now: now})
					if err != nil {
						t.Fatal(err)
					}
					if len(report.Failures) == 0 {
						break
					}
				}
				if !edited {
					continue
				}
				for _, d := range migratetest.Compare(dump, mongotest.Take(t, f.db), want, now, now.Add(-time.Hour)) {
					if !strings.Contains(d.Path, "/info") {
						t.Errorf("stopped at command %d: %s", at, d)
					}
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A run that somebody has changed since it was planned is not written over.
func TestPutOfAChangedRun(t *testing.T) {
	f := newFaulty(t, golden(t, "walk/down/1.22.1")[0])
	f.fail("runs", 0, "update")
	if _, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), runner.Target{Version: "0.19.1"}), runner.Options{}); err != nil {
		t.Fatal(err)
	}
	f.heal()
	filter := bson.D{{Key: "config.cls", Value: "fiftyone.brain.internal.core.sklearn.SklearnSimilarityConfig"}}
	f.set("runs", filter, bson.D{{Key: "mine", Value: "kept"}})
	for range 2 {
		if _, err := f.r.Apply(t.Context(), f.r.Plans(t.Context(), runner.Target{Version: "0.19.1"}), runner.Options{Finish: all}); err != nil {
			t.Fatal(err)
		}
	}
	var run struct{ Config struct{ Cls string } }
	if err := f.db.Collection("runs").FindOne(t.Context(), bson.D{{Key: "mine", Value: "kept"}}).Decode(&run); err != nil || run.Config.Cls != "fiftyone.brain.similarity.SimilarityConfig" {
		t.Errorf("%+v, %v", run, err)
	}
}

// A journal that an earlier release wrote loses nothing that nobody agreed to.
func TestJournalOfAnEarlierRelease(t *testing.T) {
	f := newFaulty(t, golden(t, "walk/down/1.22.1")[0])
	f.fail("datasets", 0, "update")
	f.stopped("0.17.0", runner.Options{})
	f.heal()
	if _, err := f.db.Collection("medialift_migrations").UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$unset", Value: bson.D{
		{Key: "marks", Value: ""}, {Key: "begun", Value: ""}, {Key: "written", Value: ""}, {Key: "backup", Value: ""},
	}}}); err != nil {
		t.Fatal(err)
	}
	if u := f.unfinished()["oracle-images"]; len(u.Losses) == 0 {
		t.Errorf("%+v", u)
	}
	apply(t, f.db, "0.17.0", runner.Options{Finish: all})
}
