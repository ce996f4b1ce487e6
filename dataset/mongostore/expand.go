package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

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
			if value.Type == bson.TypeNull {
				problems = append(problems, dataset.Problem{Kind: "dangling", Field: r.key, Path: keyOf(r, e.Key()),
					Hint: "the dataset holds null in place of a " + r.kind + ": it is left out"})
				continue
			}
			if id, ok := reference(value); ok {
				target, exists := found[string(id.Value)]
				if !exists {
					problems = append(problems, dangling(r, e.Key(), id))
					continue
				}
				value = bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: target}
				if r.collection == runsName {
					if fault := d.resultsFault(ctx, target.Lookup("results")); fault != "" {
						problems = append(problems, dataset.Problem{Kind: "dangling", Field: r.key, Path: e.Key(),
							Hint: fault + ": the run is taken without them"})
					}
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
	p := dataset.Problem{Kind: "dangling", Field: r.key, Path: keyOf(r, key), Hint: "the dataset refers to a " + r.kind + " that is gone"}
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

// keyOf is the key of a run; elements of lists have none.
func keyOf(r referrer, key string) string {
	if r.list {
		return ""
	}
	return key
}

// resultsFault says in words why the results of a run that are stored as the file id
// cannot be read; empty where they can be, where there are none, and where that cannot
// be found out, which reading them will tell. What was found out once stays: results
// never change, and may be large.
func (d *Database) resultsFault(ctx context.Context, id bson.RawValue) string {
	if id.Type == 0 || id.Type == bson.TypeNull {
		return ""
	}
	key := string(id.Value)
	if fault, known := d.resultFaults.Load(key); known {
		return fault.(string)
	}
	fault, known := d.lookAtResults(ctx, id)
	if known {
		d.resultFaults.Store(key, fault)
	}
	return fault
}

func (d *Database) lookAtResults(ctx context.Context, id bson.RawValue) (fault string, known bool) {
	file, err := d.db.Collection(filesName).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return "the stored results of this run are gone", true
	}
	if err != nil {
		return "", false
	}
	cursor, err := d.db.Collection(chunksName).Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "files_id", Value: id}}}},
		bson.D{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: nil}, {Key: "chunks", Value: bson.D{{Key: "$sum", Value: 1}}}, {Key: "last", Value: bson.D{{Key: "$max", Value: "$n"}}},
			{Key: "bytes", Value: bson.D{{Key: "$sum", Value: bson.D{{Key: "$binarySize", Value: "$data"}}}}}, // since MongoDB 4.4
		}}},
	})
	if err != nil {
		return "", false
	}
	var found []struct{ Chunks, Last, Bytes int64 }
	if err := cursor.All(ctx, &found); err != nil {
		return "", false
	}
	length, _ := file.Lookup("length").AsInt64OK()
	switch {
	case len(found) == 0 && length == 0:
		return "", true
	case len(found) == 0:
		return "the stored results of this run are gone", true
	case found[0].Bytes != length || found[0].Chunks != found[0].Last+1:
		return fmt.Sprintf("the stored results of this run are damaged (%d of %d bytes are there)", found[0].Bytes, length), true
	}
	return "", true
}
