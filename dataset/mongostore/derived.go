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
	"github.com/medialift/medialift/dataset/savedview"
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
			for _, name := range savedview.Generated(stage) {
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

// derivedRows streams the media values of a generated dataset. Which of its plain
// fields hold paths only the dataset that it was made of knows.
func (s *Store) derivedRows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		g, err := s.derived(ctx, part)
		if err != nil || g == nil {
			if err != nil {
				yield(dataset.Row{}, err)
			}
			return
		}
		own, err := g.copiesFinder(ctx, f)
		if err != nil {
			yield(dataset.Row{}, err)
			return
		}
		frames := slices.Contains(strings.Split(string(part), "."), "frames")
		from := map[string][]string{}
		for row, err := range g.Rows(ctx, dataset.Samples, own) {
			if err == nil {
				row.Part = part
				if from[row.Field] == nil {
					from[row.Field] = sources(row.Field, frames)
				}
				row.From = from[row.Field]
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// copiesFinder finds what a generated dataset has of the media fields of f.
func (s *Store) copiesFinder(ctx context.Context, f *dataset.Finder) (*dataset.Finder, error) {
	m, err := s.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range f.PlainNames() {
		names = append(names, copiesOf(name)...)
	}
	if m, err = m.WithMediaFields(names); err != nil {
		return nil, err
	}
	return dataset.NewFinder(m, nil)
}

// labelLists are the keys of FiftyOne's lists of labels: in a dataset of patches or
// clips, one label stands where its list was.
var labelLists = []string{"detections", "polylines", "keypoints", "classifications"}

// copiesOf are the names that a media field may have in generated datasets: what frames
// hold is in the samples there, and a label of a list may stand alone.
func copiesOf(field string) []string {
	field = strings.TrimPrefix(field, "frames.")
	names := []string{field}
	keys := strings.Split(field, ".")
	for i, key := range keys {
		if i > 0 && slices.Contains(labelLists, key) {
			names = append(names, strings.Join(slices.Delete(slices.Clone(keys), i, i+1), "."))
		}
	}
	return names
}

// sources are the media fields that one of a generated dataset may have been copied
// from, likeliest first.
func sources(field string, frames bool) []string {
	names := []string{field}
	keys := strings.Split(field, ".")
	for i := 1; i <= len(keys); i++ {
		for _, list := range labelLists {
			names = append(names, strings.Join(slices.Insert(slices.Clone(keys), i, list), "."))
		}
	}
	var inFrames []string
	for _, name := range names {
		inFrames = append(inFrames, "frames."+name)
	}
	if frames {
		return slices.Concat(inFrames, names)
	}
	return slices.Concat(names, inFrames)
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
