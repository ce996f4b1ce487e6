package dirstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

const metadata = `{"name": "n", "version": "1.22.1", "media_type": "image", "sample_fields": [], "evaluations": {"e": {}}}`

// write makes a directory of files; names are slash-separated.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read returns the files of a directory, as write takes them.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, relErr := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// make writes c with a Writer.
func makeStore(t *testing.T, c datasettest.Contents, opts Options) *Store {
	t.Helper()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "export")
	w, err := Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	m := dataset.Manifest{Doc: c.Doc}
	err = errors.Join(w.Begin(ctx, m), w.Append(ctx, dataset.Samples, c.Samples),
		w.Append(ctx, dataset.Frames, c.Frames), w.Commit(ctx, m))
	if err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{"File": {}, "Dirs": {UseDirs: true}} {
		t.Run(name, func(t *testing.T) {
			datasettest.Run(t, func(t *testing.T, c datasettest.Contents) datasettest.Store {
				return makeStore(t, c, opts)
			})
			datasettest.RunSink(t, func(t *testing.T) (dataset.Sink, func() (dataset.Source, error)) {
				dir := filepath.Join(t.TempDir(), "made", "export")
				w, err := Create(dir, opts)
				if err != nil {
					t.Fatal(err)
				}
				return w, func() (dataset.Source, error) { return Open(dir) }
			})
		})
	}
}

func TestOpenErrors(t *testing.T) {
	samples := `{"samples": []}`
	tests := []struct {
		name    string
		files   map[string]string
		want    error
		message string
	}{
		{"empty", nil, dataset.ErrNotDataset, "metadata.json"},
		{"no metadata", map[string]string{"samples.json": samples}, dataset.ErrNotDataset, "metadata.json"},
		{"legacy", map[string]string{"metadata.json": `{"name": "x"}`, "samples.json": samples}, dataset.ErrUnsupported, "0.8"},
		{"references", map[string]string{"metadata.json": `{"version": "1.22.1", "_media_sources": [{}]}`, "samples.json": samples}, dataset.ErrUnsupported, "references"},
		{"no samples", map[string]string{"metadata.json": metadata}, dataset.ErrMalformed, "samples"},
		{"truncated", map[string]string{"metadata.json": metadata[:20], "samples.json": samples}, dataset.ErrMalformed, "byte 20"},
		{"array", map[string]string{"metadata.json": "[]", "samples.json": samples}, dataset.ErrMalformed, "object"},
	}
	for _, tt := range tests {
		_, err := Open(write(t, tt.files))
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%s: got %v", tt.name, err)
		}
		if errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a directory that exists is said not to: %v", tt.name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := Open(filepath.Join(write(t, map[string]string{"f": ""}), "f")); !errors.Is(err, dataset.ErrNotDataset) {
		t.Errorf("a file: %v", err)
	}
}

// ids lists the _id, a number, of each document.
func ids(t *testing.T, s *Store, part dataset.Part) (list []int32, err error) {
	t.Helper()
	for doc, err := range s.Documents(context.Background(), part) {
		if err != nil {
			return list, err
		}
		list = append(list, doc.Lookup("_id").Int32())
	}
	return list, nil
}

func TestLayouts(t *testing.T) {
	files := map[string]string{
		"metadata.json":       metadata,
		"samples/000002.json": " {\"_id\": 2}\n", "samples/000001.json": `{"_id": 1}`,
		"samples/.hidden.json": "no", "samples/readme.txt": "no", "samples/sub/3.json": "no",
		"samples/1.json.medialift-tmp-1": "no",
	}
	got, err := ids(t, open(t, write(t, files)), dataset.Samples)
	if err != nil || len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Errorf("directory: %v, %v", got, err)
	}
	files["samples.json"] = `{"x": 1, "samples": [{"_id": 3}], "y": {}}`
	files["frames/1.json"] = `{"_id": 4}`
	files["tags/1.json"] = `{"_id": 5}`
	s := open(t, write(t, files))
	if got, err := ids(t, s, dataset.Samples); err != nil || len(got) != 1 || got[0] != 3 {
		t.Errorf("samples.json goes first: %v, %v", got, err)
	}
	if got, err := ids(t, s, dataset.Frames); err != nil || len(got) != 1 || got[0] != 4 {
		t.Errorf("frames: %v, %v", got, err)
	}
	if got, err := ids(t, s, dataset.Tags); err != nil || len(got) != 0 {
		t.Errorf("tags: %v, %v", got, err)
	}
}

func TestMalformedDocuments(t *testing.T) {
	tests := []struct{ name, text, message string }{
		{"samples.json", `{"samples": [{"_id": 1},{"_id": tru}]}`, "at byte 32"},
		{"samples.json", `{"samples": [{"_id": 1},{"_id": 2`, "in the middle of document 2 at byte 33"},
		{"samples.json", `{"frames": []}`, `no key "samples"`},
		{"samples/2.json", `{"_id": `, "2.json"},
		{"samples/2.json", ``, "2.json"},
	}
	for _, tt := range tests {
		dir := write(t, map[string]string{"metadata.json": metadata, tt.name: tt.text, "samples/1.json": `{"_id": 1}`})
		s := open(t, dir)
		f, err := dataset.NewFinder(dataset.Manifest{Doc: bson.Raw{5, 0, 0, 0, 0}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = nil
		for _, rowErr := range s.Rows(context.Background(), dataset.Samples, f) {
			err = errors.Join(err, rowErr)
		}
		if !errors.Is(err, dataset.ErrMalformed) || !strings.Contains(err.Error(), tt.message) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v", tt.text, err)
		}
	}
}

func TestResult(t *testing.T) {
	s := open(t, write(t, map[string]string{
		"metadata.json": metadata, "samples.json": `{"samples": []}`,
		"annotations/k.json": "{}", "brain/k.json": `{"b": NaN}`, "evaluations/k.json": "{ }", "runs/k.json": "{}\n", "runs/cut.json": `{"a": [`,
	}))
	ctx := context.Background()
	for family, want := range map[dataset.Family]string{dataset.AnnotationRuns: "{}", dataset.BrainMethods: `{"b": NaN}`, dataset.Evaluations: "{ }", dataset.CustomRuns: "{}\n"} {
		r, err := s.Result(ctx, dataset.Run{Family: family, Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || string(text) != want {
			t.Errorf("%s: %s, %v", family, text, err)
		}
	}
	cut, err := s.Result(ctx, dataset.Run{Family: dataset.CustomRuns, Key: "cut"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, cut); !errors.Is(err, dataset.ErrMalformed) || !strings.Contains(err.Error(), "cut.json") {
		t.Errorf("truncated: %v", err)
	}
	cut.Close()
	for _, run := range []dataset.Run{{Family: dataset.Evaluations, Key: "../metadata"}, {Family: "", Key: "metadata"}, {Family: dataset.CustomRuns, Key: "x"}} {
		if _, err := s.Result(ctx, run); !errors.Is(err, dataset.ErrNoResult) {
			t.Errorf("%v: %v", run, err)
		}
	}
}
