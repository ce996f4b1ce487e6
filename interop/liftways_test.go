//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
)

// Exports are lifted as the datasets that they are of.
func (x *lifting) exports(t *testing.T) {
	type options = map[string]any
	ours := x.dir("exports", "spatial")
	x.r.medialift(t, 0, "export", "spatial", ours)
	relative := x.dir("exports", "duplicates")
	x.a.t = t
	x.a.ask(nil, "export", "image", x.dir("exports", "image"), options{"export_media": true})
	x.a.ask(nil, "export", "video", x.dir("exports", "video"), options{"use_dirs": true})
	x.a.ask(nil, "export", "duplicates", relative, options{"rel_dir": x.dir("media")})
	for _, part := range []string{"duplicates", "duplicates-masks"} {
		if err := os.CopyFS(filepath.Join(relative, part), os.DirFS(x.dir("media", part))); err != nil {
			t.Fatal(err)
		}
	}
	for name, how := range map[string]string{"spatial": "exact", "image": "results", "video": "results", "duplicates": "results"} {
		t.Run(name, func(t *testing.T) {
			args := []string{x.dir("exports", name), "s3://media/exported/{dataset}", "--name", name + " exported"}
			x.lift(t, 0, "lift-b", args...)
			none(t, x.b, "lifted", []string{name, "lift-a"}, []string{name + " exported", "lift-b"}, how)
			x.again(t, "lift-b", args...)
			if how == "exact" {
				none(t, x.b, "same", x.seen(name), name+" exported")
			} else {
				x.b.ask(nil, "see", name+" exported", x.seen(name+" exported"), true)
			}
		})
	}
}

// A dataset has another name, and no runs, if that is asked for.
func (x *lifting) renamed(t *testing.T) {
	args := []string{"image", "s3://media/{dataset}", "--name", "image renamed", "--no-runs"}
	if doc := x.lift(t, 0, "lift-b", args...); doc.Counts.Objects != 0 {
		t.Errorf("what was sent before was sent again: %+v", doc.Counts)
	}
	families := []any{"evaluations", "brain_methods", "annotation_runs", "runs"}
	none(t, x.b, append([]any{"lifted", []string{"image", "lift-a"}, []string{"image renamed", "lift-b"}, "exact"}, families...)...)
	x.again(t, "lift-b", args...)
	var failed []string
	x.b.t = t
	x.b.ask(&failed, "views", "image renamed")
	if !slices.Equal(failed, []string{"mistakes"}) { // of an evaluation
		t.Errorf("FiftyOne does not load the views %q", failed)
	}
}

// A dataset that goes down is what a migration makes of it, once the loss was agreed to.
// Real old versions judge that; what FiftyOne's own leaves they do not always open.
func (x *lifting) down(t *testing.T) {
	for name, version := range map[string]string{"every field": "1.0.0", "image": "0.19.0", "video": "0.22.0"} {
		t.Run(name+" "+version, func(t *testing.T) {
			old := "lift-" + strings.ReplaceAll(version, ".", "_")
			x.database(t, old, "fiftyone-teams", version)
			args := []string{name, "s3://media/{dataset}", "--missing", "keep"}
			doc := x.lift(t, 4, old, args...)
			if len(doc.Datasets) != 1 || (len(doc.Datasets[0].Losses) == 0) != (name == "video") {
				t.Errorf("without --yes: %+v", doc)
			}
			args = append(args, "--yes")
			doc = x.lift(t, 0, old, args...)
			if doc.Datasets[0].From != newest || doc.Datasets[0].To != version {
				t.Errorf("with --yes: %+v", doc)
			}
			x.b.t = t
			x.r.medialift(t, 0, "migrate", "-n", name, "-v", version, "--yes", "--database-uri", x.uri, "--database-name", "lift-c")
			none(t, x.b, "compare", []string{name, "lift-c"}, []string{name, old}, "exact")
			x.again(t, old, args...)
		})
	}
}

