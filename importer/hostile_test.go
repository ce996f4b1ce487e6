package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/importer"
)

// A sink tells whether anything of a dataset arrived, and whether it became visible.
type sink struct{ paths, visible bool }

func (s *sink) Begin(context.Context, dataset.Manifest) error { return nil }
func (s *sink) Append(_ context.Context, part dataset.Part, docs []bson.Raw) error {
	s.paths = s.paths || part == dataset.Samples && len(docs) > 0
	return nil
}
func (s *sink) PutResult(context.Context, dataset.Run, io.Reader) error { return nil }
func (s *sink) Commit(context.Context, dataset.Manifest) error {
	s.visible = true
	return nil
}

// hostile writes an export with a media field, a run and a path of these names.
func hostile(t *testing.T, field, run, path string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "export")
	if err := os.MkdirAll(filepath.Join(dir, "fields", "thumb"), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, format string, args ...any) {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, format, args...), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	asString := `"ftype": "fiftyone.core.fields.StringField", "db_field"`
	write("metadata.json", `{"_id": {"$oid": "65a000000000000000000077"}, "version": "1.22.1", "name": "nice", "media_type": "image", "brain_methods": {%q: {}},
		"app_config": {"media_fields": ["filepath", %q]}, "sample_fields": [{"name": "filepath", %s: "filepath"}, {"name": %q, %s: "x"}]}`, run, field, asString, field, asString)
	write("samples.json", `{"samples": [{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "data/a.png", "x": "a.png"},
		{"_id": {"$oid": "65a000000000000000000002"}, "filepath": %q, "x": %q}]}`, path, path)
	return dir
}

// What an export says leads nothing out of the directory that its files are in.
func TestHostileExports(t *testing.T) {
	for _, tt := range []struct{ field, run, path, relDir, refused string }{
		{"thumb", "sim", "data/b.png", "", ""},
		{"thumb", "sim", "data/../data/b.png", "", ""},
		{"thumb", "sim", "/etc/passwd", "", ""}, // as any path of an export without media
		{"thumb", "sim", "..data/b.png", "", ""},
		{"thumb", "sim", "data/b.png", "s3://media/x", ""},
		{"../../.ssh", "sim", "data/b.png", "", "../../.ssh"},
		{"a/b", "sim", "data/b.png", "", "a/b"},
		{"con", "sim", "data/b.png", "", "con"},
		{"thumb", "../sim", "data/b.png", "", "../sim"},
		{"thumb", "a:b", "data/b.png", "", "a:b"},
		{"thumb", "sim", "../../etc/passwd", "", "../../etc/passwd"},
		{"thumb", "sim", "data/../../x", "", "data/../../x"},
		{"thumb", "sim", `..\..\x`, "", `..\..\x`},
		{"thumb", "sim", "..", "", ".."},
		{"thumb", "sim", `\..\x`, "", `\..\x`},
		{"thumb", "sim", "../x", "/mnt/data", "../x"},
		{"thumb", "sim", "../../other/x", "s3://media/x", "../../other/x"},
	} {
		dir := hostile(t, tt.field, tt.run, tt.path)
		src, err := dirstore.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var s sink
		_, err = importer.Run(t.Context(), importer.Job{Source: src, Dir: dir, Sink: &s}, importer.Options{RelDir: tt.relDir})
		refusal, _ := errors.AsType[*dataset.Refusal](err)
		switch {
		case tt.refused == "":
			if err != nil || !s.visible {
				t.Errorf("%+v: %v", tt, err)
			}
		case refusal == nil || s.visible || !strings.Contains(fmt.Sprintf("%q", refusal.Problems), fmt.Sprintf("%q", tt.refused)):
			t.Errorf("%+v: got %v %+v, visible %t", tt, err, refusal, s.visible)
		}
		manifest, err := src.Manifest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		planned(t, src, manifest, dir, tt.relDir, tt.refused != "")
	}
}

// planned sees that a plan of maps refuses the same.
func planned(t *testing.T, src *dirstore.Store, m dataset.Manifest, dir, relDir string, refused bool) {
	t.Helper()
	absolute, err := importer.NewAbsolute(m, dir, relDir)
	if err == nil {
		var finder *dataset.Finder
		if finder, err = dataset.NewFinder(m, nil); err != nil {
			t.Fatal(err)
		}
		for _, err = range absolute.Updater(src).Rows(t.Context(), dataset.Samples, finder) {
			if err != nil {
				break
			}
		}
	}
	if _, ok := errors.AsType[*dataset.Refusal](err); ok != refused {
		t.Errorf("%s: the plan says %v", dir, err)
	}
}

// Results of runs are read from the export alone.
func TestResultsBehindLinks(t *testing.T) {
	dir := hostile(t, "thumb", "sim", "data/b.png")
	secret := filepath.Join(t.TempDir(), "credentials.json")
	if err := errors.Join(os.WriteFile(secret, []byte(`{"key": "s3cret"}`), 0o600), os.Mkdir(filepath.Join(dir, "brain"), 0o777)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "brain", "sim.json")); err != nil {
		t.Skip(err)
	}
	src, err := dirstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s sink
	if _, err := importer.Run(t.Context(), importer.Job{Source: src, Dir: dir, Sink: &s}, importer.Options{}); err == nil || s.visible {
		t.Errorf("imported, %v", err)
	}
}
