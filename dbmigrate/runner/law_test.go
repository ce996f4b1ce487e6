package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
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

// TestLaw takes datasets from version to version in random sequences, in which servers
// fail, users give up, edit, finish, back up and restore. After every step, what nobody
// asked about is as it was; and whenever nothing is unfinished, all is as in a second
// database in which nothing ever failed.
func TestLaw(t *testing.T) {
	n := *trialsFlag
	if n == 0 {
		n = 3
	}
	f := newFaulty(t, mongotest.Dump{})
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	starts := []string{"walk/down/1.22.1", "old/0.16.6/before", "edges/down_0_7_2/before", "edges/up_0_6_2/before", "walk/down/0.18.0"}
	dumps := golden(t, starts...)
	seeds := []uint64{17, 1116} // which found faults once
	if *trialsFlag > 0 {
		seeds = nil
	}
	for i := range n {
		seeds = append(seeds, seed+uint64(i)) //nolint:gosec // a count
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			k := random.IntN(len(dumps))
			t.Logf("-seed %d -trials 1: from %s", seed, starts[k])
			newTrial(t, f, dumps[k], random).run(12)
		})
	}
}

// A trial is one sequence.
type trial struct {
	*faulty
	random *rand.Rand
	start  mongotest.Dump
	// calm is the database in which nothing fails.
	calm  *mongo.Database
	other *runner.Runner
	dirs  map[string]string // backups: those of calm by those of db
	ids   []any
	// ahead are those that calm has taken already what is unfinished in db, edited those
	// that were edited since nothing was unfinished.
	ahead, edited map[string]bool
	log           []string
}

func newTrial(t *testing.T, f *faulty, dump mongotest.Dump, random *rand.Rand) *trial {
	client := f.db.Client()
	tr := &trial{faulty: &faulty{t: t, db: client.Database("stormy")}, random: random, calm: client.Database("calm"), dirs: map[string]string{}, ahead: map[string]bool{}, edited: map[string]bool{}}
	tr.r, tr.other = runner.New(tr.db, revisions.Datasets(), revisions.Database()), runner.New(tr.calm, revisions.Datasets(), revisions.Database())
	tr.start = maps.Clone(dump)
	chosen := slices.Clone(dump["datasets"].Docs)
	random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	chosen = chosen[:min(4, len(chosen))]
	for _, doc := range chosen {
		var id any
		if err := doc.Lookup("_id").Unmarshal(&id); err != nil {
			t.Fatal(err)
		}
		tr.ids = append(tr.ids, id)
	}
	datasets := *dump["datasets"]
	datasets.Docs = chosen
	tr.start["datasets"] = &datasets
	tr.start.Restore(t, tr.db)
	tr.start.Restore(t, tr.calm)
	return tr
}

func (tr *trial) run(steps int) {
	defer func() {
		if tr.t.Failed() {
			tr.t.Logf("steps:\n%s", strings.Join(tr.log, "\n"))
		}
	}()
	for n := range steps {
		switch p := tr.random.IntN(10); {
		case n == steps-1:
			tr.migrate(true)
		case p < 6:
			tr.migrate(false)
		case p < 7:
			tr.abandon()
		case p < 9:
			tr.edit()
		default:
			tr.restore()
		}
		tr.settled()
		if tr.t.Failed() {
			return
		}
	}
}

func (tr *trial) say(format string, args ...any) {
	tr.log = append(tr.log, fmt.Sprintf(format, args...))
}

// targets are versions to go to.
func targets() []string {
	return []string{"0.6.1", "0.6.5", "0.7.2", "0.9.4", "0.16.6", "0.17.0", "0.18.0", "0.19.1", "0.20.0", "0.23.8", "1.0.2", "1.22.1"}
}

