package revisions_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// oracleTime is when FiftyOne made the results in testdata: times after it that the
// old databases have not are its now.
var oracleTime = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// pair is a database before and after FiftyOne migrated it.
type pair struct {
	name, before, after, to string
	failed                  map[string]string // dataset → what FiftyOne failed with
}

// TestGolden migrates every database that testdata has from FiftyOne and compares
// the result with FiftyOne's.
func TestGolden(t *testing.T) {
	dir := migratetest.Unpack(t, "testdata/golden.tar.zst")
	pairs := slices.Concat(walkPairs(t, dir), edgePairs(t, dir), oldPairs(t, dir))
	used := map[string]bool{}
	compared, fits := 0, 0
	for _, p := range pairs {
		if testing.Short() && !strings.HasPrefix(p.name, "edges/") {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			before := mongotest.Read(t, filepath.Join(dir, p.before))
			got, report := migrate(t, before, p.to)
			want, isFitted := fitted(t, before, mongotest.Read(t, filepath.Join(dir, p.after)), p.to)
			compared++
			if isFitted {
				fits++
			}
			if a, b := results(t, got), results(t, want); !slices.Equal(a, b) {
				t.Errorf("results of runs:\n\tgot  %q\n\twant %q", a, b)
			}
			failed := checkFailed(t, p, before, got, report, used)
			for _, found := range migratetest.Compare(before, got, want, now, oracleTime) {
				if !failed[found.Collection] && !failed[dbmigrate.IDKey(found.ID)] && !expected(p, found, used) {
					t.Errorf("%s", found)
				}
			}
		})
	}
	t.Logf("%d pairs compared, %d of them with what FiftyOne leaves and its older self can't open", compared, fits)
	if fits == 0 {
		t.Error("no pair shows what FiftyOne leaves on a way down and can't open")
	}
	if compared == len(pairs) && !t.Failed() {
		for _, d := range deliberate {
			if !used[d.pair+d.path] {
				t.Errorf("no pair shows the deliberate difference %q at %q", d.pair, d.path)
			}
		}
		for _, f := range failures {
			if !used[f.pair+f.dataset] {
				t.Errorf("no pair shows FiftyOne fail on %q in %q", f.dataset, f.pair)
			}
		}
	}
}

// now is the time of the migrations under test: no other time in a result may be
// taken for it.
var now = time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

