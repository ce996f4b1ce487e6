package mongostore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// Saved views of patches, clips or frames name, in a stage's argument "_state",
// the dataset that FiftyOne generated to hold them. In a database that has a
// dataset of that name already, two datasets would share it, and deleting one
// would take it from the other: so the name is made a fresh one. FiftyOne
// generates a dataset that is not there when the view is loaded.

// renameGenerated finds fresh names for the generated datasets of m that are
// taken.
func (w *Writer) renameGenerated(ctx context.Context, m dataset.Manifest) error {
	for _, view := range m.Views() {
		stages, err := elements(view.Lookup("view_stages"))
		if err != nil {
			return err
		}
		for _, stage := range stages {
			text, _ := stage.Value().StringValueOK()
			name, _ := generatedName(text)
			if name == "" || w.renamed[name] != "" {
				continue
			}
			fresh, err := w.freshName(ctx, name)
			if err != nil {
				return err
			}
			if fresh != name {
				w.renamed[name] = fresh
			}
		}
	}
	return nil
}

// freshName makes a name that is free the way FiftyOne does
// (fiftyone.core.dataset, make_unique_dataset_name).
func (w *Writer) freshName(ctx context.Context, name string) (string, error) {
	for fresh := name; ; fresh = name + "_" + strings.ToLower(rand.Text()[:6]) {
		either := bson.A{bson.D{{Key: "name", Value: fresh}}}
		if slug, err := Slug(fresh); err == nil {
			either = append(either, bson.D{{Key: "slug", Value: slug}})
		}
		n, err := w.d.db.Collection(datasetsName).CountDocuments(ctx, bson.D{{Key: "$or", Value: either}})
		if err != nil {
			return "", w.d.readError("looking for generated datasets", err)
		}
		if n == 0 && fresh != w.name {
			return fresh, nil
		}
	}
}

// viewEdits are the edits of a saved view on its way into the database.
func (w *Writer) viewEdits(view bson.Raw) ([]edit, error) {
	v := view.Lookup("view_stages")
	stages, err := elements(v)
	if err != nil || len(w.renamed) == 0 {
		return nil, err
	}
	out := newDocument(len(v.Value))
	for i, stage := range stages {
		text, ok := stage.Value().StringValueOK()
		name, at := generatedName(text)
		fresh := w.renamed[name]
		if !ok || fresh == "" {
			out = append(out, stage...)
			continue
		}
		text = text[:at.Start] + string(extjson.AppendString(nil, fresh)) + text[at.End:]
		out = appendEdit(out, set(strconv.Itoa(i), text))
	}
	return []edit{setRaw("view_stages", v.Type, endDocument(out))}, nil
}

// generatedName finds the name of a generated dataset, and the place of its
// token, in the JSON of a view stage: {"_cls": …, "kwargs": [["_state", {"name":
// …}]]}. It is empty where there is none.
func generatedName(stage string) (string, extjson.Span) {
	if !strings.Contains(stage, `"_state"`) {
		return "", extjson.Span{}
	}
	var parsed struct {
		Kwargs [][]json.RawMessage `json:"kwargs"`
	}
	if err := json.Unmarshal([]byte(stage), &parsed); err != nil {
		return "", extjson.Span{}
	}
	for i, kwarg := range parsed.Kwargs {
		if len(kwarg) != 2 || string(kwarg[0]) != `"_state"` {
			continue
		}
		var tree extjson.Tree
		tree.Add(slices.Values([]string{"kwargs", fmt.Sprint(i), "1", "name"}))
		spans, err := tree.Locate(nil, []byte(stage))
		if err != nil || spans[0] == (extjson.Span{}) {
			return "", extjson.Span{}
		}
		name, err := extjson.Unquote(spans[0].Of([]byte(stage)))
		if err != nil { // null: nothing was generated yet
			return "", extjson.Span{}
		}
		return name, spans[0]
	}
	return "", extjson.Span{}
}
