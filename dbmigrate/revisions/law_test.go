package revisions_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// level is a version with a database that FiftyOne made of it.
type level struct {
	version string
	db      dbmigrate.Memory
}

// levels reads the databases that FiftyOne took down step by step, and those that
// its old versions wrote, from new to old.
func levels(t *testing.T) []level {
	under := []string{"old", "walk/down"}
	if testing.Short() {
		under = under[:1]
	}
	dir := migratetest.Unpack(t, "testdata/golden.tar.zst", under...)
	var found []level
	for _, pattern := range []string{"walk/down/*", "old/*/before"} {
		matched, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range matched {
			version := filepath.Base(strings.TrimSuffix(name, "/before"))
			db := dbmigrate.Memory{}
			for _, collection := range []string{"datasets", "runs", "fs.files", "fs.chunks"} {
				db[collection] = readLines(t, filepath.Join(name, collection+".jsonl"))
			}
			db["datasets"] = slices.DeleteFunc(db["datasets"], func(doc bson.D) bool { return get(doc, "version") != version }) // refused ones
			found = append(found, level{version: version, db: db})
		}
	}
	slices.SortStableFunc(found, func(a, b level) int {
		return dbmigrate.MustParseVersion(b.version).Compare(dbmigrate.MustParseVersion(a.version))
	})
	return found
}