// migrate takes some datasets somewhere, and is mostly stopped on the way.
func (tr *trial) migrate(through bool) {
	to := targets()[tr.random.IntN(len(targets()))]
	asked := slices.DeleteFunc(slices.Clone(tr.ids), func(any) bool { return !through && tr.random.IntN(3) == 0 })
	names := tr.names(tr.db, asked)
	opts := runner.Options{Workers: 1 + tr.random.IntN(2), StealLease: true, Now: now}
	opts.Finish = func(u runner.Unfinished) bool { return tr.has(asked, u.ID) }
	agreed := through || tr.random.IntN(4) > 0
	if !agreed {
		opts.Agree = lossy
	}
	dir := ""
	if !through && tr.random.IntN(2) == 0 {
		dir = tr.t.TempDir()
		opts.BackupDir, tr.dirs[dir] = dir, tr.t.TempDir()
	}
	opts.Applied = func(_ context.Context, plan *dbmigrate.Plan) error {
		if !agreed && len(plan.Losses) > 0 {
			tr.t.Errorf("%s lost %v, to which nobody agreed", plan.Name, plan.Losses)
		}
		return nil
	}
	before := tr.closures(tr.ids)
	fault := "none"
	if !through {
		fault = tr.fault()
	}
	watched := tr.watch(&opts)
	report, err := tr.r.Apply(tr.t.Context(), tr.r.Plans(tr.t.Context(), runner.Target{Version: to, Names: names, Now: now}), opts)
	tr.heal()
	tr.say("migrate %v to %s, agreed %v, backup %q, fault %s: %+v, %v", names, to, agreed, filepath.Base(dir), fault, report, err)
	if err != nil && fault == "none" {
		tr.t.Error(err)
	}
	tr.replay(*watched)
	tr.untouched(before, asked)
	for _, failure := range report.Failures {
		if changed, ok := errors.AsType[*runner.ChangedError](failure.Err); ok && !changed.Begun && fault == "none" && len(tr.edited) == 0 {
			tr.t.Errorf("nobody changed %q: %v", failure.Dataset, failure.Err)
		}
	}
}

// fault makes the server fail some commands, or say so of what it has done.
func (tr *trial) fault() string {
	if tr.random.IntN(4) == 0 {
		return "none"
	}
	names, err := tr.db.ListCollectionNames(tr.t.Context(), bson.D{})
	if err != nil {
		tr.t.Fatal(err)
	}
	slices.Sort(names)
	collection := []string{"datasets", "datasets", "runs", "fs.files", "medialift_migrations", "medialift_migrations", names[tr.random.IntN(len(names))]}[tr.random.IntN(7)]
	data := bson.D{
		{Key: "failCommands", Value: bson.A{"update", "insert", "delete", "aggregate", "drop", "dropIndexes"}},
		{Key: "namespace", Value: tr.db.Name() + "." + collection},
	}
	how := bson.E{Key: "errorCode", Value: 2}
	if tr.random.IntN(3) == 0 {
		how = bson.E{Key: "writeConcernError", Value: bson.D{{Key: "code", Value: 64}, {Key: "errmsg", Value: "done, and not confirmed"}}}
	}
	skip := tr.random.IntN(5)
	tr.point(bson.D{{Key: "skip", Value: skip}}, append(data, how))
	return fmt.Sprintf("%s of %s from %d on", how.Key, collection, skip)
}

// passed is a migration that got to its end.
type passed struct {
	id     any
	to     string
	backup string
}

// watch collects what was applied.
func (tr *trial) watch(opts *runner.Options) *[]passed {
	var list []passed
	check, dir := opts.Applied, opts.BackupDir
	left, err := tr.r.Unfinished(tr.t.Context())
	if err != nil {
		tr.t.Fatal(err)
	}
	seen := map[string]bool{}
	opts.Applied = func(ctx context.Context, plan *dbmigrate.Plan) error {
		backup := dir
		for _, u := range left {
			if key := dbmigrate.IDKey(u.ID); key == dbmigrate.IDKey(plan.ID) && !seen[key] && backup == "" && u.Backup != "" {
				backup, seen[key] = filepath.Dir(u.Backup), true
			}
		}
		list = append(list, passed{plan.ID, plan.To, backup})
		return check(ctx, plan)
	}
	opts.Workers = 1
	return &list
}

