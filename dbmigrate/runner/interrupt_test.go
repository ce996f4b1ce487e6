package runner_test

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// now is the time of every migration here, so that results are alike.
var now = time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

func golden(t *testing.T, names ...string) []mongotest.Dump {
	dir := migratetest.Unpack(t, "../revisions/testdata/golden.tar.zst", names...)
	var dumps []mongotest.Dump
	for _, name := range names {
		dumps = append(dumps, mongotest.Read(t, filepath.Join(dir, name)))
	}
	return dumps
}

// all chooses every unfinished migration.
func all(runner.Unfinished) bool { return true }

// everything plans a database and all its datasets.
func everything(ctx context.Context, r *runner.Runner, to string) func(func(*dbmigrate.Plan, error) bool) {
	return func(yield func(*dbmigrate.Plan, error) bool) {
		plan, err := r.PlanDatabase(ctx, to)
		if yield(plan, err) && err == nil {
			r.Plans(ctx, runner.Target{Version: to, Now: now})(yield)
		}
	}
}

func apply(t *testing.T, db *mongo.Database, to string, opts runner.Options) runner.Report {
	t.Helper()
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	report, err := r.Apply(t.Context(), everything(t.Context(), r, to), opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range report.Failures {
		t.Errorf("%q failed: %v", failure.Dataset, failure.Err)
	}
	return report
}

// Whichever command to the server a run ends at, the next run finishes it, and the
// result is that of a run that nobody disturbed, up and down.
func TestInterrupted(t *testing.T) {
	dumps := golden(t, "walk/down/0.18.0", "walk/up/1.22.1", "edges/up_0_6_2/before", "edges/down_0_7_2/before")
	for _, c := range []struct {
		before mongotest.Dump
		to     string
	}{{dumps[0], "1.22.1"}, {dumps[1], "0.18.0"}, {dumps[2], "0.7.2"}, {dumps[3], "0.6.1"}} {
		t.Run("to "+c.to, func(t *testing.T) {
			db := mongotest.Database(t)
			c.before.Restore(t, db)
			commands := interrupt(t, db, c.to, 0)
			want := mongotest.Take(t, db)
			points := 8
			switch {
			case *trialsFlag > 0:
				points = 25
			case testing.Short():
				points = 3
			}
			for at := int64(1); at < commands; at += max(1, commands/int64(points)) {
				c.before.Restore(t, db)
				interrupt(t, db, c.to, at)
				apply(t, db, c.to, runner.Options{Workers: 2, Finish: all})
				for _, difference := range migratetest.Compare(c.before, mongotest.Take(t, db), want, now, now.Add(-time.Hour)) {
					t.Errorf("ended at command %d of %d: %s", at, commands, difference)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// interrupt migrates a database and ends at the nth write, 0 for never. It returns
// how many writes there were.
func interrupt(t *testing.T, db *mongo.Database, to string, at int64) int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writes atomic.Int64
	monitor := &event.CommandMonitor{Started: func(_ context.Context, started *event.CommandStartedEvent) {
		isWrite := slices.Contains([]string{"insert", "update", "delete", "drop", "aggregate"}, started.CommandName)
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
	report, err := r.Apply(ctx, everything(ctx, r, to), runner.Options{Workers: 2})
	if at == 0 && (err != nil || len(report.Failures) > 0) {
		t.Fatalf("undisturbed: %v, %v", err, report.Failures)
	}
	_ = client.Disconnect(context.WithoutCancel(ctx))
	quiet(t, db)
	return writes.Load()
}

// quiet waits until the server does nothing more in a database: it goes on with what it
// was asked for by who has gone, and a command that it does later belongs to another test.
func quiet(t *testing.T, db *mongo.Database) {
	t.Helper()
	for {
		var now struct{ Inprog []bson.Raw }
		current := bson.D{{Key: "currentOp", Value: 1}, {Key: "active", Value: true}, {Key: "ns", Value: bson.Regex{Pattern: "^" + regexp.QuoteMeta(db.Name()) + `\.`}}}
		if err := db.Client().Database("admin").RunCommand(t.Context(), current).Decode(&now); err != nil {
			t.Fatal(err)
		}
		if len(now.Inprog) == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
