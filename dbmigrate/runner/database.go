package runner

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// Database is what a database says of itself.
type Database struct {
	Version string // "" where it says nothing: FiftyOne then takes it for as new as itself
	Type    string // "" where it says nothing: FiftyOne then takes it for its own, "fiftyone"
	doc     bson.D
	older   bson.A // the ids of further documents where there should be one
}

// Database reads the collection config. Where it has several documents, the one
// with the greatest _id counts, as in FiftyOne.
func (r *Runner) Database(ctx context.Context) (Database, error) {
	var found Database
	for doc, err := range r.Reader().Find(ctx, dbmigrate.Config, dbmigrate.Query{Reverse: true}) {
		if err != nil {
			return Database{}, err
		}
		var known struct {
			ID            any `bson:"_id"`
			Version, Type any
		}
		raw, err := bson.Marshal(doc)
		if err == nil {
			err = bson.Unmarshal(raw, &known)
		}
		if err != nil {
			return Database{}, err
		}
		if found.doc == nil {
			found = Database{Version: spell(known.Version), Type: spell(known.Type), doc: doc}
		} else {
			found.older = append(found.older, known.ID)
		}
	}
	return found, nil
}

// PlanDatabase plans the way of the database itself to a version: its own
// revisions and the document in which it says its version and type, which is made
// where there is none. The type stays what it is.
func (r *Runner) PlanDatabase(ctx context.Context, version string) (*dbmigrate.Plan, error) {
	current, err := r.Database(ctx)
	if err != nil {
		return nil, err
	}
	doc := current.doc
	if doc == nil {
		doc = bson.D{{Key: "_id", Value: bson.NewObjectID()}}
	}
	plan, err := r.database.PlanDatabase(ctx, r.Reader(), doc, version, dbmigrate.Env{})
	if err != nil {
		return nil, err
	}
	plan.New = current.doc == nil
	if len(current.older) > 0 {
		plan.Last = append(plan.Last, dbmigrate.Delete{Collection: dbmigrate.Config, IDs: current.older})
	}
	return plan, nil
}