// migrate moves a database as "fiftyone migrate --all" does.
func migrate(t *testing.T, before mongotest.Dump, to string) (mongotest.Dump, runner.Report) {
	t.Helper()
	db := mongotest.Database(t)
	before.Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	plans := func(yield func(*dbmigrate.Plan, error) bool) {
		plan, err := r.PlanDatabase(t.Context(), to)
		if !yield(plan, err) {
			return
		}
		r.Plans(t.Context(), runner.Target{Version: to, Now: now})(yield)
	}
	report, err := r.Apply(t.Context(), plans, runner.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return mongotest.Take(t, db), report
}

// results are the files in GridFS as JSON in one spelling, sorted.
func results(t *testing.T, dump mongotest.Dump) []string {
	t.Helper()
	chunks := map[any][]byte{}
	if dump["fs.chunks"] == nil {
		return nil
	}
	for _, raw := range dump["fs.chunks"].Docs { // in the order in which they were made
		_, data := raw.Lookup("data").Binary()
		id := raw.Lookup("files_id").ObjectID()
		chunks[id] = append(chunks[id], data...)
	}
	var texts []string
	for _, data := range chunks {
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}

// checkFailed looks at the datasets that FiftyOne failed on: each is on the list of
// failures and either refused, and then as it was, or migrated. It returns their
// ids and collections, in which there is no result to compare with.
func checkFailed(t *testing.T, p pair, before, got mongotest.Dump, report runner.Report, used map[string]bool) map[string]bool {
	t.Helper()
	refused := map[string]bool{}
	for _, failure := range report.Failures {
		var refusal *dbmigrate.RefusalError
		if !errors.As(failure.Err, &refusal) {
			t.Errorf("%q failed: %v", failure.Dataset, failure.Err)
		} else if p.failed[failure.Dataset] == "" {
			t.Errorf("%q is refused, which FiftyOne migrates: %v", failure.Dataset, failure.Err)
		}
		refused[failure.Dataset] = true
	}
	failed := map[string]bool{}
	for _, raw := range before["datasets"].Docs {
		var dataset struct {
			ID      any `bson:"_id"`
			Name    any
			Samples string `bson:"sample_collection_name"`
			Frames  string `bson:"frame_collection_name"`
		}
		if err := bson.Unmarshal(raw, &dataset); err != nil {
			t.Fatal(err)
		}
		name, _ := dataset.Name.(string)
		if p.failed[name] == "" {
			continue
		}
		for _, key := range []string{dbmigrate.IDKey(dataset.ID), dataset.Samples, dataset.Frames, "frames." + dataset.Samples} {
			failed[key] = true
		}
		after := bson.Raw(nil)
		for _, doc := range got["datasets"].Docs {
			if doc.Lookup("_id").Equal(raw.Lookup("_id")) {
				after = doc
			}
		}
		i := slices.IndexFunc(failures, func(f failure) bool { return match(f.pair, p.name) && match(f.dataset, name) })
		switch {
		case i < 0:
			t.Errorf("FiftyOne fails on %q, and no entry of failures says what should become of it: %s", name, p.failed[name])
			continue
		case failures[i].refused != refused[name]:
			t.Errorf("%q: refused %v, want %v", name, refused[name], failures[i].refused)
		case refused[name] && !bytes.Equal(raw, after):
			t.Errorf("%q is refused and changed all the same", name)
		case !refused[name] && !at(after, p.to):
			t.Errorf("%q is at version %v, want %s", name, after.Lookup("version"), p.to)
		}
		used[failures[i].pair+failures[i].dataset] = true
	}
	return failed
}

// at reports whether a dataset says that it is at a version, or, where there was
// no place to say so yet, says nothing.
func at(dataset bson.Raw, version string) bool {
	head, found := dataset.Lookup("version").StringValueOK()
	if dbmigrate.MustParseVersion(version).Compare(dbmigrate.MustParseVersion("0.6.2")) < 0 {
		return !found
	}
	return head == version
}

// difference is one that is meant, where FiftyOne completes.
type difference struct {
	pair, path string // regular expressions
	reason     string
}

// failure is a dataset that FiftyOne fails on, and what becomes of it here.
type failure struct {
	pair, dataset string // regular expressions
	refused       bool   // or else migrated
	reason        string
}

func expected(p pair, found migratetest.Difference, used map[string]bool) bool {
	for _, d := range deliberate {
		if match(d.pair, p.name) && match(d.path, found.Path) {
			used[d.pair+d.path] = true
			return true
		}
	}
	return false
}

func match(pattern, text string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(text)
}

func walkPairs(t *testing.T, dir string) []pair {
	var steps []struct {
		Direction, To string
		Errors        map[string]string
	}
	readJSON(t, filepath.Join(dir, "walk/steps.json"), &steps)
	var pairs []pair
	before := "walk/down/1.22.1"
	for _, step := range steps {
		after := fmt.Sprintf("walk/%s/%s", step.Direction, step.To)
		pairs = append(pairs, pair{name: after, before: before, after: after, to: step.To, failed: step.Errors})
		before = after
		// One way over many revisions ends where one step after the other does.
		start := map[string]string{"down": "walk/down/1.22.1", "up": "walk/up/0.7.1"}[step.Direction]
		if slices.Contains([]string{"walk/down/1.0.2", "walk/down/0.18.0", "walk/up/0.18.0", "walk/up/1.22.1"}, after) {
			pairs = append(pairs, pair{name: after + " at once", before: start, after: after, to: step.To, failed: step.Errors})
		}
	}
	return pairs
}

func edgePairs(t *testing.T, dir string) []pair {
	var pairs []pair
	for _, name := range list(t, filepath.Join(dir, "edges")) {
		p := pair{name: "edges/" + name, before: "edges/" + name + "/before", after: "edges/" + name + "/after"}
		var edge struct{ To string }
		readJSON(t, filepath.Join(dir, p.name, "case.json"), &edge)
		readJSON(t, filepath.Join(dir, p.after, "_errors.json"), &p.failed)
		p.to = edge.To
		pairs = append(pairs, p)
	}
	return pairs
}

func oldPairs(t *testing.T, dir string) []pair {
	var pairs []pair
	for _, name := range list(t, filepath.Join(dir, "old")) {
		p := pair{name: "old/" + name, before: "old/" + name + "/before", after: "old/" + name + "/after_pure", to: revisions.Newest}
		readJSON(t, filepath.Join(dir, p.after, "_errors.json"), &p.failed)
		pairs = append(pairs, p)
	}
	return pairs
}

func list(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func readJSON(t *testing.T, file string, value any) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
