package runner_test

import (
	"bytes"
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

var (
	trialsFlag = flag.Int("trials", 0, "how many random sequences of migrations; 0 for a few, as part of all tests")
	seedFlag   = flag.Uint64("seed", 0, "the seed of the first sequence, the next one's is the next number; 0 draws one")
)

// stride is how many operations lie between those at which migrations are stopped.
func stride() int {
	if *trialsFlag > 0 {
		return 1
	}
	return 17
}

// faulty is a database on a server of its own, which fails what it is told to fail.
type faulty struct {
	t  *testing.T
	db *mongo.Database
	r  *runner.Runner
}

func newFaulty(t *testing.T, dump mongotest.Dump) *faulty {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server: not in short mode")
	}
	server := mongotest.Start(t, "--setParameter", "enableTestCommands=1")
	db := mongotest.Connect(t, server.URI).Database("faulty")
	dump.Restore(t, db)
	return &faulty{t, db, runner.New(db, revisions.Datasets(), revisions.Database())}
}

// fail has commands on a collection fail from the nth on, until heal; "" stands for any
// collection.
func (f *faulty) fail(collection string, skip int, commands ...string) {
	f.t.Helper()
	data := bson.D{{Key: "failCommands", Value: commands}, {Key: "errorCode", Value: 2}}
	if collection != "" {
		data = append(data, bson.E{Key: "namespace", Value: f.db.Name() + "." + collection})
	}
	f.point(bson.D{{Key: "skip", Value: skip}}, data)
}

func (f *faulty) heal() { f.t.Helper(); f.point("off", bson.D{}) }

func (f *faulty) point(mode any, data bson.D) {
	f.t.Helper()
	command := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: mode}, {Key: "data", Value: data}}
	if err := f.db.Client().Database("admin").RunCommand(f.t.Context(), command).Err(); err != nil {
		f.t.Fatal(err)
	}
}

// stopped migrates everything and expects it not to get through.
func (f *faulty) stopped(to string, opts runner.Options) {
	f.t.Helper()
	report, err := f.r.Apply(f.t.Context(), everything(f.t.Context(), f.r, to), opts)
	if err == nil && len(report.Failures) == 0 {
		f.t.Fatalf("to %s nothing failed: %+v", to, report)
	}
}

func (f *faulty) unfinished() map[string]runner.Unfinished {
	f.t.Helper()
	list, err := f.r.Unfinished(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	found := map[string]runner.Unfinished{}
	for _, u := range list {
		found[u.Dataset] = u
	}
	return found
}

// steady is a database without the datasets that hold values which older versions do not
// know. Of the others, a way down changes no samples, so that they have not begun before
// their own document is exchanged.
func steady(dump mongotest.Dump) mongotest.Dump {
	newer := []string{"oracle-images", "oracle-images-clone", "oracle-labelschemas", "oracle-3d", "oracle-groups"}
	dump["datasets"].Docs = slices.DeleteFunc(dump["datasets"].Docs, func(doc bson.Raw) bool {
		return slices.Contains(newer, doc.Lookup("name").StringValue())
	})
	return dump
}

// unchanged compares every byte of a database with what it was, but for what the runner
// keeps there for itself.
func unchanged(t *testing.T, db *mongo.Database, want mongotest.Dump) {
	t.Helper()
	sameBytes(t, mongotest.Take(t, db), want)
}

func sameBytes(t *testing.T, got, want mongotest.Dump) {
	t.Helper()
	names := maps.Clone(got)
	maps.Copy(names, want)
	for name := range names {
		if strings.HasPrefix(name, "medialift") {
			continue
		}
		var g, w []bson.Raw
		if got[name] != nil {
			g = got[name].Docs
		}
		if want[name] != nil {
			w = want[name].Docs
		}
		if !slices.EqualFunc(g, w, func(a, b bson.Raw) bool { return bytes.Equal(a, b) }) {
			t.Errorf("%s has changed:\n%.2000s\nwas\n%.2000s", name, g, w)
		}
	}
}

func (f *faulty) set(collection string, filter, change bson.D) {
	f.t.Helper()
	result, err := f.db.Collection(collection).UpdateOne(f.t.Context(), filter, bson.D{{Key: "$set", Value: change}})
	if err != nil || result.MatchedCount != 1 {
		f.t.Fatalf("%+v, %v", result, err)
	}
}

// lossy is an error for plans that lose something.
func lossy(plan *dbmigrate.Plan) error {
	if len(plan.Losses) > 0 {
		return &dbmigrate.RefusalError{Dataset: plan.Name, Reason: strings.Join(plan.Losses, ", ")}
	}
	return nil
}
