package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v0_6_5 renamed the field of samples that says their media type.
func v0_6_5() dbmigrate.Revision {
	return revision("0.6.5", rename0_6_5("media_type", "_media_type"), rename0_6_5("_media_type", "media_type"))
}

func rename0_6_5(old, name string) dbmigrate.Step {
	return func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
		if err := expectFields(s, "sample_fields"); err != nil {
			return err
		}
		samples, err := samplesOf(s)
		if err != nil {
			return err
		}
		if hasField(s.Doc, "sample_fields", old) && hasField(s.Doc, "sample_fields", name) {
			s.Lose("the values of the field %q, which gets those of %q", name, old)
		}
		edit.Each(&s.Doc, "sample_fields", func(field *bson.D) {
			if edit.Get(*field, "name") == old {
				edit.Set(field, "name", name)
			}
		})
		s.Add(dbmigrate.UpdateAll{Collection: samples, Filter: bson.D{}, Update: bson.D{{Key: "$rename", Value: bson.D{{Key: old, Value: name}}}}})
		return nil
	}
}
