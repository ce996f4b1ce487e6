package revisions

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_9_4 said of each field under which key its values are stored, and declared the
// fields that every sample and frame has.
func v0_9_4() dbmigrate.Revision {
	return revision("0.9.4", up0_9_4, down0_9_4)
}

func up0_9_4(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectFields(s, "sample_fields", "frame_fields"); err != nil {
		return err
	}
	for _, list := range fieldLists() {
		edit.Each(&s.Doc, list, func(field *bson.D) { edit.Ensure(field, "db_field", storedAs(edit.String(*field, "name"))) })
		for position, field := range ownFields(list) {
			if !hasField(s.Doc, list, edit.String(field, "name")) {
				edit.Insert(&s.Doc, list, position, field)
			}
		}
	}
	return nil
}

func down0_9_4(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	if err := expectFields(s, "sample_fields", "frame_fields"); err != nil {
		return err
	}
	for _, list := range fieldLists() {
		own := ownFields(list)
		if edit.Get(s.Doc, list) == nil {
			edit.Set(&s.Doc, list, bson.A{})
		}
		edit.DeleteItems(&s.Doc, list, func(field bson.D) bool {
			return slices.ContainsFunc(own, func(o bson.D) bool { return edit.Get(o, "name") == edit.Get(field, "name") })
		})
		edit.Each(&s.Doc, list, func(field *bson.D) {
			name := edit.String(*field, "name")
			if key, found := edit.Pop(field, "db_field"); found && key != storedAs(name) {
				s.Lose("that the values of the field %q are stored as %q: older versions, and newer ones later, look for %q", name, key, name)
			}
		})
	}
	return nil
}

// storedAs is the key of a field's values where nothing is said of it.
func storedAs(name string) string {
	if name == "id" {
		return "_id"
	}
	return name
}

// ownFields are the fields that a list got, by their positions.
func ownFields(list string) []bson.D {
	own := []bson.D{ownField("id", "ObjectIdField")}
	if list == "frame_fields" {
		own = append(own, ownField("frame_number", "FrameNumberField"), ownField("_sample_id", "ObjectIdField"))
	}
	return own
}

func ownField(name, kind string) bson.D {
	return bson.D{
		{Key: "name", Value: name},
		{Key: "ftype", Value: fieldType + kind},
		{Key: "subfield", Value: nil},
		{Key: "embedded_doc_type", Value: nil},
		{Key: "db_field", Value: storedAs(name)},
	}
}
