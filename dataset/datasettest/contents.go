// Package datasettest is what every store of datasets must do, as tests: [Run]
// for reading and updating, [RunSink] for writing.
package datasettest

import (
	"context"
	"iter"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// A Store is a dataset that can be read and updated.
type Store interface {
	dataset.Source
	dataset.Updater
}

// Contents is what a store under test is to hold.
type Contents struct {
	// Doc is the dataset document.
	Doc             bson.Raw
	Samples, Frames []bson.Raw
}

// Documents returns the documents of one part.
func (c Contents) Documents(part dataset.Part) []bson.Raw {
	switch part {
	case dataset.Samples:
		return c.Samples
	case dataset.Frames:
		return c.Frames
	}
	return nil
}

// contents makes Contents of the texts of samples and frames.
func contents(t *testing.T, samples, frames []string) Contents {
	t.Helper()
	const doc = `{"name": "under-test", "version": "1.22.1", "media_type": "video",
		"sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}], "frame_fields": [],
		"app_config": {"media_fields": ["filepath"]},
		"saved_views": [], "workspaces": [], "annotation_runs": {}, "brain_methods": {}, "evaluations": {}, "runs": {}}`
	return Contents{Doc: decode(t, doc), Samples: decodeAll(t, samples), Frames: decodeAll(t, frames)}
}

func decode(t *testing.T, text string) bson.Raw {
	t.Helper()
	doc, err := extjson.Decode(nil, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

func decodeAll(t *testing.T, texts []string) []bson.Raw {
	t.Helper()
	var docs []bson.Raw
	for _, text := range texts {
		docs = append(docs, decode(t, text))
	}
	return docs
}

// check compares the documents of a store with wanted ones.
func check(t *testing.T, s dataset.Source, part dataset.Part, want []bson.Raw) {
	t.Helper()
	i := 0
	for doc, err := range s.Documents(context.Background(), part) {
		if err != nil {
			t.Fatalf("%s: %v", part, err)
		}
		if i < len(want) && string(doc) != string(want[i]) {
			t.Errorf("%s %d:\ngot  %s\nwant %s", part, i, doc, want[i])
		}
		i++
	}
	if i != len(want) {
		t.Errorf("got %d %s, want %d", i, part, len(want))
	}
}

// Rows lists the media values of a dataset, samples before frames.
func Rows(t testing.TB, s dataset.Updater) []dataset.Row {
	t.Helper()
	var list []dataset.Row
	for _, part := range dataset.MediaParts() {
		for _, row := range rows(t, s, part) {
			if !row.Missing {
				list = append(list, row)
			}
		}
	}
	return list
}

// rows lists the media values of one part, missing ones too.
func rows(t testing.TB, s dataset.Updater, part dataset.Part) []dataset.Row {
	t.Helper()
	ctx := context.Background()
	m, err := s.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := dataset.NewFinder(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []dataset.Row
	for row, err := range s.Rows(ctx, part, f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	return list
}

// update applies changes and returns the outcomes by the _id of the document.
func update(t *testing.T, s dataset.Updater, changes ...dataset.Change) map[string]dataset.Outcome {
	t.Helper()
	outcomes := map[string]dataset.Outcome{}
	for o, err := range s.Update(context.Background(), sequence(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		key := string(o.Change.Part) + " " + o.Change.ID.String()
		if _, ok := outcomes[key]; ok {
			t.Errorf("%s has two outcomes", key)
		}
		outcomes[key] = o
	}
	if len(outcomes) != len(changes) {
		t.Errorf("%d outcomes of %d changes", len(outcomes), len(changes))
	}
	return outcomes
}

func sequence(changes []dataset.Change) iter.Seq[dataset.Change] { return slices.Values(changes) }
