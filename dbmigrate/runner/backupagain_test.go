package runner_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// filesOf reads a folder.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return files
}

// refusedAll checks that nothing was migrated, and that each failure is a refusal.
func refusedAll(t *testing.T, report runner.Report, err error, mention string) {
	t.Helper()
	if err != nil || report.Migrated > 0 || len(report.Failures) == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	for _, f := range report.Failures {
		if _, refused := errors.AsType[*dbmigrate.RefusalError](f.Err); !refused || !strings.Contains(f.Err.Error(), mention) {
			t.Errorf("%v", f.Err)
		}
	}
}

// The same way with the same folder a second time is refused: the folder has the only
// copy of what the first deleted.
func TestBackupIsNeverReplaced(t *testing.T) {
	db := mongotest.Database(t)
	golden(t, "walk/down/1.22.1")[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	names := []string{"oracle-images"}
	way := func(to, dir string) (runner.Report, error) {
		return r.Apply(t.Context(), r.Plans(t.Context(), runner.Target{Version: to, Names: names}), runner.Options{BackupDir: dir})
	}
	if report, err := way("0.17.0", dir); err != nil || report.Migrated != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	first := filesOf(t, dir)
	if report, err := way("1.22.1", ""); err != nil || report.Migrated != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	was := mongotest.Take(t, db)
	report, err := way("0.17.0", dir)
	refusedAll(t, report, err, "holds what an earlier migration")
	unchanged(t, db, was)
	if !maps.Equal(first, filesOf(t, dir)) {
		t.Error("the backup has changed")
	}
	other := db.Client().Database(db.Name() + "x")
	if err := runner.New(other, revisions.Datasets(), revisions.Database()).CheckBackup(dir, nil); !errors.Is(err, runner.ErrBackup) {
		t.Errorf("another database's: %v", err)
	}
	if err := r.CheckBackup(filepath.Join(dir, "new"), nil); err != nil {
		t.Error(err)
	}
}

// A run that was stopped before its migrations began leaves backups, which the next one
// neither replaces nor minds.
func TestBackupOfWhatNeverBegan(t *testing.T) {
	dump := golden(t, "walk/down/1.22.1")[0]
	f := newFaulty(t, dump)
	dir := t.TempDir()
	f.fail("medialift_migrations", 0, "update", "insert")
	plans := f.r.Plans(t.Context(), runner.Target{Version: "0.17.0"})
	if _, err := f.r.Apply(t.Context(), plans, runner.Options{BackupDir: dir}); err == nil {
		t.Fatal("nothing failed")
	}
	f.heal()
	before := filesOf(t, dir)
	if len(before) == 0 {
		t.Fatal("no backup was made")
	}
	if _, err := f.r.Apply(t.Context(), plans, runner.Options{BackupDir: dir}); err != nil {
		t.Fatal(err)
	}
	after := filesOf(t, dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s was replaced", name)
		}
	}
	report, err := f.r.Restore(t.Context(), dir, runner.Options{})
	if err != nil || len(report.Left) > 0 || report.Datasets == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	unchanged(t, f.db, dump)
}

// What is finished with --backup is backed up, as long as nothing of it has begun.
func TestBackupOfUnfinished(t *testing.T) {
	dump := steady(golden(t, "walk/down/1.22.1")[0])
	for _, to := range []string{"0.17.0", "0.19.1"} {
		f := newFaulty(t, dump)
		dir := t.TempDir()
		f.fail("datasets", 0, "update")
		f.stopped(to, runner.Options{})
		f.heal()
		plans := f.r.Plans(t.Context(), runner.Target{Version: to})
		report, err := f.r.Apply(t.Context(), plans, runner.Options{Finish: all, BackupDir: dir})
		if err != nil || report.Resumed == 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		restored, err := f.r.Restore(t.Context(), dir, runner.Options{})
		if err != nil || len(restored.Left) > 0 || restored.Datasets == 0 {
			t.Errorf("%+v, %v", restored, err)
		}
		config := mongotest.Take(t, f.db)["config"]
		dump["config"] = config // which went first, without a backup
		unchanged(t, f.db, dump)
	}
}

// One that has begun can't get a backup any more. It is refused with one, and finished
// without.
func TestBackupOfBegun(t *testing.T) {
	f := newFaulty(t, golden(t, "old/0.16.6/before")[0])
	f.fail("datasets", 0, "update")
	f.stopped("1.22.1", runner.Options{})
	f.heal()
	u := f.unfinished()["old-images"]
	if !u.Begun {
		t.Fatalf("%+v", u)
	}
	dir := t.TempDir()
	if err := f.r.CheckUnfinished(dir, u); err == nil {
		t.Error("a backup is promised")
	}
	plans := f.r.Plans(t.Context(), runner.Target{Version: "1.22.1", Names: []string{"old-images"}})
	was := mongotest.Take(t, f.db)
	only := func(u runner.Unfinished) bool { return u.Dataset == "old-images" }
	report, err := f.r.Apply(t.Context(), plans, runner.Options{Finish: only, BackupDir: dir})
	refusedAll(t, report, err, "without a backup")
	unchanged(t, f.db, was)
	if report, err := f.r.Apply(t.Context(), plans, runner.Options{Finish: only}); err != nil || report.Resumed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// One that was begun with a backup is finished with it, whether or not the folder is
// named again; never with another folder.
func TestBackupGoesOn(t *testing.T) {
	dump := golden(t, "old/0.16.6/before")[0]
	for _, again := range []bool{true, false} {
		f := newFaulty(t, dump)
		dir := t.TempDir()
		names := []string{"old-images", "old-videos"}
		plans := f.r.Plans(t.Context(), runner.Target{Version: "1.22.1", Names: names})
		f.fail("datasets", 0, "update")
		if _, err := f.r.Apply(t.Context(), plans, runner.Options{BackupDir: dir}); err == nil {
			t.Fatal("nothing failed")
		}
		f.heal()
		was := mongotest.Take(t, f.db)
		report, err := f.r.Apply(t.Context(), plans, runner.Options{Finish: all, BackupDir: t.TempDir()})
		refusedAll(t, report, err, "has its backup in")
		unchanged(t, f.db, was)
		opts := runner.Options{Finish: all}
		if again {
			opts.BackupDir = dir
		}
		f.set("datasets", bson.D{{Key: "name", Value: "old-images"}}, bson.D{{Key: "info", Value: bson.D{{Key: "mine", Value: 1}}}})
		if report, err := f.r.Apply(t.Context(), plans, opts); err != nil || report.Resumed != 2 {
			t.Fatalf("%+v, %v", report, err)
		}
		restored, err := f.r.Restore(t.Context(), dir, runner.Options{})
		if err != nil || len(restored.Left) > 0 || restored.Datasets != 2 {
			t.Fatalf("%+v, %v", restored, err)
		}
		want := maps.Clone(dump)
		got := mongotest.Take(t, f.db)
		for _, name := range slices.Collect(maps.Keys(got)) {
			if want[name] == nil && len(got[name].Docs) == 0 {
				delete(got, name)
			}
		}
		for _, d := range migratetest.Compare(dump, got, want, now, now) {
			if !strings.Contains(d.Path, "/info") {
				t.Error(d)
			}
		}
	}
}
