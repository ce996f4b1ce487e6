package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A referrer is a key of the dataset document that refers to documents of
// another collection: by a list or, for runs, by a document of keys.
type referrer struct {
	key, collection, kind string
	list                  bool
}

func referrers() []referrer {
	all := []referrer{
		{"saved_views", viewsName, "saved view", true},
		{"workspaces", workspacesName, "workspace", true},
	}
	for _, family := range dataset.Families() {
		all = append(all, referrer{string(family), runsName, "run", false})
	}
	return all
}

// reference tells the _id that a value refers to. Datasets that a FiftyOne of
// before 0.19 wrote hold documents in the place of references.
func reference(v bson.RawValue) (bson.RawValue, bool) {
	if v.Type == bson.TypeObjectID {
		return v, true
	}
	if doc, ok := v.DocumentOK(); ok {
		if id := doc.Lookup("$id"); id.Type != 0 && doc.Lookup("$ref").Type == bson.TypeString {
			return id, true // mongoengine's DBRef
		}
	}
	return bson.RawValue{}, false
}

// expand puts documents in the place of references, as an export has them.
func (d *Database) expand(ctx context.Context, doc bson.Raw) (bson.Raw, []dataset.Problem, error) {
	var edits []edit
	var problems []dataset.Problem
	for _, r := range referrers() {
		v := doc.Lookup(r.key)
		refs, err := elements(v)
		if err != nil {
			return nil, nil, err
		}
		if len(refs) == 0 {
			continue
		}
		found, err := d.referred(ctx, r.collection, refs)
		if err != nil {
			return nil, nil, err
		}
		out := newDocument(1 << 10)
		n := 0
		for _, e := range refs {
			value := e.Value()
			if id, ok := reference(value); ok {
				target, exists := found[string(id.Value)]
				if !exists {
					problems = append(problems, dangling(r, e.Key(), id))
					continue
				}
				value = bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: target}
				if r.collection == runsName && d.lostResults(ctx, target) {
					problems = append(problems, dataset.Problem{Kind: "dangling", Field: r.key, Path: e.Key(),
						Hint: "the stored results of this run are gone"})
				}
			}
			key := e.Key()
			if r.list {
				key = fmt.Sprint(n)
			}
			out = appendValue(out, key, value)
			n++
		}
		edits = append(edits, setRaw(r.key, v.Type, endDocument(out)))
	}
	expanded, err := edited(doc, edits...)
	return expanded, problems, err
}

func dangling(r referrer, key string, id bson.RawValue) dataset.Problem {
	p := dataset.Problem{Kind: "dangling", Field: r.key, Hint: "the dataset refers to a " + r.kind + " that is gone"}
	if !r.list {
		p.Path = key
	}
	if oid, ok := id.ObjectIDOK(); ok {
		p.ID = oid.Hex()
	}
	return p
}

// referred reads the documents that references lead to, by the bytes of _id.
func (d *Database) referred(ctx context.Context, collection string, refs []bson.RawElement) (map[string]bson.Raw, error) {
	ids := bson.A{}
	for _, e := range refs {
		if id, ok := reference(e.Value()); ok {
			ids = append(ids, id)
		}
	}
	found := map[string]bson.Raw{}
	if len(ids) == 0 {
		return found, nil
	}
	cursor, err := d.db.Collection(collection).Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
	if err != nil {
		return nil, d.readError("reading "+collection, err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, d.readError("reading "+collection, err)
	}
	for _, doc := range docs {
		found[string(doc.Lookup("_id").Value)] = doc
	}
	return found, nil
}

// lostResults tells whether a run names results that are not there. Where that
// cannot be found out, reading them will say so.
func (d *Database) lostResults(ctx context.Context, run bson.Raw) bool {
	id := run.Lookup("results")
	if id.Type == 0 || id.Type == bson.TypeNull {
		return false
	}
	n, err := d.db.Collection(filesName).CountDocuments(ctx, bson.D{{Key: "_id", Value: id}})
	return err == nil && n == 0
}
