package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/report"
)

// nasty is a name that would take over a terminal: a title, a cleared screen, turned
// text, characters of no width, line separators, and a line that looks like one of ours.
const nasty = "a\x1b]0;TITLE\x07\x1b[2J\u202eb\u200bc\u2028d\x7f\u009b2J\u2066\ufeff\rx\nmedialift: error: FORGED"

// A theatre is a database and an export in which everything that has a name has a
// nasty one.
type theatre struct {
	tool
	export, media, target string
	db                    *mongo.Database
}

func newTheatre(t *testing.T) theatre {
	t.Helper()
	db := mongotest.Database(t)
	top := t.TempDir()
	th := theatre{
		newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "FIFTYONE_DATABASE_ADMIN=true", "FIFTYONE_API_URI=", "HOME="+t.TempDir()),
		filepath.Join(top, nasty+" export"), filepath.Join(top, nasty+" media"), filepath.Join(top, nasty+" target"), db,
	}
	th.writeExport(exportWith(t, top, doc{"filepath": filepath.Join(th.media, nasty+".jpg"), "thumb": filepath.Join(th.media, "t", nasty)},
		doc{"filepath": filepath.Join(th.media, "2.jpg"), "thumb": filepath.Join(th.media, "none", nasty)}))
	if err := os.RemoveAll(filepath.Join(th.media, "none")); err != nil {
		t.Fatal(err)
	}
	th.run(exitDone, "import", th.export, "--create-database")
	th.spoil()
	return th
}

// writeExport gives an export its names.
func (th theatre) writeExport(made string) {
	th.t.Helper()
	if err := os.Rename(made, th.export); err != nil {
		th.t.Fatal(err)
	}
	file := filepath.Join(th.export, "metadata.json")
	text, err := os.ReadFile(file)
	if err != nil {
		th.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		th.t.Fatal(err)
	}
	m["name"] = nasty
	if text, err = json.Marshal(m); err != nil {
		th.t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		th.t.Fatal(err)
	}
}

// spoil gives the dataset in the database what no import would let in.
func (th theatre) spoil() {
	th.t.Helper()
	view, run := bson.NewObjectID(), bson.NewObjectID()
	key := strings.NewReplacer(".", "", "$", "").Replace(nasty)
	one := func(collection string, doc bson.D) {
		if _, err := th.db.Collection(collection).InsertOne(th.t.Context(), doc); err != nil {
			th.t.Fatal(err)
		}
	}
	one("views", bson.D{{Key: "_id", Value: view}, {Key: "name", Value: nasty}, {Key: "slug", Value: "a"}, {Key: "view_stages", Value: bson.A{}}})
	one("runs", bson.D{{Key: "_id", Value: run}, {Key: "key", Value: nasty}})
	field := bson.D{{Key: "name", Value: nasty}, {Key: "db_field", Value: "thumb"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
	_, err := th.db.Collection("datasets").UpdateOne(th.t.Context(), bson.D{{Key: "name", Value: nasty}}, bson.D{
		{Key: "$set", Value: bson.D{{Key: "saved_views", Value: bson.A{view}}, {Key: "brain_methods", Value: bson.D{{Key: key, Value: run}}},
			{Key: "tags", Value: bson.A{nasty}}, {Key: "info", Value: bson.D{{Key: key, Value: nasty}}}}},
		{Key: "$push", Value: bson.D{{Key: "sample_fields", Value: field}, {Key: "app_config.media_fields", Value: nasty}}},
	})
	if err != nil {
		th.t.Fatal(err)
	}
	one("datasets", bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "name", Value: nasty + " 2"}, {Key: "slug", Value: "b"}, {Key: "version", Value: nasty},
		{Key: "media_type", Value: nasty}, {Key: "sample_collection_name", Value: "samples.x"}, {Key: "sample_fields", Value: bson.A{}}, {Key: "app_config", Value: bson.D{}}})
}

// watch runs a command and looks at what a terminal would get.
func (th theatre) watch(args ...string) string {
	th.t.Helper()
	cmd := th.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // many are refused
	for where, text := range map[string]string{"stdout": stdout.String(), "stderr": stderr.String()} {
		for line := range strings.SplitSeq(text, "\n") {
			plain := strings.ReplaceAll(line, "\t", "")
			if report.Visible(plain) != plain {
				th.t.Errorf("%q: %s: %q", args, where, line)
			}
			if strings.HasPrefix(line, "medialift: error: FORGED") {
				th.t.Errorf("%q: %s has a line of somebody else's", args, where)
			}
		}
	}
	return stdout.String()
}

