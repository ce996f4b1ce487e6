package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// topField is a field as 0.20.0 and later add it to a dataset.
func topField(name, kind string) bson.D {
	return bson.D{
		{Key: "name", Value: name},
		{Key: "ftype", Value: fieldType + kind},
		{Key: "embedded_doc_type", Value: nil},
		{Key: "subfield", Value: nil},
		{Key: "fields", Value: bson.A{}},
		{Key: "db_field", Value: name},
		{Key: "description", Value: nil},
		{Key: "info", Value: nil},
	}
}

func hasField(doc bson.D, list, name string) bool {
	return slices.ContainsFunc(edit.Docs(doc, list), func(field bson.D) bool { return edit.Get(field, "name") == name })
}

// collectionOf names the collection whose fields a list describes, "" where the
// dataset has none.
func collectionOf(doc bson.D, list string) string {
	if list == "frame_fields" {
		return edit.String(doc, "frame_collection_name")
	}
	return edit.String(doc, "sample_collection_name")
}

// ownerOf finds whose the documents are that a list describes. A dataset of clips
// shares the frames of the dataset it was made from, and they stay that one's; where
// that one is gone, they are this one's.
func ownerOf(ctx context.Context, reader dbmigrate.Reader, s *dbmigrate.State, list string) (any, error) {
	frames := edit.String(s.Doc, "frame_collection_name")
	if list != "frame_fields" || frames == "frames."+edit.String(s.Doc, "sample_collection_name") {
		return s.ID(), nil
	}
	query := dbmigrate.Query{Filter: bson.D{{Key: "sample_collection_name", Value: frames[min(len(frames), len("frames.")):]}}, Fields: []string{"frame_collection_name"}}
	source, err := dbmigrate.First(ctx, reader, "datasets", query)
	if err != nil || source == nil {
		return s.ID(), err
	}
	return edit.Get(source, "_id"), nil
}

// setAll sets fields in all documents of a collection. The values are expressions.
func setAll(collection string, values bson.D) dbmigrate.UpdateAll {
	return dbmigrate.UpdateAll{Collection: collection, Filter: bson.D{}, Update: bson.A{bson.D{{Key: "$set", Value: values}}}}
}

// integer is the value of a BSON integer, -1 for anything else.
func integer(value any) int64 {
	switch v := value.(type) {
	case int32:
		return int64(v)
	case int64:
		return v
	}
	return -1
}