// replay does in the calm database what was done in the other.
func (tr *trial) replay(list []passed) {
	for _, p := range list {
		key := dbmigrate.IDKey(p.id)
		if !tr.ahead[key] {
			tr.follow(p.id, p.to, p.backup)
		}
		delete(tr.ahead, key)
	}
	for _, u := range tr.unfinished() { // applied, and still in the journal
		if slices.ContainsFunc(list, func(p passed) bool { return dbmigrate.IDKey(p.id) == dbmigrate.IDKey(u.ID) && p.to == u.To }) {
			tr.ahead[dbmigrate.IDKey(u.ID)] = true
		}
	}
}

func (tr *trial) follow(id any, to, backup string) {
	names := tr.names(tr.calm, []any{id})
	opts := runner.Options{}
	if backup != "" {
		opts.BackupDir = tr.dirs[backup]
	}
	report, err := tr.other.Apply(tr.t.Context(), tr.other.Plans(tr.t.Context(), runner.Target{Version: to, Names: names, Now: now}), opts)
	if err != nil || len(report.Failures) > 0 {
		tr.t.Errorf("%v to %s in the calm database: %+v, %v", names, to, report, err)
	}
}

func (tr *trial) abandon() {
	asked := slices.DeleteFunc(slices.Clone(tr.ids), func(any) bool { return tr.random.IntN(3) == 0 })
	before := tr.closures(tr.ids)
	done, err := tr.r.Abandon(tr.t.Context(), func(u runner.Unfinished) bool { return tr.has(asked, u.ID) }, runner.Options{StealLease: true})
	tr.say("abandon %v: %d dropped, %d kept, %v", tr.names(tr.db, asked), len(done.Dropped), len(done.Kept), err)
	if err != nil {
		tr.t.Error(err)
	}
	tr.untouched(before, asked)
}

// edit does what a user of FiftyOne does: edits a dataset, in both databases.
func (tr *trial) edit() {
	id := tr.ids[tr.random.IntN(len(tr.ids))]
	version := tr.version(tr.db, id)
	if version != tr.version(tr.calm, id) { // what was stopped after the document stood
		u, err := tr.r.Unfinished(tr.t.Context())
		if err != nil {
			tr.t.Fatal(err)
		}
		for _, u := range u {
			if dbmigrate.IDKey(u.ID) != dbmigrate.IDKey(id) {
				continue
			}
			backup := ""
			if u.Backup != "" {
				backup = filepath.Dir(u.Backup)
			}
			if !tr.ahead[dbmigrate.IDKey(id)] {
				tr.follow(id, u.To, backup)
			}
			tr.ahead[dbmigrate.IDKey(id)] = true
		}
	}
	tr.edited[dbmigrate.IDKey(id)] = true
	change := bson.D{{Key: "$set", Value: bson.D{{Key: "info", Value: bson.D{{Key: "edit", Value: tr.random.Int32()}}}}}}
	for _, db := range []*mongo.Database{tr.db, tr.calm} {
		if _, err := db.Collection("datasets").UpdateOne(tr.t.Context(), bson.D{{Key: "_id", Value: id}}, change); err != nil {
			tr.t.Fatal(err)
		}
	}
	tr.say("edit %v", tr.names(tr.db, []any{id}))
}

