package runner

import (
	"context"
	"errors"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// referred are the collections whose documents datasets refer to by their ids.
var referred = []string{"runs", "views", "workspaces"}

// An overlay is the database as it was, as far as a backup tells: documents that datasets
// refer to stand in the place of those of the database, nil for none.
type overlay struct {
	dbmigrate.Reader
	docs map[string]map[string]bson.D // by collection and IDKey
	// whole has the results of runs be whole, which others may have replaced since.
	whole bool
}

func (r *Runner) newOverlay() *overlay {
	o := &overlay{Reader: r.Reader(), docs: map[string]map[string]bson.D{}}
	for _, name := range referred {
		o.docs[name] = map[string]bson.D{}
	}
	return o
}

// put takes a document of one of the collections that datasets refer to.
func (o *overlay) put(collection string, id any, doc bson.D) {
	if docs := o.docs[collection]; docs != nil {
		docs[dbmigrate.IDKey(id)] = doc
	}
}

// carryOut does what a plan does to the documents that datasets refer to.
func (o *overlay) carryOut(plan *dbmigrate.Plan) {
	for _, op := range slices.Concat(plan.Ops, plan.Last) {
		switch op := op.(type) {
		case dbmigrate.Put:
			o.put(op.Collection, lookup(op.Doc, "_id"), op.Doc)
		case dbmigrate.Delete:
			for _, id := range op.IDs {
				o.put(op.Collection, id, nil)
			}
		}
	}
}

// Find implements dbmigrate.Reader.
func (o *overlay) Find(ctx context.Context, collection string, query dbmigrate.Query) iter.Seq2[bson.D, error] {
	docs := o.docs[collection]
	if o.whole && collection == "fs.files" {
		file := bson.D{{Key: "_id", Value: lookup(query.Filter, "_id")}, {Key: "length", Value: int64(0)}, {Key: "chunkSize", Value: int32(chunkSize)}}
		return func(yield func(bson.D, error) bool) { yield(file, nil) }
	}
	if o.whole && collection == "fs.chunks" {
		return func(func(bson.D, error) bool) {}
	}
	if len(docs) == 0 {
		return o.Reader.Find(ctx, collection, query)
	}
	memory := dbmigrate.Memory{}
	for _, doc := range docs {
		if doc != nil {
			memory[collection] = append(memory[collection], doc)
		}
	}
	return func(yield func(bson.D, error) bool) {
		for doc, err := range memory.Find(ctx, collection, query) {
			if !yield(doc, err) || err != nil {
				return
			}
		}
		for doc, err := range o.Reader.Find(ctx, collection, query) {
			if err == nil {
				if _, covered := docs[dbmigrate.IDKey(lookup(doc, "_id"))]; covered {
					continue
				}
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// one is a document of a collection, nil where there is none.
func (o *overlay) one(ctx context.Context, collection string, id any) (bson.D, error) {
	if doc, covered := o.docs[collection][dbmigrate.IDKey(id)]; covered {
		return doc, nil
	}
	return dbmigrate.First(ctx, o.Reader, collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: id}}})
}

// overlays are the database as it was before the migration of a backup, and as that left
// it. files are the results of runs that the backup holds.
func (r *Runner) overlays(file string) (was, left *overlay, files map[string]any, err error) {
	b, err := openBackup(file)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	after, err := openBackup(leftName(file))
	if err != nil {
		return nil, nil, nil, errNotRecorded
	}
	defer func() { err = errors.Join(err, after.end()) }()
	was, left, files = r.newOverlay(), r.newOverlay(), map[string]any{}
	next, stop := iter.Pull2(after.items())
	defer stop()
	for item, err := range b.items() {
		other, otherErr, ok := next()
		if err = errors.Join(err, otherErr); err != nil || !ok {
			return nil, nil, nil, errors.Join(err, errNotRecorded)
		}
		switch {
		case item.Collection == "fs.files" && !item.Absent:
			id := idOf(item.Doc)
			files[dbmigrate.IDKey(id)] = id
		case slices.Contains(referred, item.Collection) && item.Index == nil:
			if err := was.item(item, item.Doc); err != nil {
				return nil, nil, nil, err
			}
			if err := left.item(other, item.Doc); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	return was, left, files, nil
}

// item takes a document of a backup; same has its _id.
func (o *overlay) item(item backupItem, same bson.Raw) error {
	var doc bson.D
	if !item.Absent {
		if err := bson.Unmarshal(item.Doc, &doc); err != nil {
			return err
		}
	}
	id := idOf(same)
	if _, seen := o.docs[item.Collection][dbmigrate.IDKey(id)]; !seen { // of several, the first is what was
		o.put(item.Collection, id, doc)
	}
	return nil
}

func idOf(doc bson.Raw) any {
	var head struct {
		ID any `bson:"_id"`
	}
	_ = bson.Unmarshal(doc, &head) // a document that can't be read has no id
	return head.ID
}
