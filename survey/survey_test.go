package survey_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/survey"
)

type d = bson.D

func raw(t *testing.T, doc any) bson.Raw {
	t.Helper()
	b, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// memory is a dataset in memory that cannot be changed.
type memory struct {
	manifest dataset.Manifest
	parts    map[dataset.Part][]bson.Raw
}

func (m memory) Manifest(context.Context) (dataset.Manifest, error) { return m.manifest, nil }

func (m memory) Update(context.Context, iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	panic("a survey changes nothing")
}

func (m memory) Rows(_ context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		for i, doc := range m.parts[part] {
			found, err := f.Find(part, doc)
			if err != nil {
				yield(dataset.Row{}, err)
				return
			}
			for _, x := range found {
				if !yield(dataset.Row{Part: part, Seq: int64(i), ID: doc.Lookup("_id"), Found: x}, nil) {
					return
				}
			}
		}
	}
}

// source is memory that can also be read whole.
type source struct{ memory }

func (s source) Documents(_ context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		for _, doc := range s.parts[part] {
			if !yield(doc, nil) {
				return
			}
		}
	}
}

func (s source) Result(context.Context, dataset.Run) (io.ReadCloser, error) {
	return nil, dataset.ErrNoResult
}

func example(t *testing.T, docs ...d) memory {
	t.Helper()
	field := func(name string) d {
		return d{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
	}
	m := memory{parts: map[dataset.Part][]bson.Raw{}, manifest: dataset.Manifest{Doc: raw(t, d{
		{Key: "name", Value: "mine"}, {Key: "version", Value: "1.22.1"}, {Key: "media_type", Value: "image"},
		{Key: "app_config", Value: d{{Key: "media_fields", Value: bson.A{"filepath", "thumb"}}}},
		{Key: "sample_fields", Value: bson.A{field("filepath"), field("thumb")}},
		{Key: "saved_views", Value: bson.A{d{{Key: "name", Value: "dogs"}}}},
		{Key: "evaluations", Value: d{{Key: "eval", Value: d{}}}},
	})}}
	for i, doc := range docs {
		m.parts[dataset.Samples] = append(m.parts[dataset.Samples], raw(t, append(d{{Key: "_id", Value: bson.ObjectID{11: byte(i)}}}, doc...)))
	}
	return m
}

func sample(filepath, thumb any) d {
	return d{{Key: "filepath", Value: filepath}, {Key: "thumb", Value: thumb}}
}

func put(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSurvey(t *testing.T) {
	dir := t.TempDir()
	one := put(t, filepath.Join(dir, "1.jpg"), "four")
	put(t, filepath.Join(dir, "rel", "2.jpg"), "seven!!")
	m := example(t,
		sample(one, one), sample(dir+"//1.jpg", nil), sample("rel/2.jpg", "s3://b/t/1"), sample(dir+"/gone", "s3://b/t/2"),
		sample(dir, "https://user:secret@host/x"), sample(nil, ""), sample(`C:\x\y.jpg`, "gs://c/t"),
	)
	var told int64
	r, err := survey.Survey(t.Context(), m, survey.Options{Dir: dir, Progress: func(n int64) { told = n }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "mine" || r.Version != "1.22.1" || r.MediaType != "image" || fmt.Sprint(r.Views, r.Runs) != "[dogs] [evaluations/eval]" {
		t.Errorf("report %+v", r)
	}
	if !maps.Equal(r.Documents, map[dataset.Part]int64{dataset.Samples: 7}) || told != 0 {
		t.Errorf("documents %v, told of %d", r.Documents, told)
	}
	if len(r.Fields) != 2 {
		t.Fatalf("fields %+v", r.Fields)
	}
	f := r.Fields[0]
	f.RemoteBy = nil
	want := survey.Field{Name: "filepath", Values: 7, Local: 6, Empty: 1, Missing: 2, Unreadable: 1, Files: 2, Bytes: 11, Example: one}
	if fmt.Sprint(f) != fmt.Sprint(want) {
		t.Errorf("filepath\n%+v, want\n%+v", f, want)
	}
	f = r.Fields[1]
	if !maps.Equal(f.RemoteBy, map[string]int64{"s3://b": 2, "https://host": 1, "gs://c": 1}) {
		t.Errorf("remote by %v", f.RemoteBy)
	}
	f.RemoteBy = nil
	want = survey.Field{Name: "thumb", Values: 6, Local: 1, Remote: 4, Empty: 1, Example: one}
	if fmt.Sprint(f) != fmt.Sprint(want) {
		t.Errorf("thumb\n%+v, want\n%+v", f, want)
	}
	var kinds []string
	for _, p := range r.Problems {
		kinds = append(kinds, p.Kind)
	}
	if fmt.Sprint(kinds) != "[missing directory missing]" || r.Problems[0].ID == "" || r.Problems[0].Path != dir+"/gone" {
		t.Errorf("problems %+v", r.Problems)
	}
}

func TestNoFiles(t *testing.T) {
	r, err := survey.Survey(t.Context(), example(t, sample("/nowhere/1", nil)), survey.Options{NoFiles: true})
	if err != nil || r.Fields[0].Local != 1 || r.Fields[0].Missing != 0 || len(r.Problems) != 0 {
		t.Errorf("report %+v, %v", r, err)
	}
}

func TestFieldsNarrow(t *testing.T) {
	m := example(t, sample("/nowhere/1", nil), sample("/nowhere/2", "s3://b/2"), sample("/nowhere/3", nil))
	r, err := survey.Survey(t.Context(), source{m}, survey.Options{Fields: []string{"thumb"}})
	if err != nil || len(r.Fields) != 1 || r.Fields[0].Values != 1 || r.Documents[dataset.Samples] != 3 {
		t.Errorf("report %+v, %v", r, err)
	}
	if _, err := survey.Survey(t.Context(), m, survey.Options{Fields: []string{"nope"}}); !errors.Is(err, dataset.ErrUnknownField) {
		t.Errorf("error %v", err)
	}
}

func TestFramesAndTagsAreCounted(t *testing.T) {
	m := example(t, sample("/nowhere/1", nil))
	m.parts[dataset.Frames] = []bson.Raw{raw(t, d{{Key: "_id", Value: 1}}), raw(t, d{{Key: "_id", Value: 2}})}
	m.parts[dataset.Tags] = m.parts[dataset.Frames][:1]
	r, err := survey.Survey(t.Context(), source{m}, survey.Options{NoFiles: true})
	want := map[dataset.Part]int64{dataset.Samples: 1, dataset.Frames: 2, dataset.Tags: 1}
	if err != nil || !maps.Equal(r.Documents, want) {
		t.Errorf("documents %v, %v", r.Documents, err)
	}
}

func TestManyFilesAndBuckets(t *testing.T) {
	dir := t.TempDir()
	var docs []d
	for i := range 5000 {
		path := filepath.Join(dir, fmt.Sprint(i%10))
		if i < 10 {
			put(t, path, "abc")
		}
		docs = append(docs, sample(path, fmt.Sprintf("s3://b%d/x", i)))
	}
	r, err := survey.Survey(t.Context(), example(t, docs...), survey.Options{Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Fields[0]; f.Local != 5000 || f.Files != 10 || f.Bytes != 30 || f.Missing != 0 {
		t.Errorf("filepath %+v", f)
	}
	if by := r.Fields[1].RemoteBy; len(by) != 1001 || by["(others)"] != 4000 {
		t.Errorf("%d buckets, %d in others", len(by), by["(others)"])
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := survey.Survey(ctx, example(t, sample("/nowhere/1", nil)), survey.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