// A dataset of an old database is what FiftyOne's own migration makes of it.
func (x *lifting) up(t *testing.T) {
	dir := migratetest.Unpack(t, "../dbmigrate/revisions/testdata/golden.tar.zst")
	dump := mongotest.Read(t, filepath.Join(dir, "old/0.19.1/before"), "/srv/vision", x.dir("media"))
	for _, name := range []string{"lift-old", "lift-judge"} {
		dump.Restore(t, x.client.Database(name))
	}
	before := mongotest.Take(t, x.client.Database("lift-old"))
	args := []string{"old-images", "old-videos", "old-groups"}
	x.b.t = t
	for _, name := range args {
		x.b.ask(nil, "create", name, "lift-judge")
		x.b.ask(nil, "migrate", name, "lift-judge", newest)
	}
	names := args
	args = append(args, "s3://media/{dataset}", "--database-uri", x.uri, "--database-name", "lift-old", "--missing", "keep")
	doc := x.lift(t, 0, "lift-b", args...)
	if len(doc.Datasets) != len(names) {
		t.Fatalf("%+v", doc)
	}
	for i, name := range names {
		x.runs[name] = doc.Datasets[i].Run
	}
	for _, name := range names {
		none(t, x.b, "lifted", []string{name, "lift-judge"}, []string{name, "lift-b"}, "migrated")
	}
	x.again(t, "lift-b", args...)
	for _, name := range names {
		x.b.ask(nil, "see", name, x.seen(name), true)
	}
	x.again(t, "lift-b", args...)
	sameDump(t, before, mongotest.Take(t, x.client.Database("lift-old")))
}

// What nobody has changed is deleted, and all of it; what somebody has changed stays.
func (x *lifting) undo(t *testing.T) {
	b := x.client.Database("lift-b")
	before := mongotest.Take(t, b)
	args := []string{"every field", "s3://media/{dataset}", "--missing", "keep", "--name", "for a moment"}
	doc := x.lift(t, 0, "lift-b", args...)
	x.b.t = t
	for range 3 { // FiftyOne writes to datasets that it loads again
		x.b.ask(nil, "load", "for a moment")
	}
	x.r.medialift(t, 0, "undo", doc.Run)
	sameDump(t, before, mongotest.Take(t, b))
	x.r.medialift(t, 0, "undo", doc.Run)

	for range 2 {
		x.b.ask(nil, "load", "old-videos")
	}
	x.r.medialift(t, 0, "undo", x.runs["old-videos"])

	x.b.ask(nil, "edit", "group")
	for _, name := range []string{"group", "image"} { // one edited, one with what FiftyOne generates for its views
		x.r.medialift(t, 3, "undo", x.runs[name])
		x.b.ask(nil, "load", name)
	}
}

// Loading the original with FiftyOne again does not make it another one.
func (x *lifting) loaded(t *testing.T) {
	x.a.t = t
	for range 2 {
		x.a.ask(nil, "load", "video")
	}
	x.again(t, "lift-b", "video", "s3://media/{dataset}", "--missing", "keep")
}

// An upload counts: a lift sends what is new or has changed since.
func (x *lifting) weekends(t *testing.T) {
	x.a.t, x.b.t = t, t
	media, target := x.dir("weekends"), "s3://media/weekend"
	var paths []string
	x.a.ask(&paths, "weekend", media, 0, 4)
	if doc := x.r.medialift(t, 0, "upload", "db:weekend", target); doc["counts"].(map[string]any)["objects"] != 8.0 {
		t.Errorf("%v", doc["counts"])
	}
	before := map[string]bool{}
	for _, path := range paths {
		before[path] = true
	}
	x.a.ask(&paths, "weekend", media, 4, 6)
	changed := filepath.Join(media, "weekend/masks/2.png")
	text, err := os.ReadFile(filepath.Join(media, "weekend/masks/3.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var objects, bytes int64
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil {
			t.Fatal(err)
		} else if !before[path] || path == changed {
			objects, bytes = objects+1, bytes+info.Size()
		}
	}
	args := []string{"weekend", target}
	x.lift(t, 4, "lift-b", args...)
	args = append(args, "--overwrite=own")
	if doc := x.lift(t, 0, "lift-b", args...); doc.Counts.Objects != objects || doc.Counts.Bytes != bytes || objects != 5 {
		t.Errorf("sent %+v, want %d objects, %d bytes", doc.Counts, objects, bytes)
	}
	none(t, x.b, "lifted", []string{"weekend", "lift-a"}, []string{"weekend", "lift-b"})
	x.again(t, "lift-b", args...)
}
