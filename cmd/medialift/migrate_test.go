package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/internal/mongotest"
)

// migrating makes a database that FiftyOne wrote, and a tool that works on it.
func migrating(t *testing.T, dump string, env ...string) (*mongo.Database, tool) {
	t.Helper()
	db := mongotest.Database(t)
	dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst")
	mongotest.Read(t, filepath.Join(dir, dump)).Restore(t, db)
	return db, newTool(t, append([]string{
		"FIFTYONE_DATABASE_URI=" + mongotest.URI(t), "FIFTYONE_DATABASE_NAME=" + db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH=" + filepath.Join(dir, "none"), "HOME=" + t.TempDir(), "FIFTYONE_DATABASE_ADMIN=",
	}, env...)...)
}

// same compares what a database holds with a dump, but for generated ids and times.
func same(t *testing.T, before mongotest.Dump, db *mongo.Database, want mongotest.Dump) {
	t.Helper()
	got := mongotest.Take(t, db)
	for name := range got {
		if strings.HasPrefix(name, "medialift") {
			t.Errorf("%s is left", name)
		}
	}
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, d := range migratetest.Compare(before, got, want, time.Time{}, since) {
		t.Errorf("%s", d)
	}
}

// unchanged runs a command that must leave a database as it was before.
func unchanged(t *testing.T, db *mongo.Database, before mongotest.Dump, m tool, code int, args ...string) document {
	t.Helper()
	doc := m.run(code, args...)
	same(t, before, db, before)
	return doc
}

func TestMigrateRefusals(t *testing.T) {
	if testing.Short() {
		t.Skip("a dozen runs on a rich database: not in short mode")
	}
	db, m := migrating(t, "walk/down/1.22.1")
	before := mongotest.Take(t, db)
	with := func(setting string) tool { return tool{m.t, m.state, append(m.env[:len(m.env):len(m.env)], setting)} }
	for _, c := range []struct {
		env, mention string
		code         int
		args         []string
	}{
		{"FIFTYONE_DATABASE_ADMIN=false", "Cannot migrate database from v1.22.1 to v1.0.0 when database_admin=False", exitRefused, []string{"--all", "-v", "1.0.0"}},
		{"FIFTYONE_DATABASE_ADMIN=on", "database_admin=False", exitRefused, []string{"-n", "oracle-images", "-v", "1.0.0"}},
		{"FIFTYONE_DISABLE_MIGRATIONS=", "disables migrations", exitRefused, []string{"--all"}},
		{"", "deletes data", exitRefused, []string{"--all", "-v", "0.18.0"}},
		{"", "99.0", exitRefused, []string{"-v", "99.0"}},
		{"", "1.5.10", exitUsage, []string{"--to-enterprise", "1.5"}},
		{"", "-1", exitUsage, []string{"-v", "-1"}},
		{"", "no arguments", exitUsage, []string{"oracle-images"}},
		{"", "nope", exitRefused, []string{"-n", "nope"}},
		{"", "nope", exitRefused, []string{"-n", "nope", "--dry-run"}},
		{"", "nope", exitRefused, []string{"--repair", "-n", "nope"}},
		{"", "nope", exitRefused, []string{"--abandon", "-n", "nope"}},
		{"", "takes no version", exitUsage, []string{"--abandon", "-v", "1.0.0"}},
		{"", "", exitDone, []string{"--abandon"}},
		{"", "unusable backup", exitRefused, []string{"--restore", t.TempDir()}},
		{"FIFTYONE_DATABASE_ADMIN=false", "", exitDone, []string{"--info"}},
		{"FIFTYONE_DATABASE_ADMIN=false", "", exitDone, []string{"--all"}}, // there already
		{"", "", exitDone, []string{"--all", "-v", "0.6.5", "--dry-run"}},
	} {
		doc := unchanged(t, db, before, with(c.env), c.code, append([]string{"migrate"}, c.args...)...)
		text := doc.Error
		for _, p := range doc.Problems {
			text += "\n" + p.ID
		}
		if !strings.Contains(text, c.mention) || c.code != exitDone && doc.Hint == "" {
			t.Errorf("%s %v: %q, hint %q", c.env, c.args, text, doc.Hint)
		}
	}
}

