package revisions

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// v1_0_0 brought the times at which samples and frames were created and last
// modified, and read-only fields.
func v1_0_0() dbmigrate.Revision {
	return revision("1.0.0", up1_0_0, nil)
}

func up1_0_0(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
	now := bson.NewDateTimeFromTime(s.Now)
	if edit.Get(s.Doc, "last_modified_at") == nil {
		edit.Set(&s.Doc, "last_modified_at", now)
	}
	for _, list := range fieldLists() {
		if edit.Len(s.Doc, list) == 0 {
			continue
		}
		added, err := addTimes(s, list)
		if err != nil {
			return err
		}
		collection := collectionOf(s.Doc, list)
		if collection == "" || len(added) == 0 {
			continue
		}
		values := bson.D{}
		for _, name := range added {
			if name == "created_at" {
				values = append(values, bson.E{Key: name, Value: timeOfID()})
			} else {
				values = append(values, bson.E{Key: name, Value: now})
			}
		}
		s.Add(setAll(collection, values))
	}
	return nil
}

// timeOfID is the time in an _id, null where it holds none: an ObjectId alone does
// for certain, and FiftyOne fails on others, halfway through the collection.
func timeOfID() bson.D {
	return bson.D{{Key: "$convert", Value: bson.D{
		{Key: "input", Value: "$_id"}, {Key: "to", Value: "date"}, {Key: "onError", Value: nil},
	}}}
}

// addTimes adds the two fields to a list where they are missing and returns the
// names of those.
func addTimes(s *dbmigrate.State, list string) ([]string, error) {
	names := []string{"created_at", "last_modified_at"}
	for _, field := range edit.Docs(s.Doc, list) {
		name, kind := edit.String(field, "name"), edit.Get(field, "ftype")
		if (name == names[0] || name == names[1]) && kind != fieldType+"DateTimeField" {
			return nil, dbmigrate.Refuse("rename or delete the field with the FiftyOne version that the dataset has, then migrate it",
				"%s has a field %q of type %v, where 1.0.0 keeps its own of type %sDateTimeField", list, name, kind, fieldType)
		}
	}
	edit.Each(&s.Doc, list, func(field *bson.D) {
		if name := edit.String(*field, "name"); name == names[0] || name == names[1] {
			edit.Set(field, "read_only", true)
		} else {
			edit.Ensure(field, "read_only", false)
		}
	})
	var added []string
	for _, name := range names {
		if !hasField(s.Doc, list, name) {
			edit.Append(&s.Doc, list, append(topField(name, "DateTimeField"), bson.E{Key: "read_only", Value: true}))
			added = append(added, name)
		}
	}
	return added, nil
}
