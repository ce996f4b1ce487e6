package upload_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// A sample is the media values of one document of a memory dataset, by field.
type sample map[string]string

// A memory is a dataset of samples in memory. It has the plain media fields
// filepath and thumb.
type memory struct{ samples []sample }

var memoryFields = []string{dataset.FilepathField, "thumb"}

// Manifest returns a manifest that declares the fields.
func (m *memory) Manifest(context.Context) (dataset.Manifest, error) {
	doc, err := extjson.Decode(nil, []byte(`{"name": "memory", "version": "1.22.1", "media_type": "image",
		"app_config": {"media_fields": ["filepath", "thumb"]}, "frame_fields": [], "sample_fields": [
		{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"},
		{"name": "thumb", "ftype": "fiftyone.core.fields.StringField"}]}`))
	return dataset.Manifest{Doc: doc}, err
}

// Rows streams the samples' values.
func (m *memory) Rows(_ context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		if part != dataset.Samples {
			return
		}
		for i, s := range m.samples {
			for _, field := range memoryFields {
				value, ok := s[field]
				if !ok || !f.Selects(dataset.MediaField{Name: field}) {
					continue
				}
				row := dataset.Row{Part: part, Seq: int64(i), ID: memoryID(i),
					Found: dataset.Found{Field: field, At: dataset.Pointer("").Key(field), Value: value}}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// Update applies the changes as they come.
func (m *memory) Update(_ context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		for c := range changes {
			if !yield(dataset.Outcome{Change: c, Status: m.change(c)}, nil) {
				return
			}
		}
	}
}

func (m *memory) change(c dataset.Change) dataset.Status {
	for i, s := range m.samples {
		if !memoryID(i).Equal(c.ID) {
			continue
		}
		status := dataset.Already
		for _, set := range c.Sets {
			switch s[strings.TrimPrefix(string(set.At), "/")] {
			case set.New:
			case set.Old:
				status = dataset.Changed
			default:
				return dataset.Conflict
			}
		}
		for _, set := range c.Sets {
			s[strings.TrimPrefix(string(set.At), "/")] = set.New
		}
		return status
	}
	return dataset.NotFound
}

func memoryID(i int) bson.RawValue {
	oid := bson.ObjectID{10: byte(i >> 8), 11: byte(i)}
	return bson.RawValue{Type: bson.TypeObjectID, Value: oid[:]}
}

// write makes a file below dir and returns its path.
func write(t testing.TB, dir, rel, content string) string {
	t.Helper()
	path := filepath.Join(dir, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newJob makes a job of samples with a ledger of its own. Its target is in
// memory.
func newJob(t testing.TB, dir, target string, samples ...sample) upload.Job {
	t.Helper()
	ledgers, err := ledger.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run, err := ledgers.Begin(context.Background(), ledger.Identity{Command: "upload", Dataset: fmt.Sprint(len(samples))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Close() })
	return upload.Job{
		Dataset: &memory{samples}, Name: "memory", Dir: dir, Target: target,
		Open: open.New(open.Options{}).Open, Ledger: run,
	}
}
