package mongostore

import (
	"bytes"
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
)

// An indexModel is an index that FiftyOne makes by itself
// (fiftyone.core.dataset, _create_indexes and _create_group_indexes).
type indexModel struct {
	name   string
	keys   bson.D
	unique bool
}

func ascending(key string) indexModel {
	return indexModel{name: key + "_1", keys: bson.D{{Key: key, Value: int32(1)}}}
}

// defaultIndexes lists the indexes that FiftyOne makes for a part.
func defaultIndexes(m dataset.Manifest, part dataset.Part) []indexModel {
	var all []indexModel
	switch part {
	case dataset.Samples:
		all = append(all, ascending("filepath"))
		if group := m.String("group_field"); group != "" {
			all = append(all, ascending(group+"._id"), ascending(group+".name"))
		}
	case dataset.Frames:
		all = append(all, indexModel{
			name:   "_sample_id_1_frame_number_1",
			keys:   bson.D{{Key: "_sample_id", Value: int32(1)}, {Key: "frame_number", Value: int32(1)}},
			unique: true,
		})
	}
	for _, key := range []string{"created_at", "last_modified_at"} { // since 1.0
		if declares(m, part, key) {
			all = append(all, ascending(key))
		}
	}
	return all
}

// spec is the index as createIndexes takes it.
func (i indexModel) spec() bson.D {
	spec := bson.D{{Key: "key", Value: i.keys}, {Key: "name", Value: i.name}}
	if i.unique {
		spec = append(spec, bson.E{Key: "unique", Value: true})
	}
	return spec
}

// matches tells whether spec, as listIndexes answers it, is the index and has no
// options of its own.
func (i indexModel) matches(spec bson.Raw) bool {
	keys, err := bson.Marshal(i.keys)
	if err != nil || !bytes.Equal(spec.Lookup("key").Value, keys) {
		return false
	}
	all, err := spec.Elements()
	if err != nil {
		return false
	}
	unique := false
	for _, e := range all {
		switch e.Key() {
		case "v", "key", "name":
		case "unique":
			unique, _ = e.Value().BooleanOK()
		case "background", "sparse", "hidden":
			if on, ok := e.Value().BooleanOK(); !ok || on {
				return false
			}
		default:
			return false
		}
	}
	return unique == i.unique
}

// userIndexes lists the indexes of the dataset that FiftyOne would not make by
// itself.
func (s *Store) userIndexes(ctx context.Context, m dataset.Manifest) ([]dataset.Index, error) {
	var found []dataset.Index
	for _, part := range dataset.MediaParts() {
		name := s.collection(part)
		if name == "" {
			continue
		}
		cursor, err := s.d.db.Collection(name).Indexes().List(ctx)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return nil, s.d.readError("listing indexes", err)
		}
		var specs []bson.Raw
		if err := cursor.All(ctx, &specs); err != nil {
			return nil, s.d.readError("listing indexes", err)
		}
		known := append(defaultIndexes(m, part), ascending("created_at"), ascending("last_modified_at"))
		for _, spec := range specs {
			if !isKnown(known, spec) {
				found = append(found, dataset.Index{Part: part, Spec: spec})
			}
		}
	}
	return found, nil
}

func isKnown(known []indexModel, spec bson.Raw) bool {
	if name, _ := spec.Lookup("name").StringValueOK(); name == "_id_" {
		return true
	}
	for _, model := range known {
		if model.matches(spec) {
			return true
		}
	}
	return false
}

// isMissing tells whether err says that a collection does not exist.
func isMissing(err error) bool {
	const namespaceNotFound = 26
	var command mongo.CommandError
	return errors.As(err, &command) && command.Code == namespaceNotFound
}

// declares tells whether the schema of a part has a field that is stored under
// key. FiftyOne refuses to load a document with any other.
func declares(m dataset.Manifest, part dataset.Part, key string) bool {
	name := "sample_fields"
	if part == dataset.Frames {
		name = "frame_fields"
	}
	fields, _ := elements(m.Doc.Lookup(name))
	for _, e := range fields {
		field, ok := e.Value().DocumentOK()
		if !ok {
			continue
		}
		stored, _ := field.Lookup("db_field").StringValueOK()
		if stored == "" {
			stored, _ = field.Lookup("name").StringValueOK()
		}
		if stored == key {
			return true
		}
	}
	return false
}

func (w *Writer) makeIndexes(ctx context.Context, m dataset.Manifest) error {
	for _, part := range dataset.MediaParts() {
		name := w.samples
		if part == dataset.Frames {
			name = w.frames
		}
		if name == "" {
			continue
		}
		if err := w.d.createIndexes(ctx, name, partIndexes(m, part)); err != nil {
			return err
		}
	}
	return nil
}
