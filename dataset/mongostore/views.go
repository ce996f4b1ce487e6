package mongostore

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
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
			for _, name := range savedview.Generated(text) {
				if w.renamed[name] != "" {
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

// viewEdits are the edits of a saved view of m on its way into the database: what its
// stages say of m itself, as Concat does, is about the new dataset then.
func (w *Writer) viewEdits(m dataset.Manifest, view bson.Raw) ([]edit, error) {
	v := view.Lookup("view_stages")
	stages, err := elements(v)
	if err != nil {
		return nil, err
	}
	names := savedview.Names{Generated: w.renamed, NewID: w.id.Hex(), OldName: m.Name(), NewName: w.name}
	if id, ok := m.Doc.Lookup("_id").ObjectIDOK(); ok {
		names.OldID = id.Hex()
	}
	out, changed := newDocument(len(v.Value)), false
	for i, stage := range stages {
		text, ok := stage.Value().StringValueOK()
		renamed := savedview.Renamed(text, names)
		if !ok || renamed == text {
			out = append(out, stage...)
			continue
		}
		changed = true
		out = appendEdit(out, set(strconv.Itoa(i), renamed))
	}
	if !changed {
		return nil, nil
	}
	return []edit{setRaw("view_stages", v.Type, endDocument(out))}, nil
}
