package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// tiny writes an export of that name with one sample for each path.
func tiny(t *testing.T, name string, paths ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	samples := []map[string]any{}
	for i, path := range paths {
		samples = append(samples, map[string]any{"_id": map[string]string{"$oid": fmt.Sprintf("%024x", i+1)}, "filepath": path})
	}
	text, err := json.Marshal(map[string]any{"samples": samples})
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "samples.json"), text, 0o600)
	}
	if err == nil {
		meta := fmt.Sprintf(`{"name": %q, "version": "1.22.1", "media_type": "image", "sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}]}`, name)
		err = os.WriteFile(filepath.Join(dir, "metadata.json"), []byte(meta), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// nights is a database as the job of every night finds it: with datasets that it
// has nothing to do with, and one that it cannot do.
func nights(t *testing.T) (tool, *mongo.Database) {
	t.Helper()
	db := mongotest.Database(t)
	env := []string{
		"FIFTYONE_DATABASE_URI=" + mongotest.URI(t), "FIFTYONE_DATABASE_NAME=" + db.Name(), "FIFTYONE_API_URI=",
		"FIFTYONE_CONFIG_PATH=" + filepath.Join(t.TempDir(), "none"), "HOME=" + t.TempDir(),
	}
	m := newTool(t, env...)
	for _, d := range []struct {
		name  string
		paths []string
	}{
		{"a", []string{"/data/a/0.png", "/data/a/1.png"}}, {"b-empty", nil},
		{"c", []string{"/data/c/0.png"}}, {"d-elsewhere", []string{"/other/d.png"}}, {"e", []string{"/data/e/0.png"}},
	} {
		m.run(0, "import", tiny(t, d.name, d.paths...), "--create-database")
	}
	return m, db
}

// pathsOf are the filepaths of a dataset.
func pathsOf(t *testing.T, db *mongo.Database, name string) []string {
	t.Helper()
	var paths []string
	if err := db.Collection(collectionOf(t, db, name)).Distinct(t.Context(), "filepath", bson.D{}).Decode(&paths); err != nil {
		t.Fatal(err)
	}
	return paths
}

// ends are the "datasets" of a document: how each ended, and whether it was changed.
func ends(t *testing.T, doc document) map[string]string {
	t.Helper()
	list, _ := doc.Datasets.([]any)
	got := map[string]string{}
	for _, one := range list {
		e := one.(map[string]any)
		text := fmt.Sprint(e["status"])
		if e["changed"] == true {
			text += " changed"
		}
		if n := len(e["problems"].([]any)); n > 0 {
			text += fmt.Sprintf(" %d", n)
		}
		got[strings.TrimPrefix(e["dataset"].(string), "db:")] = text
	}
	return got
}

func checkEnds(t *testing.T, doc document, want string) {
	t.Helper()
	got := ends(t, doc)
	var lines []string
	for name, end := range got {
		lines = append(lines, name+"="+end)
	}
	slices.Sort(lines)
	if text := strings.Join(lines, ", "); text != want {
		t.Errorf("%s ended as\n  %s\nwant\n  %s", doc.Command, text, want)
	}
}

// One dataset with nothing to do, and one that is refused, keep no other from
// being rewritten; the exit code and the document say which.
func TestSeveralRewrite(t *testing.T) {
	m, db := nights(t)
	job := []string{"rewrite", "--all", "--map", "prefix:/data=s3://m"}
	m.run(4, "rewrite", "--all", "--unmatched", "keep", "--map", "prefix:/dta=s3://m") // misspelled for all
	dry := m.run(3, append(job, "--dry-run")...)
	checkEnds(t, dry, "a=planned, b-empty=done, c=planned, d-elsewhere=refused 1, e=planned")
	doc := m.run(3, job...)
	checkEnds(t, doc, "a=done changed, b-empty=done, c=done changed, d-elsewhere=refused 1, e=done changed")
	if doc.Counts.Rewritten != 4 || !strings.Contains(doc.Error, "d-elsewhere") || len(doc.Problems) != 1 || doc.RetryHelp {
		t.Errorf("%+v", doc)
	}
	for name, path := range map[string]string{"a": "s3://m/a/0.png", "c": "s3://m/c/0.png", "d-elsewhere": "/other/d.png", "e": "s3://m/e/0.png"} {
		if got := pathsOf(t, db, name); !slices.Contains(got, path) {
			t.Errorf("%s has %q", name, got)
		}
	}
	// The next night nothing is left to do, so that a refusal has changed nothing.
	checkEnds(t, m.run(4, job...), "a=done, b-empty=done, c=done, d-elsewhere=refused 1, e=done")
	checkEnds(t, m.run(0, append(job, "--unmatched", "keep")...), "a=done, b-empty=done, c=done, d-elsewhere=done, e=done")
	m.run(0, "rewrite", "--match", "[abce]*", "--map", "prefix:/data=s3://m")
	m.run(0, "rewrite", "--match", "b*", "--map", "prefix:/data=s3://m")
	// What none has is said as of one.
	m.run(2, "rewrite", "--all", "--media-field", "filpath", "--map", "prefix:/data=s3://m")
	m.run(0, "rewrite", "b-empty", "--map", "prefix:/data=s3://m") // nothing to do
}

// A name that is not there is found before anything is changed, and one that is
// given twice is one dataset.
func TestSeveralNames(t *testing.T) {
	m, db := nights(t)
	m.run(2, "rewrite", "a", "nosuch", "--map", "prefix:/data=s3://m")
	m.run(2, "rewrite", "a", "./nosuch", "--map", "prefix:/data=s3://m")
	if got := pathsOf(t, db, "a"); !slices.Contains(got, "/data/a/0.png") {
		t.Errorf("a has %q", got)
	}
	doc := m.run(0, "rewrite", "c", "a", "db:c", "--map", "prefix:/data=s3://m")
	checkEnds(t, doc, "a=done changed, c=done changed")
	if doc.Counts.Rewritten != 3 {
		t.Errorf("%+v", doc.Counts)
	}
	if got := m.run(0, "verify", "b-empty", "b-empty"); len(ends(t, got)) != 1 {
		t.Errorf("%+v", got.Datasets)
	}
}

// The same for each other command that takes several datasets: a directory that is
// broken is refused, those before and after it are done.
func TestSeveralBroken(t *testing.T) {
	_, db := nights(t)
	media := t.TempDir()
	var whole [3]string
	for i := range whole {
		file := filepath.Join(media, fmt.Sprintf("%d.png", i))
		if err := os.WriteFile(file, bytes.Repeat([]byte{byte(i)}, 10+i), 0o600); err != nil {
			t.Fatal(err)
		}
		whole[i] = tiny(t, fmt.Sprintf("whole%d", i), file)
	}
	broken := tiny(t, "broken", filepath.Join(media, "0.png"))
	if err := os.WriteFile(filepath.Join(broken, "samples.json"), []byte(`{"samples": [{"_id"`), 0o600); err != nil {
		t.Fatal(err)
	}
	m, out := newTool(t), filepath.Join(t.TempDir(), "{dataset}")
	dirs := []string{whole[0], broken, whole[1]}
	with := func(command string, more ...string) []string { return slices.Concat([]string{command}, dirs, more) }
	name := func(line string) string {
		return strings.NewReplacer("0=", whole[0]+"=", "B=", broken+"=", "1=", whole[1]+"=").Replace(line)
	}
	sorted := func(line string) string {
		parts := strings.Split(name(line), ", ")
		slices.Sort(parts)
		return strings.Join(parts, ", ")
	}
	checkEnds(t, m.run(4, with("info")...), sorted("0=done, B=refused, 1=done"))
	checkEnds(t, m.run(4, with("verify")...), sorted("0=done, B=refused, 1=done"))
	checkEnds(t, m.run(3, with("upload", out, "--dry-run")...), sorted("0=planned, B=refused, 1=planned"))
	checkEnds(t, m.run(3, with("upload", out)...), sorted("0=done changed, B=refused, 1=done changed"))
	checkEnds(t, m.run(4, with("upload", out)...), sorted("0=done, B=refused, 1=done"))
	to := []string{out, "--to-uri", mongotest.URI(t), "--to-database-name", db.Name(), "--create-database"}
	checkEnds(t, m.run(3, with("lift", to...)...), sorted("0=done changed, B=refused, 1=done changed"))
	for _, name := range []string{"whole0", "whole1"} {
		if got := pathsOf(t, db, name); len(got) != 1 || strings.HasPrefix(got[0], media) {
			t.Errorf("%s has %q", name, got)
		}
	}
	// What is missing is worse than what could not be looked at.
	if err := os.Remove(filepath.Join(media, "1.png")); err != nil {
		t.Fatal(err)
	}
	checkEnds(t, m.run(1, with("verify")...), sorted("0=done, B=refused, 1=failed 1"))
}
