package export_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/export"
)

// A memory is a dataset in memory.
type memory struct {
	fields  []string
	samples []bson.D
	changes int // how many more times the schema changes while it is read
	added   []bson.D
}

type d = bson.D

func (m *memory) Manifest(context.Context) (dataset.Manifest, error) {
	fields := bson.A{
		d{{Key: "name", Value: "filepath"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}},
		d{{Key: "name", Value: "seg"}, {Key: "ftype", Value: "fiftyone.core.fields.EmbeddedDocumentField"}, {Key: "embedded_doc_type", Value: "fiftyone.core.labels.Segmentation"}},
	}
	for _, f := range m.fields {
		fields = append(fields, d{{Key: "name", Value: f}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}})
	}
	doc, err := bson.Marshal(d{{Key: "_id", Value: bson.ObjectID{1}}, {Key: "name", Value: "m"}, {Key: "version", Value: "1.22.1"}, {Key: "media_type", Value: "image"},
		{Key: "app_config", Value: d{{Key: "media_fields", Value: bson.A{"filepath", "thumbs"}}}}, {Key: "sample_fields", Value: fields}})
	return dataset.Manifest{Doc: doc, Counts: map[dataset.Part]int64{dataset.Samples: int64(len(m.samples))}}, err
}

func (m *memory) Documents(_ context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		if part != dataset.Samples {
			return
		}
		for _, doc := range m.samples {
			b, err := bson.Marshal(doc)
			if !yield(b, err) {
				return
			}
		}
		if m.changes > 0 {
			m.changes--
			m.fields = append(m.fields, fmt.Sprint("new", m.changes))
		}
		m.samples, m.added = append(m.samples, m.added...), nil
	}
}

func (m *memory) Result(context.Context, dataset.Run) (io.ReadCloser, error) {
	return nil, dataset.ErrNoResult
}

func sample(n int, path string, mask string) bson.D {
	doc := d{{Key: "_id", Value: bson.ObjectID{2, byte(n)}}, {Key: "filepath", Value: path}}
	if mask != "" {
		doc = append(doc, bson.E{Key: "seg", Value: d{{Key: "_cls", Value: "Segmentation"}, {Key: "mask_path", Value: mask}}})
	}
	return doc
}

// run exports and returns the paths that samples have then, by field.
func run(t *testing.T, m *memory, opts export.Options) (dir string, report export.Report, paths map[string][]string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	report, err := export.Run(t.Context(), export.Job{Source: m, Dir: dir}, opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dirstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := s.Manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		t.Fatal(err)
	}
	paths = map[string][]string{}
	for row, err := range s.Rows(t.Context(), dataset.Samples, f) {
		if err != nil {
			t.Fatal(err)
		}
		paths[row.Field] = append(paths[row.Field], row.Value)
	}
	return dir, report, paths
}

// lay makes files whose content is their path.
func lay(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(path), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Names are FiftyOne's, and never two files get one: FiftyOne itself would put
// b/x.png over a file of the name x-2.png.
func TestMediaNames(t *testing.T) {
	root := t.TempDir()
	names := []string{"a/x.png", "b/x.png", "c/x-2.png", "d/x.png", "a/X.png", "a/100%.tar.gz", "a/q.jpg?v=1", "a/.hidden", "a/none"}
	lay(t, root, names...)
	lay(t, root, "m/x.png", "m2/x.png")
	m := &memory{}
	for i, name := range append(names, "a/x.png", "a//x.png") {
		mask := ""
		if i < 3 {
			mask = filepath.Join(root, []string{"m/x.png", "m2/x.png", "m/x.png"}[i])
		}
		m.samples = append(m.samples, sample(i, root+"/"+name, mask))
	}
	m.samples = append(m.samples, sample(99, "s3://bucket/1.jpg", ""))
	dir, report, paths := run(t, m, export.Options{Media: true})
	want := []string{"data/x.png", "data/x-2.png", "data/x-2-2.png", "data/x-3.png", "data/X-4.png", "data/100-.tar.gz", "data/q.jpg", "data/.hidden", "data/none", "data/x.png", "data/x.png", "s3://bucket/1.jpg"}
	if !slices.Equal(paths["filepath"], want) {
		t.Errorf("paths\n%q, want\n%q", paths["filepath"], want)
	}
	if want := []string{"fields/seg/x.png", "fields/seg/x-2.png", "fields/seg/x.png"}; !slices.Equal(paths["seg"], want) {
		t.Errorf("masks %q, want %q", paths["seg"], want)
	}
	for i, name := range paths["filepath"][:len(names)] {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(text) != filepath.Join(root, names[i]) {
			t.Errorf("%s holds %q, %v, want %s", name, text, err, names[i])
		}
	}
	if report.Files != 11 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "1 paths are URLs") {
		t.Errorf("%+v", report)
	}
}