// A database of an Enterprise deployment is only moved where one says, and stays one.
func TestMigrateEnterprise(t *testing.T) {
	if testing.Short() {
		t.Skip("moves a rich database: not in short mode")
	}
	db, m := migrating(t, "walk/down/1.22.1", "FIFTYONE_DATABASE_ADMIN=true")
	if _, err := db.Collection("config").UpdateOne(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "type", Value: "fiftyone-teams"}}}}); err != nil {
		t.Fatal(err)
	}
	if doc := unchanged(t, db, mongotest.Take(t, db), m, exitRefused, "migrate", "--all"); !strings.Contains(doc.Error, "fiftyone-teams") {
		t.Error(doc.Error)
	}
	m.run(exitDone, "migrate", "--all", "--to-enterprise", "0.10.0", "--yes")
	var config struct{ Version, Type string }
	if err := db.Collection("config").FindOne(t.Context(), bson.D{}).Decode(&config); err != nil || config.Version != "0.18.0" || config.Type != "fiftyone-teams" {
		t.Errorf("%+v, %v", config, err)
	}
	no := tool{m.t, m.state, append(m.env[:len(m.env):len(m.env)], "FIFTYONE_DATABASE_ADMIN=")}
	if doc := unchanged(t, db, mongotest.Take(t, db), no, exitRefused, "migrate", "-v", "1.0.0"); !strings.Contains(doc.Error, "database_admin=False") {
		t.Error(doc.Error)
	}
}

// Down and up again, as FiftyOne itself went.
func TestMigrateThereAndBack(t *testing.T) {
	if testing.Short() {
		t.Skip("moves a rich database three times: not in short mode")
	}
	dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst")
	before := mongotest.Read(t, filepath.Join(dir, "walk/down/1.22.1"))
	db, m := migrating(t, "walk/down/1.22.1")
	m.run(exitDone, "migrate", "--all", "-v", "0.18.0", "--yes", "--backup", filepath.Join(m.state, "backup"))
	// FiftyOne leaves what 0.18.0 can't open: revisions' own tests compare that.
	fits := regexp.MustCompile(`/sample_fields|/instance$|/orthographic_projection_metadata$|/metadata/_cls$|/brain_methods/\w+/results$|^fs\.`)
	want := mongotest.Read(t, filepath.Join(dir, "walk/down/0.18.0"))
	for _, d := range migratetest.Compare(before, mongotest.Take(t, db), want, time.Time{}, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		if !fits.MatchString(d.Path) {
			t.Errorf("%s", d)
		}
	}
	m.run(exitDone, "migrate", "--restore", filepath.Join(m.state, "backup"))
	same(t, before, db, before)
	if doc := m.run(exitDone, "migrate", "--all", "--json"); doc.Counts.Rewritten != 0 {
		t.Errorf("after the restore there were %d to migrate", doc.Counts.Rewritten)
	}
}

