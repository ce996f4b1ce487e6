package dirstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

func raw(t *testing.T, doc any) bson.Raw {
	t.Helper()
	b, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// made runs a Writer through and returns the files it made.
func made(t *testing.T, opts Options, m dataset.Manifest, fill func(w *Writer) error) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "x")
	ctx := context.Background()
	w, err := Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Begin(ctx, m), fill(w), w.Commit(ctx, m)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("closing after Commit: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	return read(t, dir)
}

func TestWriterFiles(t *testing.T) {
	ctx := context.Background()
	image := dataset.Manifest{Doc: raw(t, bson.D{{Key: "media_type", Value: "image"}})}
	video := dataset.Manifest{Doc: raw(t, bson.D{{Key: "media_type", Value: "video"}})}
	group := dataset.Manifest{Doc: raw(t, bson.D{{Key: "media_type", Value: "group"},
		{Key: "group_media_types", Value: bson.D{{Key: "left", Value: "image"}, {Key: "clip", Value: "video"}}}})}
	a, b := raw(t, bson.D{{Key: "_id", Value: bson.ObjectID{1}}}), raw(t, bson.D{{Key: "_id", Value: int64(5)}, {Key: "é", Value: 1.0}})
	none := func(*Writer) error { return nil }
	const jsonA, jsonB = `{"_id": {"$oid": "010000000000000000000000"}}`, `{"_id": {"$numberLong": "5"}, "\u00e9": 1.0}`
	tests := []struct {
		name string
		opts Options
		m    dataset.Manifest
		fill func(w *Writer) error
		want map[string]string
	}{
		{"empty", Options{}, image, none, map[string]string{"metadata.json": `{"media_type": "image"}`, "samples.json": `{"samples": []}`}},
		{"video", Options{}, video, none, map[string]string{"metadata.json": `{"media_type": "video"}`,
			"samples.json": `{"samples": []}`, "frames.json": `{"frames": []}`}},
		{"group", Options{}, group, func(w *Writer) error { return w.Append(ctx, dataset.Samples, []bson.Raw{a, b}) },
			map[string]string{"metadata.json": `{"media_type": "group", "group_media_types": {"left": "image", "clip": "video"}}`,
				"samples.json": `{"samples": [` + jsonA + "," + jsonB + `]}`, "frames.json": `{"frames": []}`}},
		{"frames of images", Options{}, image, func(w *Writer) error { return w.Append(ctx, dataset.Frames, []bson.Raw{a}) },
			map[string]string{"metadata.json": `{"media_type": "image"}`, "samples.json": `{"samples": []}`, "frames.json": `{"frames": [` + jsonA + `]}`}},
		{"dirs", Options{UseDirs: true}, image, func(w *Writer) error {
			return errors.Join(w.Append(ctx, dataset.Samples, []bson.Raw{a}), w.Append(ctx, dataset.Samples, []bson.Raw{b}))
		}, map[string]string{"metadata.json": `{"media_type": "image"}`, "samples/000001-010000000000000000000000.json": jsonA, "samples/000002.json": jsonB}},
		{"results and tags", Options{}, image, func(w *Writer) error {
			tag := bson.D{{Key: "sample_id", Value: bson.ObjectID{1}}, {Key: "start", Value: int64(5)}, {Key: "end", Value: int64(1) << 40},
				{Key: "created_at", Value: time.Date(2026, 1, 1, 1, 2, 3, 456e6, time.UTC)}, {Key: "last_modified_at", Value: time.Date(2026, 1, 1, 1, 2, 3, 0, time.UTC)}}
			return errors.Join(w.PutResult(ctx, dataset.Run{Family: dataset.BrainMethods, Key: "k"}, strings.NewReader("[NaN]")),
				w.PutResult(ctx, dataset.Run{Family: dataset.BrainMethods, Key: "l"}, strings.NewReader("")),
				w.Append(ctx, dataset.Tags, nil), w.Append(ctx, dataset.Tags, []bson.Raw{raw(t, tag)}))
		}, map[string]string{"metadata.json": `{"media_type": "image"}`, "samples.json": `{"samples": []}`, "brain/k.json": "[NaN]", "brain/l.json": "",
			"tags.json": `{"tags": [{"sample_id": "010000000000000000000000", "start": 5, "end": 1099511627776, ` +
				`"created_at": "2026-01-01T01:02:03.456000", "last_modified_at": "2026-01-01T01:02:03"}]}`}},
	}
	for _, tt := range tests {
		if got := made(t, tt.opts, tt.m, tt.fill); !maps.Equal(got, tt.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestWriterWidth(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	w := newDirWriter(root, ".", 1_000_000)
	if err := w.write([]bson.Raw{raw(t, bson.D{})}); err != nil {
		t.Fatal(err)
	}
	if names, err := documentFiles(root.Name()); err != nil || !slices.Equal(names, []string{"0000001.json"}) {
		t.Errorf("got %v, %v", names, err)
	}
	w = newDirWriter(root, ".", 0)
	w.n = 999_999
	if err := w.write([]bson.Raw{raw(t, bson.D{})}); err == nil {
		t.Error("a document was written out of order")
	}
}

func TestWriterRefuses(t *testing.T) {
	ctx := context.Background()
	full := write(t, map[string]string{"x/y": ""})
	if _, err := Create(filepath.Join(full, "x"), Options{}); !errors.Is(err, ErrOccupied) {
		t.Errorf("full directory: %v", err)
	}
	if _, err := Create(filepath.Join(full, "x", "y"), Options{}); err == nil {
		t.Error("a file is no directory")
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "x")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatalf("empty directory: %v", err)
	}
	m := dataset.Manifest{Doc: raw(t, bson.D{})}
	if err := w.Begin(ctx, m); err != nil {
		t.Fatal(err)
	}
	for _, run := range []dataset.Run{{Family: dataset.CustomRuns, Key: "../x"}, {Family: "x", Key: "k"}, {Family: dataset.CustomRuns, Key: "a/b"}} {
		if err := w.PutResult(ctx, run, strings.NewReader("")); err == nil {
			t.Errorf("accepted %v", run)
		}
	}
	if err := w.Append(ctx, "x", []bson.Raw{raw(t, bson.D{})}); err == nil {
		t.Error("accepted an unknown part")
	}
	if err := w.Append(ctx, dataset.Samples, []bson.Raw{raw(t, bson.D{{Key: "a", Value: "\xff"}})}); err == nil {
		t.Error("accepted invalid UTF-8")
	}
	if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(ctx, m); err == nil {
		t.Error("replaced a directory that was filled meanwhile")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Commit(ctx, m); err == nil {
		t.Error("committed after Close")
	}
	if got := read(t, parent); !maps.Equal(got, map[string]string{"x/new": ""}) {
		t.Errorf("got %v", got)
	}
}

func TestWriterOverwrites(t *testing.T) {
	ctx := context.Background()
	m := dataset.Manifest{Doc: raw(t, bson.D{{Key: "v", Value: "new"}})}
	overwrite := func(dir string) error {
		w, err := Create(dir, Options{Overwrite: true})
		if err != nil {
			return err
		}
		defer w.Close()
		return errors.Join(w.Begin(ctx, m), w.Commit(ctx, m))
	}
	parent := write(t, map[string]string{
		"export/metadata.json": "old", "export/samples/000001.json": "old", "export/data/1.jpg": "old", "export/samples.json.medialift-tmp-1": "",
		"other/metadata.json": "", "other/thesis.doc": "", "media/data/1.jpg": "",
	})
	if err := overwrite(filepath.Join(parent, "export")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"other", "media"} {
		if err := overwrite(filepath.Join(parent, name)); !errors.Is(err, ErrOccupied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := map[string]string{"export/metadata.json": `{"v": "new"}`, "export/samples.json": `{"samples": []}`,
		"other/metadata.json": "", "other/thesis.doc": "", "media/data/1.jpg": ""}
	if got := read(t, parent); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// What a killed process left is removed by the next one, but for an export that
// was about to give way; what a living one has is left alone.
func TestWriterSweeps(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "x")
	alive, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(parent, ".x"+temporaryMark+"1")
	for _, name := range []string{"export", replacedDir} {
		if err := os.MkdirAll(filepath.Join(dead, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dead, lockFile), nil, 0o666),
		os.WriteFile(filepath.Join(dead, replacedDir, metadataFile), []byte("old"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, Options{}); !errors.Is(err, ErrOccupied) {
		t.Errorf("the old export is not back: %v", err)
	}
	if got := read(t, dir); !maps.Equal(got, map[string]string{metadataFile: "old"}) {
		t.Errorf("got %v", got)
	}
	if _, err := os.Stat(alive.Stage()); err != nil {
		t.Error(err)
	}
	if err := alive.Close(); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 1 {
		t.Errorf("left are %v", entries)
	}
}

func TestSidecar(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "x")
	spec := raw(t, bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: bson.D{{Key: "a", Value: int32(1)}}}, {Key: "name", Value: "a_1"}, {Key: "unique", Value: true}})
	m := dataset.Manifest{
		Doc:     raw(t, bson.D{{Key: "_id", Value: bson.ObjectID{1}}, {Key: "version", Value: "1.22.1"}}),
		Indexes: []dataset.Index{{Part: dataset.Samples, Spec: spec}},
		// What looks like extended JSON is kept as it is.
		Panels:     []bson.Raw{raw(t, bson.D{{Key: "value", Value: bson.D{{Key: "$oid", Value: "x"}, {Key: "a.b", Value: int64(1)}}}})},
		Ontologies: []bson.Raw{raw(t, bson.D{{Key: "slug", Value: "a"}}), raw(t, bson.D{{Key: "slug", Value: "b"}})},
	}
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Begin(ctx, m), w.Commit(ctx, m)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Manifest(ctx)
	if err != nil || len(got.Indexes) != 1 || got.Indexes[0].Part != dataset.Samples || string(got.Indexes[0].Spec) != string(spec) {
		t.Errorf("got %+v, %v", got.Indexes, err)
	}
	if fmt.Sprint(got.Panels, got.Ontologies) != fmt.Sprint(m.Panels, m.Ontologies) {
		t.Errorf("got %v and %v", got.Panels, got.Ontologies)
	}
	old := `{"format": 1, "dataset": {"$oid": "010000000000000000000000"}, "indexes": []}`
	if err := os.WriteFile(filepath.Join(dir, SidecarFile), []byte(old), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Manifest(ctx); err != nil || len(got.Panels)+len(got.Ontologies) != 0 {
		t.Errorf("without them: %+v, %v", got, err)
	}
	for text, want := range map[string]error{
		`{"format": 1, "dataset": {"$oid": "020000000000000000000000"}, "indexes": [5]}`: nil,
		`{"format": 2}`: dataset.ErrUnsupported, `{"format`: dataset.ErrMalformed, `{}`: dataset.ErrUnsupported,
		`{"format": 1, "dataset": {"$oid": "010000000000000000000000"}, "indexes": [], "panels": [{"a": 1}]}`:               dataset.ErrMalformed,
		`{"format": 1, "dataset": {"$oid": "010000000000000000000000"}, "indexes": [{"part": "x", "spec": {"name": "x"}}]}`: dataset.ErrMalformed,
	} {
		if err := os.WriteFile(filepath.Join(dir, SidecarFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := s.Manifest(ctx)
		if !errors.Is(err, want) || want == nil && (len(got.Indexes) != 0 || len(got.Problems) != 1) {
			t.Errorf("%s: %+v, %v, want %v", text, got.Indexes, err, want)
		}
	}
}
