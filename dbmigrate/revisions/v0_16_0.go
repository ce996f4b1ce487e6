package revisions

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_16_0 writes the schemas of embedded documents into the fields, from fixed
// tables: what a dataset's own documents hold beyond them is not in any schema
// below 0.16.
func v0_16_0() dbmigrate.Revision {
	return revision("0.16.0", up0_16_0, down0_16_0)
}

func up0_16_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	resetSchemas(s, schemaOf)
	edit.Set(&s.Doc, "app_sidebar_groups", nil)
	return nil
}

func down0_16_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	schemas := 0
	for _, list := range fieldLists() {
		edit.Each(&s.Doc, list, func(field *bson.D) {
			if list == "sample_fields" && edit.Get(*field, "name") == "metadata" {
				edit.Set(field, "embedded_doc_type", metadataType+"Metadata")
			}
			schemas += min(1, edit.Len(*field, "fields"))
			edit.Drop(field, "fields")
		})
	}
	if schemas > 0 {
		s.Lose("the schemas below %s: dynamic attributes are no longer declared", count(schemas, "field"))
	}
	if edit.Len(s.Doc, "app_sidebar_groups") > 0 {
		s.Lose("the app's sidebar groups")
	}
	edit.Drop(&s.Doc, "app_sidebar_groups")
	return nil
}

// fieldLists are the keys under which a dataset lists its fields.
func fieldLists() []string { return []string{"sample_fields", "frame_fields"} }

const (
	fieldType    = "fiftyone.core.fields."
	labelType    = "fiftyone.core.labels."
	metadataType = "fiftyone.core.metadata."
	embedded     = fieldType + "EmbeddedDocumentField"
)

// resetSchemas gives every field the schema of its type, whatever it had, as
// FiftyOne does at 0.16.0 and again at 0.16.1.
func resetSchemas(s *dbmigrate.State, schema func(docType string) bson.A) {
	lost := 0
	for _, list := range fieldLists() {
		edit.Each(&s.Doc, list, func(field *bson.D) {
			if list == "sample_fields" && edit.Get(*field, "name") == "metadata" {
				edit.Set(field, "embedded_doc_type", metadataType+metadataOf(edit.String(s.Doc, "media_type")))
			}
			if docType, has := strings.CutPrefix(edit.String(*field, "embedded_doc_type"), "fiftyone.core.odm.document."); has {
				edit.Set(field, "embedded_doc_type", "fiftyone.core.odm.embedded_document."+docType) // where 0.16.0 has these
			}
			fields := bson.A{}
			// FiftyOne means to look into the collection, and finds nothing without.
			if edit.String(*field, "ftype") == embedded && collectionOf(s.Doc, list) != "" {
				fields = schema(edit.String(*field, "embedded_doc_type"))
			}
			if edit.Len(*field, "fields") > 0 && dbmigrate.IDKey(edit.Get(*field, "fields")) != dbmigrate.IDKey(fields) {
				lost++
			}
			edit.Set(field, "fields", fields)
		})
	}
	if lost > 0 {
		s.Lose("the schemas below %s: they become those of their types, without dynamic attributes", count(lost, "field"))
	}
}

func metadataOf(mediaType string) string {
	switch mediaType {
	case "image":
		return "ImageMetadata"
	case "video":
		return "VideoMetadata"
	}
	return "Metadata"
}