// many makes n datasets of a few samples, of FiftyOne 0.19.
func many(t *testing.T, db *mongo.Database, n int) {
	t.Helper()
	field := func(name, ftype string) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields." + ftype}, {Key: "embedded_doc_type", Value: nil},
			{Key: "subfield", Value: nil}, {Key: "fields", Value: bson.A{}}, {Key: "db_field", Value: name}, {Key: "description", Value: nil}, {Key: "info", Value: nil}}
	}
	if _, err := db.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: "0.19.1"}, {Key: "type", Value: "fiftyone"}}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		id := bson.NewObjectID()
		samples := "samples." + id.Hex()
		run := bson.NewObjectID()
		docs := []any{}
		for j := range 6 {
			docs = append(docs, bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: fmt.Sprintf("/data/%d/%d.jpg", i, j)}})
		}
		name := fmt.Sprintf("dataset-%03d", i)
		for collection, list := range map[string][]any{
			samples: docs,
			"runs": {bson.D{{Key: "_id", Value: run}, {Key: "_dataset_id", Value: id}, {Key: "key", Value: "sim"}, {Key: "results", Value: nil},
				{Key: "config", Value: bson.D{{Key: "cls", Value: "fiftyone.brain.similarity.SimilarityConfig"}, {Key: "method", Value: "similarity"}}}}},
			"datasets": {bson.D{{Key: "_id", Value: id}, {Key: "name", Value: name}, {Key: "slug", Value: name}, {Key: "version", Value: "0.19.1"},
				{Key: "sample_collection_name", Value: samples}, {Key: "media_type", Value: "image"}, {Key: "app_config", Value: bson.D{}},
				{Key: "sample_fields", Value: bson.A{field("filepath", "StringField")}}, {Key: "frame_fields", Value: bson.A{}},
				{Key: "brain_methods", Value: bson.D{{Key: "sim", Value: run}}}, {Key: "saved_views", Value: bson.A{}}}},
		} {
			if _, err := db.Collection(collection).InsertMany(t.Context(), list); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKilledMigrations kills the real binary with SIGKILL at random moments: at any of
// them every dataset's document is old or new, and the next run finishes.
func TestKilledMigrations(t *testing.T) {
	datasets, trials := 200, *killsFlag+5
	if testing.Short() {
		t.Skip("kills migrations: not in short mode")
	}
	t.Parallel()
	db, m := migrating(t, "edges/config_missing/before")
	if err := db.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	many(t, db, datasets)
	before := mongotest.Take(t, db)
	m.run(exitDone, "version") // which builds the binary
	began := time.Now()
	m.run(exitDone, "migrate", "--all")
	whole := time.Since(began)
	want := mongotest.Take(t, db)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %v undisturbed", seed, whole)
	random := rand.New(rand.NewPCG(seed, 0))
	if err := db.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	before.Restore(t, db)
	killed := 0
	for n := 0; killed < trials; n++ {
		if n == 8*trials {
			t.Fatalf("only %d of %d runs were still at work when killed", killed, n)
		}
		cmd := m.command("migrate", "--all", "--steal-lock")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(whole))))
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
			continue
		}
		// It is through, in the last of one or several tries: from the start again.
		same(t, before, db, want)
		if err := db.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		before.Restore(t, db)
	}
	m.run(exitDone, "migrate", "--all", "--steal-lock")
	same(t, before, db, want)
}

// stoppedAtWork starts a migration and stops it while it holds its lease;
// nil if it was too quick to be seen doing so.
func stoppedAtWork(t *testing.T, db *mongo.Database, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	leased := func() bool {
		n, err := db.Collection("medialift.locks").CountDocuments(t.Context(), bson.D{{Key: "asking", Value: false}})
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
	done := func() bool { // ended: it remains to be waited for
		n, err := db.Collection("datasets").CountDocuments(t.Context(), bson.D{{Key: "version", Value: "0.19.1"}})
		return err != nil || n == 0
	}
	through := false
	waitFor(t, "the lease", func() bool {
		for range 10 {
			if leased() {
				return true
			}
		}
		through = done()
		return through
	})
	if through {
		_ = cmd.Wait()
		return nil
	}
	if err := pause(cmd.Process); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // what it has sent the server arrives
	if leased() {
		return cmd
	}
	_ = resume(cmd.Process)
	_ = cmd.Wait()
	return nil
}

// Of two at once one migrates, and the other says who does.
func TestMigrateTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("migrates 300 datasets: not in short mode")
	}
	db, m := migrating(t, "edges/config_missing/before")
	var first *exec.Cmd
	for n := 0; first == nil; n++ {
		if n == 20 {
			t.Fatal("none of 20 runs was stopped while it held its lease")
		}
		if err := db.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		many(t, db, 300)
		first = stoppedAtWork(t, db, m.command("migrate", "--all"))
	}
	defer func() { _ = first.Process.Kill() }() // should it be stopped still
	doc := m.run(exitLocked, "migrate", "--all")
	// Nor does a copy of its state folder, as a cloned machine has it, make one its heir.
	m.copy(os.DirFS(m.state)).run(exitLocked, "migrate", "--all")
	if err := resume(first.Process); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if !strings.Contains(doc.Error, fmt.Sprintf("process %d on %s", first.Process.Pid, host)) {
		t.Error(doc.Error)
	}
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	if doc := m.run(exitDone, "migrate", "--all"); doc.Counts.Rewritten != 0 {
		t.Errorf("the first left %d", doc.Counts.Rewritten)
	}
}

// Commands that write to databases and those that migrate them know the same versions.
func TestMigrateKnowsTheSameVersions(t *testing.T) {
	if mongostore.Newest != revisions.Newest {
		t.Errorf("datasets are known up to %s, migrations up to %s", mongostore.Newest, revisions.Newest)
	}
}
