package datasettest

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// A Create makes an empty sink. What open returns reads the dataset that the
// sink makes; it fails while there is none.
type Create func(t *testing.T) (sink dataset.Sink, open func() (dataset.Source, error))

// RunSink tests the sinks that create makes.
func RunSink(t *testing.T, create Create) {
	t.Run("Copy", func(t *testing.T) { testCopy(t, create) })
	t.Run("Abandon", func(t *testing.T) { testAbandon(t, create) })
}

// A memory is a source that hands out what it holds.
type memory struct {
	Contents
	tags    []bson.Raw
	results map[string]string
	fail    error // after the samples
}

func (m memory) Manifest(context.Context) (dataset.Manifest, error) {
	return dataset.Manifest{Doc: m.Doc}, nil
}

func (m memory) Documents(_ context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		docs := m.Contents.Documents(part)
		if part == dataset.Tags {
			docs = m.tags
		}
		for _, doc := range docs {
			if !yield(doc, nil) {
				return
			}
		}
		if m.fail != nil {
			yield(nil, m.fail)
		}
	}
}

func (m memory) Result(_ context.Context, run dataset.Run) (io.ReadCloser, error) {
	text, ok := m.results[string(run.Family)+"/"+run.Key]
	if !ok {
		return nil, dataset.ErrNoResult
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func source(t *testing.T) memory {
	t.Helper()
	m := memory{Contents: contents(t, texts(30, sample), texts(10, frame))}
	text, err := extjson.Append(nil, m.Doc)
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.NewReplacer(
		`"evaluations": {}`, `"evaluations": {"e": {"key": "e"}, "none": {"key": "none"}}`,
		`"runs": {}`, `"runs": {"e": {"key": "e"}}`).Replace(string(text))
	m.Doc = decode(t, doc)
	m.tags = decodeAll(t, []string{`{"sample_id": "65a000000000000000000001", "start": 1, "tag": "x", "kind": "temporal"}`})
	m.results = map[string]string{"evaluations/e": `{"cls": "x", "v": NaN}`, "runs/e": `{}`}
	return m
}

func testCopy(t *testing.T, create Create) {
	ctx := context.Background()
	src := source(t)
	sink, open := create(t)
	if err := dataset.Copy(ctx, sink, src); err != nil {
		t.Fatal(err)
	}
	got, err := open()
	if err != nil {
		t.Fatal(err)
	}
	check(t, got, dataset.Samples, src.Samples)
	check(t, got, dataset.Frames, src.Frames)
	check(t, got, dataset.Tags, src.tags)
	m, err := got.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	results := 0
	for _, run := range m.Runs() {
		r, err := got.Result(ctx, run)
		if errors.Is(err, dataset.ErrNoResult) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if want := src.results[string(run.Family)+"/"+run.Key]; err != nil || string(text) != want {
			t.Errorf("%v: got %s, %v, want %s", run, text, err, want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		results++
	}
	if results != len(src.results) {
		t.Errorf("%d results, want %d", results, len(src.results))
	}
}

func testAbandon(t *testing.T, create Create) {
	src := source(t)
	src.fail = errors.New("broken source")
	sink, open := create(t)
	if err := dataset.Copy(context.Background(), sink, src); !errors.Is(err, src.fail) {
		t.Errorf("got %v", err)
	}
	if got, err := open(); err == nil {
		t.Errorf("%v is visible before Commit", got)
	}
	if c, ok := sink.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if got, err := open(); err == nil {
		t.Errorf("%v is visible after Close", got)
	}
}