// TestNothingReachesTheTerminal has every command work on nasty names, for people
// and for programs. The names are exact in JSON.
func TestNothingReachesTheTerminal(t *testing.T) {
	th := newTheatre(t)
	name, file := "db:"+nasty, "file://"+th.target
	to := []string{"--to-uri", mongotest.URI(t), "--to-database-name", th.db.Name()}
	lines := map[string][][]string{
		"info":   {{}, {name}, {name + " 2"}, {th.export}, {"db:" + nasty + "!"}, {th.export + "!"}, {name, "--media-field", nasty}},
		"export": {{nasty, th.media + " out"}, {nasty, th.media + " out", "--export-media"}, {nasty, th.export}, {nasty, th.export, "--overwrite"}, {nasty + "!", "x/y"}},
		"import": {{th.export}, {th.export, "--name", nasty + " 3"}, {th.export, "--map", "prefix:" + th.media + "=s3://x/" + nasty, "--name", nasty + " 4"}, {th.export, "--rel-dir", nasty}},
		"upload": {
			{th.export, th.target}, {th.export, th.target, "--missing", "keep"}, {th.export, th.target, "--missing", "keep", "--update-filepaths"},
			{th.export, th.target, "--missing", "keep", "--layout", "flat"}, {name, th.target, "--dry-run"}, {name, file}, {th.export, "s3://" + nasty}, {th.export, th.target + "/{dataset}"},
			{th.export, th.target, "--remote-dir", nasty}, {th.export, th.target, "--media-field", nasty}, {name, th.target, "--view", nasty}, {name, th.target, "--tag", nasty},
			{"--all", th.target + "/{dataset}"}, {th.export, "s3://media/x", "--endpoint-url", nasty},
		},
		"rewrite": {{th.export, "--map", "prefix:" + th.media + "=s3://x/" + nasty, "--dry-run"}, {name, "--map", "prefix:/none=s3://x"}, {name, "--map", nasty},
			{name, "--map", "prefix:" + th.media + "=" + nasty}, {name, "--map", "table:" + nasty}, {name, "--map", "prefix:" + th.media + "=" + th.target, "--check"}},
		"verify":  {{th.export}, {name}, {th.export, "--source"}, {"--all"}},
		"lift":    {append([]string{th.export, th.target, "--name", nasty + " 5"}, to...), append([]string{name, th.target}, to...), append([]string{th.export, th.target, "--missing", "keep", "--name", nasty + " 6"}, to...)},
		"doctor":  {{th.target}, {"s3://" + nasty}, {}},
		"runs":    {{}, {nasty}, {"prune", "--older", nasty}, {"--state", nasty}},
		"undo":    {{nasty}},
		"clean":   {{th.export, "--dry-run"}, {th.media}},
		"migrate": {{"--info"}, {"--info", "-n", nasty}, {"--all", "--dry-run"}, {"--all", "-v", "0.20.0", "--dry-run"}, {"-v", nasty}, {"--all", "-v", "0.17.0"}},
		"version": {{}}, "versions": {{}, {nasty}, {"1.4.5"}},
	}
	lines["completion"] = [][]string{{"bash"}}
	for _, command := range newRoot(&app{ui: newUI(os.Stdout, os.Stderr)}).Commands() {
		if command.Runnable() && len(lines[command.Name()]) == 0 {
			t.Errorf("%s is not tried: give it a line here", command.Name())
		}
		for _, args := range lines[command.Name()] {
			args = append([]string{command.Name()}, args...)
			th.watch(args...)
			if command.Name() == "completion" {
				continue
			}
			if text := th.watch(append(args, "--json")...); !json.Valid([]byte(text)) {
				t.Errorf("%q: not JSON: %s", args, text)
			}
		}
	}
	for _, run := range th.runs() {
		for _, args := range [][]string{{"runs", run}, {"runs", run, "--rows", "changed"}, {"runs", run, "--rows", "missing"}, {"runs", run, "--objects"}, {"undo", run, "--dry-run"}, {"undo", run}} {
			th.watch(args...)
		}
	}
	for _, args := range [][]string{{"info", ""}, {"info", name + " "}, {"upload", name, "--media-field", ""}, {"upload", name, "--view", ""}, {"runs", ""}, {"undo", ""}} {
		th.watch(append([]string{"__complete"}, args...)...)
	}
	var exact struct{ Datasets []struct{ Name string } }
	if err := json.Unmarshal([]byte(th.watch("info", "--json")), &exact); err != nil || len(exact.Datasets) < 2 || exact.Datasets[0].Name != nasty {
		t.Errorf("info --json lists %+v, %v", exact, err)
	}
}

// runs lists what has been done so far.
func (th theatre) runs() (names []string) {
	th.t.Helper()
	var doc struct{ Runs []struct{ Run string } }
	if err := json.Unmarshal([]byte(th.watch("runs", "--json")), &doc); err != nil || len(doc.Runs) < 3 {
		th.t.Fatalf("%+v, %v", doc, err)
	}
	for _, run := range doc.Runs {
		names = append(names, run.Run)
	}
	return names
}