// readLines reads documents, one a line. A file that is not there has none.
func readLines(t *testing.T, file string) []bson.D {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var docs []bson.D
	for line := range bytes.Lines(text) {
		var doc bson.D
		if err := bson.UnmarshalExtJSON(line, true, &doc); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

// TestLossesAreSaid takes parts of real datasets to another version and back: where
// the plans announce no loss, all that was there comes back.
func TestLossesAreSaid(t *testing.T) {
	law := lossLaw(levels(t))
	rounds := uint64(3_000)
	if testing.Short() {
		rounds = 800
	}
	quiet := 0
	for seed := range rounds {
		if law(t, seed) {
			quiet++
		}
	}
	t.Logf("%d of %d without loss", quiet, rounds)
}

// needless is what may go without a word: notes of newer versions on fields that
// every sample has, settings that say what is so without them or that no later
// version has, and a group of the app's sidebar that 0.20.0 made part of another.
var needless = regexp.MustCompile(`^/(sample|frame)_fields/(id|frame_number|_sample_id)/(read_only|created_at|_cls): ` +
	`|^/app_config/(media_fallback|disable_frame_filtering): bool false|^/app_config/dynamic_groups_target_frame_rate: int32 30|^/app_config/sidebar_mode: ` +
	`|^/(app_config/sidebar_groups|app_sidebar_groups)/label tags/`)

// lossLaw makes the law for datasets cut out of levels, going from one to another
// and back. It reports whether there was no loss.
func lossLaw(all []level) func(t *testing.T, seed uint64) bool {
	return func(t *testing.T, seed uint64) bool {
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's
		at := random.IntN(len(all) - 1)
		to := at + random.IntN(3) - 1 // to a neighbour, or anywhere
		if to < 0 || to == at {
			to = random.IntN(len(all))
		}
		l, datasets := all[at], all[at].db["datasets"]
		doc := cut(random, datasets[random.IntN(len(datasets))])
		db := maps.Clone(l.db)
		there, err := revisions.Datasets().Plan(t.Context(), db, doc, all[to].version, dbmigrate.Env{Now: now})
		var refusal *dbmigrate.RefusalError
		if errors.As(err, &refusal) {
			return false
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		carryOut(db, there)
		back, err := revisions.Datasets().Plan(t.Context(), db, there.After, l.version, dbmigrate.Env{Now: now})
		if err != nil {
			t.Fatalf("seed %d: from %s to %s, and back: %v", seed, l.version, all[to].version, err)
		}
		carryOut(db, back)
		if len(there.Losses) > 0 || len(back.Losses) > 0 {
			return false
		}
		after := essence(back.After, db)
		if len(there.Warnings) > 0 { // which say so where it is renamed
			after = append(after, essence(bson.D{{Key: "name", Value: get(doc, "name")}}, db)...)
		}
		for i, line := range after {
			after[i] = oneName(line)
		}
		for _, line := range essence(doc, l.db) {
			if !slices.Contains(after, oneName(line)) && !needless.MatchString(line) {
				t.Errorf("seed %d: %q from %s to %s and back lost without a word %s", seed, get(doc, "name"), l.version, all[to].version, line)
			}
		}
		return true
	}
}

// oneName gives the class of embedded documents the name that it has from 0.16.0 on:
// FiftyOne's own way down leaves this one where older versions have another.
func oneName(line string) string {
	return strings.Replace(line, "fiftyone.core.odm.document.", "fiftyone.core.odm.embedded_document.", 1)
}

// cut empties most of what may be empty in a dataset.
func cut(random *rand.Rand, doc bson.D) bson.D {
	cut := bson.D{}
	for _, e := range doc {
		switch v := e.Value.(type) {
		case bson.A:
			kept := bson.A{}
			for _, item := range v {
				if inner, isDoc := item.(bson.D); isDoc && random.IntN(2) == 0 {
					kept = append(kept, cutField(random, inner))
				}
			}
			e.Value = kept
		case bson.D:
			if random.IntN(4) > 0 {
				e.Value = bson.D{}
			} else {
				e.Value = cutDoc(random, v)
			}
		default:
			if random.IntN(4) > 0 && !slices.Contains([]string{"_id", "name", "slug", "version", "sample_collection_name", "frame_collection_name", "media_type", "persistent"}, e.Key) {
				e.Value = nil
			}
		}
		cut = append(cut, e)
	}
	return cut
}

// cutField blanks what describes a field.
func cutField(random *rand.Rand, field bson.D) bson.D {
	field = slices.Clone(field)
	for i, e := range field {
		if random.IntN(4) > 0 && slices.Contains([]string{"description", "info"}, e.Key) {
			field[i].Value = nil
		}
		if random.IntN(4) > 0 && e.Key == "fields" {
			field[i].Value = bson.A{}
		}
	}
	return field
}

// cutDoc drops some entries of a map.
func cutDoc(random *rand.Rand, doc bson.D) bson.D {
	var kept bson.D
	for _, e := range doc {
		if random.IntN(2) == 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// carryOut does to a database in memory what a plan does to runs and results.
func carryOut(db dbmigrate.Memory, plan *dbmigrate.Plan) {
	for _, op := range slices.Concat(plan.Ops, plan.Last) {
		switch op := op.(type) {
		case dbmigrate.Put:
			db[op.Collection] = append(without(db[op.Collection], get(op.Doc, "_id")), op.Doc)
		case dbmigrate.Delete:
			db[op.Collection] = without(db[op.Collection], op.IDs...)
		case dbmigrate.CopyResult:
			for _, key := range []string{"_id", "files_id"} {
				collection := map[string]string{"_id": "fs.files", "files_id": "fs.chunks"}[key]
				for _, doc := range db[collection] {
					if get(doc, key) == op.From {
						copied := slices.Clone(doc)
						set(&copied, key, op.To)
						db[collection] = append(slices.Clone(db[collection]), copied)
					}
				}
			}
		}
	}
}

func without(docs []bson.D, ids ...any) []bson.D {
	return slices.DeleteFunc(slices.Clone(docs), func(doc bson.D) bool {
		return slices.ContainsFunc(ids, func(id any) bool { return dbmigrate.IDKey(id) == dbmigrate.IDKey(get(doc, "_id")) })
	})
}

// essence is a dataset with its runs as lines "path: value", without what is empty,
// since no version tells an empty list from none.
func essence(doc bson.D, db dbmigrate.Memory) []string {
	doc = slices.Clone(doc)
	for _, key := range []string{"annotation_runs", "brain_methods", "evaluations", "runs"} {
		entries, _ := get(doc, key).(bson.D)
		whole := bson.D{}
		for _, e := range entries {
			for _, run := range db["runs"] {
				if dbmigrate.IDKey(get(run, "_id")) == dbmigrate.IDKey(e.Value) {
					e.Value = run
				}
			}
			if run, isDoc := e.Value.(bson.D); isDoc {
				e.Value = lasting(run, db)
			}
			whole = append(whole, e)
		}
		set(&doc, key, whole)
	}
	var lines []string
	var list func(path string, value any)
	list = func(path string, value any) {
		switch v := value.(type) {
		case nil:
		case bson.D:
			for _, e := range v {
				list(path+"/"+e.Key, e.Value)
			}
		case bson.A:
			for i, item := range v {
				key := strconv.Itoa(i)
				if inner, isDoc := item.(bson.D); isDoc && get(inner, "name") != nil {
					key = fmt.Sprint(get(inner, "name")) // of a field or group
				}
				list(path+"/"+key, item)
			}
		default:
			lines = append(lines, fmt.Sprintf("%s: %T %v", path, v, v))
		}
	}
	list("", doc)
	slices.Sort(lines)
	return lines
}

// lasting is a run without ids that become others: its own, and that of a file.
func lasting(run bson.D, db dbmigrate.Memory) bson.D {
	run = slices.Clone(run)
	set(&run, "_id", nil)
	if slices.ContainsFunc(db["fs.files"], func(file bson.D) bool { return get(file, "_id") == get(run, "results") }) {
		set(&run, "results", "a file")
	}
	return run
}

func get(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

func set(doc *bson.D, key string, value any) {
	for i := range *doc {
		if (*doc)[i].Key == key {
			(*doc)[i].Value = value
			return
		}
	}
	*doc = append(*doc, bson.E{Key: key, Value: value})
}
