package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v1_13_0 moves label schemas out of the fields: up drops those that the beta of
// 1.11 and 1.12 kept there, down drops those that the dataset has.
func v1_13_0() dbmigrate.Revision {
	return revision("1.13.0", up1_13_0, down1_13_0)
}

// up1_13_0 leaves the schemas of children where their parent has one, and those of
// frame fields, as FiftyOne does; no version reads them.
func up1_13_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if !slices.ContainsFunc(edit.Docs(s.Doc, "sample_fields"), hasSchema) {
		return nil
	}
	edit.Each(&s.Doc, "sample_fields", func(field *bson.D) {
		if schema, _ := edit.Pop(field, "schema"); !truthy(schema) {
			edit.Each(field, "fields", func(child *bson.D) { edit.Drop(child, "schema") })
		}
	})
	return nil
}

func hasSchema(field bson.D) bool {
	return truthy(edit.Get(field, "schema")) || slices.ContainsFunc(edit.Docs(field, "fields"), func(child bson.D) bool {
		return edit.Get(child, "schema") != nil
	})
}

func down1_13_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if n := len(edit.Doc(s.Doc, "label_schemas")); n > 0 {
		s.Lose("%s", count(n, "label schema"))
	}
	if n := edit.Len(s.Doc, "active_label_schemas"); n > 0 {
		s.Lose("the list of %s", count(n, "active label schema"))
	}
	edit.Drop(&s.Doc, "active_label_schemas", "label_schemas")
	return nil
}