// restore takes back a backup, where nothing is unfinished.
func (tr *trial) restore() {
	dirs := slices.Sorted(maps.Keys(tr.dirs))
	if len(dirs) == 0 || len(tr.unfinished()) > 0 {
		return
	}
	dir := dirs[tr.random.IntN(len(dirs))]
	got, errGot := tr.r.Restore(tr.t.Context(), dir, runner.Options{StealLease: true})
	want, errWant := tr.other.Restore(tr.t.Context(), tr.dirs[dir], runner.Options{})
	tr.say("restore %s: %+v, %v; calm: %+v, %v", filepath.Base(dir), got, errGot, want, errWant)
	if errors.Is(errGot, runner.ErrBackup) && errors.Is(errWant, runner.ErrBackup) {
		return // nothing was backed up there
	}
	if errGot != nil || errWant != nil && !errors.Is(errWant, runner.ErrBackup) || got.Datasets != want.Datasets {
		tr.t.Errorf("restored %+v, %v; in the calm database %+v, %v", got, errGot, want, errWant)
	}
}

// settled compares the two databases once nothing is unfinished.
func (tr *trial) settled() {
	if len(tr.unfinished()) > 0 {
		return
	}
	clear(tr.ahead)
	clear(tr.edited)
	got, want := mongotest.Take(tr.t, tr.db), mongotest.Take(tr.t, tr.calm)
	for _, dump := range []mongotest.Dump{got, want} {
		for name, c := range dump {
			if strings.HasPrefix(name, "medialift") || len(c.Docs) == 0 && tr.start[name] == nil {
				delete(dump, name)
			}
		}
	}
	for i, d := range migratetest.Compare(tr.start, got, want, now, now.Add(-time.Hour)) {
		if i < 5 {
			tr.t.Errorf("%s", d)
		}
	}
}

// closures are all documents of datasets, by IDKey.
func (tr *trial) closures(ids []any) map[string][]byte {
	found := map[string][]byte{}
	for _, id := range ids {
		var all bytes.Buffer
		doc, err := tr.db.Collection("datasets").FindOne(tr.t.Context(), bson.D{{Key: "_id", Value: id}}).Raw()
		if err != nil {
			tr.t.Fatal(err)
		}
		all.Write(doc)
		samples, _ := doc.Lookup("sample_collection_name").StringValueOK()
		for collection, filter := range map[string]bson.D{
			samples: {}, "frames." + samples: {}, "runs": {{Key: "_dataset_id", Value: id}}, "views": {{Key: "_dataset_id", Value: id}}, "delegated_ops": {{Key: "dataset_id", Value: id}},
		} {
			cursor, err := tr.db.Collection(collection).Find(tr.t.Context(), filter)
			var docs []bson.Raw
			if err == nil {
				err = cursor.All(tr.t.Context(), &docs)
			}
			if err != nil {
				tr.t.Fatal(err)
			}
			sum := 0 // of documents in any order
			for _, doc := range docs {
				for i, b := range doc {
					sum += int(b) * (i + 1)
				}
			}
			found[dbmigrate.IDKey(id)+collection] = fmt.Append(nil, sum)
		}
		found[dbmigrate.IDKey(id)] = all.Bytes()
	}
	return found
}

// untouched compares the datasets that were not asked about with what they were.
func (tr *trial) untouched(before map[string][]byte, asked []any) {
	others := slices.DeleteFunc(slices.Clone(tr.ids), func(id any) bool { return tr.has(asked, id) })
	for key, was := range tr.closures(others) {
		if !bytes.Equal(was, before[key]) {
			tr.t.Errorf("%s has changed, of a dataset that nobody asked about", key)
		}
	}
}

func (tr *trial) has(ids []any, id any) bool {
	return slices.ContainsFunc(ids, func(other any) bool { return dbmigrate.IDKey(other) == dbmigrate.IDKey(id) })
}

func (tr *trial) names(db *mongo.Database, ids []any) []string {
	names := []string{}
	for _, id := range ids {
		var doc struct{ Name string }
		if err := db.Collection("datasets").FindOne(tr.t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&doc); err != nil {
			tr.t.Fatal(err)
		}
		names = append(names, doc.Name)
	}
	return names
}

func (tr *trial) version(db *mongo.Database, id any) any {
	var doc struct{ Version any }
	if err := db.Collection("datasets").FindOne(tr.t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&doc); err != nil {
		tr.t.Fatal(err)
	}
	return doc.Version
}
