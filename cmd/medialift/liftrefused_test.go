package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/report"
)

// What must not happen is refused before anything has.
func TestLiftRefusals(t *testing.T) {
	l := newLifting(t, "1.22.1")
	l.lift(exitDone, "video", "s3://media/taken", "--name", "taken")
	if err := os.Remove(filepath.Join(l.media, "images/train/000001.png")); err != nil {
		t.Fatal(err)
	}
	before, a, b := objects(t, l.s3, "media"), settled(t, l.a), settled(t, l.b)
	uri, empty := mongotest.URI(t), mongotest.Name(t)
	for _, c := range []struct {
		code    int
		mention string
		args    []string
	}{
		{exitUsage, "--to-uri", []string{"video", "s3://media/x"}},
		{exitUsage, "a URL", []string{"video", "--to-uri", uri}},
		{exitUsage, "mongodb://", []string{"video", "s3://media/x", "--to-uri", "http://localhost"}},
		{exitFailed, "check --to-uri", []string{"video", "s3://media/x", "--to-uri", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"}},
		{exitUsage, "NOT_SET", []string{"video", "s3://media/x", "--to-uri", "env:NOT_SET"}},
		{exitUsage, "nosuch", []string{"nosuch", "s3://media/x", "--to-uri", uri, "--to-database-name", l.b.Name()}},
		{exitUsage, "--name", []string{"video", "group", "s3://media/{dataset}", "--name", "x", "--to-uri", uri}},
		{exitUsage, "{dataset}", []string{"video", "group", "s3://media/x", "--to-uri", uri}},
		{exitRefused, "--to-database-name; --create-database", []string{"video", "s3://media/x", "--to-uri", uri, "--to-database-name", empty}},
		{exitRefused, `"taken"`, []string{"video", "s3://media/y", "--name", "taken", "--to-uri", uri, "--to-database-name", l.b.Name()}},
		{exitRefused, `"Taken"`, []string{"video", "s3://media/y", "--name", "Taken", "--to-uri", uri, "--to-database-name", l.b.Name()}},
		{exitRefused, "000001.png", []string{"image", "s3://media/x", "--to-uri", uri, "--to-database-name", l.b.Name()}},
		{exitRefused, "--tag", []string{"video", "s3://media/x", "--tag", "nobody has it", "--to-uri", uri, "--to-database-name", l.b.Name()}},
		{exitFailed, "nowhere", []string{"video", "s3://nowhere/x", "--to-uri", uri, "--to-database-name", l.b.Name()}},
	} {
		doc := l.run(c.code, append([]string{"lift"}, c.args...)...)
		text := doc.Error + doc.Hint
		for _, p := range doc.Problems {
			text += p.Path
		}
		if !strings.Contains(text, c.mention) || doc.Hint == "" {
			t.Errorf("%q: %q, hint %q", c.args, doc.Error, doc.Hint)
		}
	}
	if now := objects(t, l.s3, "media"); len(now) != len(before) {
		t.Errorf("%d objects became %d", len(before), len(now))
	}
	checkSame(t, a, settled(t, l.a))
	checkSame(t, b, settled(t, l.b))

	// A missing file may be kept: its path stays as it is, and is said.
	doc := l.lift(exitDone, "image", "s3://media/kept", "--missing", "keep")
	if doc.Counts.Missing == 0 || len(doc.Problems) == 0 {
		t.Errorf("%+v", doc)
	}
	kept := 0
	values, _ := mediaOf(t, l.opened("image"))
	for _, v := range values {
		if !strings.HasPrefix(v, "s3://media/kept/") {
			kept++
		}
	}
	if kept != int(doc.Counts.Missing) {
		t.Errorf("%d paths stay, %d are missing", kept, doc.Counts.Missing)
	}
}

// Several go together: all are planned before the first begins, and one that is
// refused does not stop the others.
func TestLiftSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary many times: not in short mode")
	}
	l := newLifting(t, "1.22.1")
	if _, err := l.a.Collection("datasets").UpdateOne(t.Context(), bson.D{{Key: "name", Value: "image"}}, bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: "99.0.0"}}}}); err != nil {
		t.Fatal(err)
	}
	checkEnds(t, l.lift(exitPartial, "duplicates", "image", "s3://media/{dataset}"), "duplicates=done changed, image=refused")
	for key := range objects(t, l.s3, "media") {
		if !strings.HasPrefix(key, "duplicates/") {
			t.Errorf("a lift that was refused sent %q", key)
		}
	}
	page := filepath.Join(t.TempDir(), "lift.json")
	doc := l.lift(exitDone, "--match", "[gv]*", "s3://media/{dataset}", "--no-runs", "--report", page)
	list, _ := doc.Datasets.([]any)
	if len(list) < 2 {
		t.Errorf("%+v", doc.Datasets)
	}
	for _, entry := range list {
		if e := entry.(map[string]any); e["status"] != "done" || e["run"] == "" || len(e["python"].([]any)) != 2 {
			t.Errorf("%v", e)
		}
	}
	var said report.Report
	text, err := os.ReadFile(page)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil || len(said.Datasets) != len(list) || said.Totals.Objects != doc.Counts.Objects || said.Totals.Bytes != doc.Counts.Bytes {
		t.Errorf("the report says %+v, %v", said.Totals, err)
	}
	for _, d := range said.Datasets {
		if d.Status != report.Done || d.Verified == nil || d.Verified.Checksum == 0 || len(d.Load) != 2 || d.Versions.Database != "1.22.1" {
			t.Errorf("the report says %+v", d)
		}
	}
	for _, name := range []string{"video", "group"} {
		l.check(l.source(name), "", name)
		if n := entries(t, l.b, name, "evaluations") + entries(t, l.b, name, "brain_methods"); n > 0 {
			t.Errorf("%s has %d runs in spite of --no-runs", name, n)
		}
	}
}
