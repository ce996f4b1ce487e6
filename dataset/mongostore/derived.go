package mongostore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
)

// Datasets behind views are parts of the dataset that the views are of, by the
// names of their collections of samples.

// isDerived tells the names of such collections: patches.ID, clips.ID, frames.ID.
func isDerived(part dataset.Part) bool {
	kind, rest, _ := strings.Cut(string(part), ".")
	return rest != "" && slices.Contains([]string{"patches", "clips", "frames"}, kind) && !strings.HasPrefix(rest, "samples.")
}

// Derived names the collections of the datasets that FiftyOne generated for the
// dataset's saved views.
func (s *Store) Derived(ctx context.Context) ([]dataset.Part, error) {
	doc, err := s.document(ctx)
	if err != nil {
		return nil, err
	}
	doc, _, err = s.d.expand(ctx, doc)
	if err != nil {
		return nil, err
	}
	names := bson.A{}
	for _, view := range (dataset.Manifest{Doc: doc}).Views() {
		stages, err := elements(view.Lookup("view_stages"))
		if err != nil {
			return nil, err
		}
		for _, e := range stages {
			stage, _ := e.Value().StringValueOK()
			if name, _ := generatedName(stage); name != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var parts []dataset.Part
	values := s.d.db.Collection(datasetsName).Distinct(ctx, "sample_collection_name", bson.D{{Key: "name", Value: bson.D{{Key: "$in", Value: names}}}})
	if err := values.Decode(&parts); err != nil {
		return nil, s.d.readError("looking for generated datasets", err)
	}
	return slices.DeleteFunc(parts, func(p dataset.Part) bool { return !isDerived(p) }), nil
}

// derived opens the generated dataset of a part; nil where it is gone.
func (s *Store) derived(ctx context.Context, part dataset.Part) (*Store, error) {
	if !isDerived(part) {
		return nil, fmt.Errorf("dataset has no part %q", part)
	}
	doc, err := s.d.db.Collection(datasetsName).FindOne(ctx, bson.D{{Key: "sample_collection_name", Value: string(part)}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, s.d.readError("reading a generated dataset", err)
	}
	return s.d.store(doc)
}

// derivedRows streams the media values of a generated dataset that are copies of
// what f finds.
func (s *Store) derivedRows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		g, err := s.derived(ctx, part)
		if err != nil || g == nil {
			if err != nil {
				yield(dataset.Row{}, err)
			}
			return
		}
		m, err := g.Manifest(ctx)
		if err != nil {
			yield(dataset.Row{}, err)
			return
		}
		own, err := dataset.NewFinder(m, nil)
		if err != nil {
			yield(dataset.Row{}, err)
			return
		}
		known := f.Fields()
		for row, err := range g.Rows(ctx, dataset.Samples, own) {
			if err == nil {
				row.Part = part
				row.Field = original(row.Field, known, strings.HasPrefix(string(part), "frames."))
			}
			if row.Field == "" && err == nil {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// original is the media field that one of a generated dataset was made of: a
// Detection of patches is one of a list, and what frames hold was in frames.
func original(field string, known []dataset.MediaField, frames bool) string {
	own, ofFrames := []string{field, field + ".detections"}, []string{"frames." + field, "frames." + field + ".detections"}
	if frames {
		own, ofFrames = ofFrames, own
	}
	for _, name := range append(own, ofFrames...) {
		if slices.ContainsFunc(known, func(f dataset.MediaField) bool { return f.Name == name }) {
			return name
		}
	}
	return ""
}

// originals are the _ids of the documents that one of a generated dataset may be made
// of: a frame of frames.ID has the _id of the frame (fiftyone.core.video,
// make_frames_dataset), and all name their sample, those of frames' patches the frame too.
func originals(doc bson.Raw) []bson.RawValue {
	var ids []bson.RawValue
	for _, key := range []string{"_id", "_frame_id", "_sample_id"} {
		if id := doc.Lookup(key); id.Type != 0 {
			id.Value = slices.Clone(id.Value)
			ids = append(ids, id)
		}
	}
	return ids
}
