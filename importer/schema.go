package importer

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A schema knows which keys documents may have at the top. A single document
// with another one keeps FiftyOne from loading the dataset (FieldDoesNotExist,
// mongoengine.base.document).
type schema map[dataset.Part]map[string]bool

func newSchema(m dataset.Manifest) schema {
	return schema{dataset.Samples: keys(m.Doc.Lookup("sample_fields")), dataset.Frames: keys(m.Doc.Lookup("frame_fields"))}
}

// keys lists the keys that a schema declares, and those that FiftyOne declares
// itself where an old schema does not. It is nil where there is no schema.
func keys(fields bson.RawValue) map[string]bool {
	list, ok := fields.ArrayOK()
	if !ok {
		return nil
	}
	values, err := list.Values()
	if err != nil || len(values) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, key := range []string{"_id", "_rand", "_media_type", "_dataset_id", "_sample_id", "frame_number", "created_at", "last_modified_at"} {
		known[key] = true
	}
	for _, v := range values {
		field, _ := v.DocumentOK()
		name, _ := field.Lookup("name").StringValueOK()
		key, _ := field.Lookup("db_field").StringValueOK()
		if key == "" {
			key = name
		}
		known[key] = true
	}
	return known
}

// check is a dataset.Edit that changes nothing.
func (s schema) check(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
	known := s[part]
	if known == nil {
		return doc, nil
	}
	elements, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	for _, e := range elements {
		if !known[e.Key()] {
			return nil, fmt.Errorf("%w: %s has a field %q that its schema in metadata.json does not declare; FiftyOne would not load the dataset",
				dataset.ErrMalformed, describe(doc), e.Key())
		}
	}
	return doc, nil
}

func describe(doc bson.Raw) string { return "the document with _id " + idText(doc.Lookup("_id")) }

func idText(id bson.RawValue) string {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return id.String()
}