func TestRelDir(t *testing.T) {
	root := t.TempDir()
	lay(t, root, "in/a/1.png", "in/b/1.png", "in2/1.png", "in/m/1.png")
	m := &memory{samples: []bson.D{
		sample(1, root+"/in/a/1.png", root+"/in/m/1.png"), sample(2, root+"/in//b/./1.png", ""), sample(3, root+"/in2/1.png", ""), sample(4, "s3://b/in/1.png", ""),
	}}
	dir, report, paths := run(t, m, export.Options{RelDir: root + "/in/"})
	if want := []string{"a/1.png", "b/1.png", root + "/in2/1.png", "s3://b/in/1.png"}; !slices.Equal(paths["filepath"], want) {
		t.Errorf("paths %q, want %q", paths["filepath"], want)
	}
	if want := []string{"m/1.png"}; !slices.Equal(paths["seg"], want) {
		t.Errorf("masks %q, want %q", paths["seg"], want)
	}
	if info, err := os.Stat(filepath.Join(dir, "fields", "seg")); err != nil || !info.IsDir() {
		t.Errorf("FiftyOne would leave the masks relative: %v", err)
	}
	if len(report.Warnings) != 1 {
		t.Errorf("%+v", report)
	}
	dir, report, paths = run(t, m, export.Options{RelDir: root + "/in", Media: true})
	if want := []string{"data/a/1.png", "data/b/1.png", root + "/in2/1.png", "s3://b/in/1.png"}; !slices.Equal(paths["filepath"], want) {
		t.Errorf("paths %q, want %q", paths["filepath"], want)
	}
	if _, err := os.Stat(filepath.Join(dir, "fields/seg/m/1.png")); err != nil || report.Files != 3 {
		t.Errorf("%v, %+v", err, report)
	}
}

func TestMissingMedia(t *testing.T) {
	root := t.TempDir()
	lay(t, root, "1.png")
	m := &memory{samples: []bson.D{sample(1, root+"/1.png", root+"/none.png"), sample(2, "relative.png", ""), sample(3, `C:\x.png`, ""), sample(4, root, "")}}
	dir := filepath.Join(t.TempDir(), "out")
	_, err := export.Run(t.Context(), export.Job{Source: m, Dir: dir}, export.Options{Media: true})
	var refusal *dataset.Refusal
	if !errors.As(err, &refusal) || refusal.Total != 4 || refusal.Problems[0].Path != root+"/none.png" {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// A schema that changes while it is read is read again; one that keeps changing
// is an error, and nothing is left.
func TestChangedMeanwhile(t *testing.T) {
	m := &memory{samples: []bson.D{sample(1, "/a/1.png", "")}, changes: 1}
	dir, _, _ := run(t, m, export.Options{})
	text, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil || !strings.Contains(string(text), "new0") {
		t.Errorf("%v: %s", err, text)
	}
	m.changes = 100
	other := filepath.Join(t.TempDir(), "out")
	if _, err := export.Run(t.Context(), export.Job{Source: m, Dir: other}, export.Options{}); !errors.Is(err, dataset.ErrChanged) {
		t.Error(err)
	}
	if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	m = &memory{samples: []bson.D{sample(1, "/a/1.png", "")}, added: []bson.D{sample(2, "/a/2.png", "")}}
	if _, report, _ := run(t, m, export.Options{}); len(report.Warnings) != 0 {
		t.Errorf("%+v", report)
	}
}

func TestOverwriteIsRefused(t *testing.T) {
	m := &memory{samples: []bson.D{sample(1, "/a/1.png", "")}}
	dir, _, _ := run(t, m, export.Options{})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	lay(t, dir, "data/1.png")
	reach := func(paths ...string) iter.Seq2[export.Named, error] {
		return func(yield func(export.Named, error) bool) {
			var docs []bson.D
			for i, path := range paths {
				docs = append(docs, sample(i, path, ""))
			}
			yield(export.Named{Name: "other", Source: &memory{samples: docs}}, nil)
		}
	}
	for name, c := range map[string]struct {
		paths []string
		total int64
	}{
		"named":          {[]string{dir + "/data/1.png", dir + "/data/../data/1.png", "/a/1.png"}, 2},
		"through a link": {[]string{link + "/data/1.png"}, 1},
		"not named":      {[]string{"/a/1.png", dir + "-2/1.png", "s3:/" + dir + "/1.png", dir}, 0},
	} {
		_, err := export.Run(t.Context(), export.Job{Source: m, Dir: dir, Reach: reach(c.paths...)}, export.Options{Overwrite: true})
		var refusal *dataset.Refusal
		if c.total == 0 && err != nil || c.total > 0 && (!errors.As(err, &refusal) || refusal.Total != c.total) {
			t.Errorf("%s: %v", name, err)
		}
		if c.total > 0 {
			if _, err := os.Stat(filepath.Join(dir, "data/1.png")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			lay(t, dir, "data/1.png")
		}
	}
	lay(t, dir, "notes.txt")
	if _, err := export.Run(t.Context(), export.Job{Source: m, Dir: dir}, export.Options{Overwrite: true}); !errors.Is(err, dirstore.ErrOccupied) {
		t.Error(err)
	}
}

func TestInvalidUTF8(t *testing.T) {
	m := &memory{samples: []bson.D{sample(1, "/a/\xff.png", "")}}
	dir := filepath.Join(t.TempDir(), "out")
	_, err := export.Run(t.Context(), export.Job{Source: m, Dir: dir}, export.Options{})
	if err == nil || !strings.Contains(err.Error(), "0201") {
		t.Errorf("the document is not named: %v", err)
	}
}
