package mongostore

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
)

// neutral puts zeros in the place of all that a copy has to change.
func neutral(t *testing.T, doc bson.Raw) bson.Raw {
	t.Helper()
	changed := []string{"_id", "_dataset_id", "name", "slug", "sample_collection_name", "frame_collection_name", "results"}
	if doc.Lookup("sample_collection_name").Type == 0 { // no dataset document
		changed = []string{"_dataset_id", "results"}
	}
	edits := []edit{}
	for _, key := range changed {
		if v := doc.Lookup(key); v.Type != 0 && v.Type != bson.TypeNull {
			edits = append(edits, set(key, "neutral"))
		}
	}
	for _, r := range referrers() {
		v := doc.Lookup(r.key)
		inner := must(t)(elements(v))
		if len(inner) == 0 {
			continue
		}
		out := newDocument(0)
		for _, e := range inner {
			inside := neutral(t, e.Value().Document())
			inside, err := edited(inside, set("_id", "neutral"))
			if err != nil {
				t.Fatal(err)
			}
			out = appendEdit(out, setRaw(e.Key(), bson.TypeEmbeddedDocument, inside))
		}
		edits = append(edits, setRaw(r.key, v.Type, endDocument(out)))
	}
	if stages := doc.Lookup("view_stages"); stages.Type == bson.TypeArray {
		out := newDocument(0)
		for _, e := range must(t)(elements(stages)) {
			text := e.Value().StringValue()
			for _, name := range savedview.Generated(text) {
				text = savedview.Renamed(text, savedview.Names{Generated: map[string]string{name: "neutral"}})
			}
			text = regexp.MustCompile(`"dataset_id": "[0-9a-f]{24}"`).ReplaceAllString(text, `"dataset_id": "neutral"`)
			out = appendEdit(out, set(e.Key(), text))
		}
		edits = append(edits, setRaw("view_stages", bson.TypeArray, endDocument(out)))
	}
	out, err := edited(doc, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// generatedNames lists the generated datasets that the views of a dataset name.
func generatedNames(t *testing.T, s *Store) map[string]string {
	t.Helper()
	m, err := s.Manifest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, view := range m.Views() {
		for _, e := range must(t)(elements(view.Lookup("view_stages"))) {
			for _, name := range savedview.Generated(e.Value().StringValue()) {
				names[view.Lookup("name").StringValue()] = name
			}
		}
	}
	return names
}

func must(t *testing.T) func([]bson.RawElement, error) []bson.RawElement {
	return func(all []bson.RawElement, err error) []bson.RawElement {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
}

func all(t *testing.T, s dataset.Source, part dataset.Part) []bson.Raw {
	t.Helper()
	var docs []bson.Raw
	for doc, err := range s.Documents(context.Background(), part) {
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, slices.Clone(doc))
	}
	return docs
}

func result(t *testing.T, s dataset.Source, run dataset.Run) string {
	t.Helper()
	r, err := s.Result(context.Background(), run)
	if errors.Is(err, dataset.ErrNoResult) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
