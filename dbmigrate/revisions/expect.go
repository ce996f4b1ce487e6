package revisions

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

const byHand = "mend the dataset's document by hand, or leave this dataset out"

// expectFields refuses a dataset whose lists of fields hold what is no field. Null
// and no list at all are lists without fields.
func expectFields(s *dbmigrate.State, lists ...string) error {
	for _, list := range lists {
		value := edit.Get(s.Doc, list)
		items, isList := value.(bson.A)
		if !isList && value != nil {
			return dbmigrate.Refuse(byHand, "its %s is %s, not a list", list, typeOf(value))
		}
		for i, item := range items {
			field, isDoc := item.(bson.D)
			if !isDoc {
				return dbmigrate.Refuse(byHand, "item %d of its %s is %s, not a field", i, list, typeOf(item))
			}
			if _, isText := edit.Get(field, "name").(string); !isText {
				return dbmigrate.Refuse(byHand, "item %d of its %s has no name", i, list)
			}
		}
	}
	return nil
}

// expectRuns refuses a dataset whose maps of runs hold what is no run. Null and no
// map at all are maps without runs.
func expectRuns(s *dbmigrate.State, maps ...string) error {
	for _, key := range maps {
		value := edit.Get(s.Doc, key)
		runs, isDoc := value.(bson.D)
		if !isDoc && value != nil {
			return dbmigrate.Refuse(byHand, "its %s is %s, not a map of runs", key, typeOf(value))
		}
		for _, run := range runs {
			if _, isDoc := run.Value.(bson.D); !isDoc {
				return dbmigrate.Refuse(byHand, "%q in its %s is %s, not a run", run.Key, key, typeOf(run.Value))
			}
		}
	}
	return nil
}

// expectConfigs is expectRuns where a step reads how runs are configured. Null is no
// configuration.
func expectConfigs(s *dbmigrate.State, key string) error {
	if err := expectRuns(s, key); err != nil {
		return err
	}
	for _, run := range edit.Doc(s.Doc, key) {
		if doc, isDoc := run.Value.(bson.D); isDoc {
			if config := edit.Get(doc, "config"); config != nil && edit.Doc(doc, "config") == nil {
				return dbmigrate.Refuse(byHand, "the config of %q in its %s is %s, not a document", run.Key, key, typeOf(config))
			}
		}
	}
	return nil
}

// samplesOf names the collection of a dataset's samples, and refuses a dataset that
// does not.
func samplesOf(s *dbmigrate.State) (string, error) {
	name := edit.String(s.Doc, "sample_collection_name")
	if name == "" {
		return "", dbmigrate.Refuse(byHand, "it names no collection of samples")
	}
	return name, nil
}

// framesOf names the collection that held the frames of samples before 0.14.0.
func framesOf(samples string) string { return "frames." + samples }

// typeOf is the type of a value in words: "a string".
func typeOf(value any) string {
	if value == nil {
		return "null"
	}
	kind, _, err := bson.MarshalValue(value)
	if err != nil {
		return fmt.Sprintf("a %T", value)
	}
	name := kind.String()
	switch name[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + name
	}
	return "a " + name
}
