package runner

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// expanded is a dataset's document with the documents that it refers to in place of their
// ids, as far as they are there. byID has these, by collection and IDKey.
func (o *overlay) expanded(ctx context.Context, doc bson.D) (whole bson.D, byID map[string]map[string]bson.D, err error) {
	byID = map[string]map[string]bson.D{}
	refer := func(collection string, id any) (any, error) {
		if _, isDoc := id.(bson.D); isDoc || id == nil {
			return id, nil
		}
		found, err := o.one(ctx, collection, id)
		if found == nil || err != nil {
			return id, err
		}
		if byID[collection] == nil {
			byID[collection] = map[string]bson.D{}
		}
		byID[collection][dbmigrate.IDKey(id)] = found
		return found, nil
	}
	whole = slices.Clone(doc)
	for i, e := range whole {
		if whole[i].Value, err = eachReference(e, refer); err != nil {
			return nil, nil, err
		}
	}
	return whole, byID, nil
}

// eachReference has what a dataset refers to under a key replaced.
func eachReference(e bson.E, replace func(collection string, value any) (any, error)) (any, error) {
	collection := collectionOf(e.Key)
	switch inner := e.Value.(type) {
	case bson.D:
		if collection != "runs" {
			return e.Value, nil
		}
		changed := slices.Clone(inner)
		for i := range changed {
			var err error
			if changed[i].Value, err = replace(collection, changed[i].Value); err != nil {
				return nil, err
			}
		}
		return changed, nil
	case bson.A:
		if collection == "" || collection == "runs" {
			return e.Value, nil
		}
		changed := slices.Clone(inner)
		for i := range changed {
			var err error
			if changed[i], err = replace(collection, changed[i]); err != nil {
				return nil, err
			}
		}
		return changed, nil
	}
	return e.Value, nil
}

// collectionOf is the collection of the documents that a key of a dataset refers to; ""
// for none.
func collectionOf(key string) string {
	switch key {
	case "annotation_runs", "brain_methods", "evaluations", "runs":
		return "runs"
	case "saved_views":
		return "views"
	case "workspaces":
		return "workspaces"
	}
	return ""
}
