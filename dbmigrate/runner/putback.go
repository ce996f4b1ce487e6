package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// putBack puts back one document or some of its fields. It is false where somebody
// has changed what the migration left.
func (r *Runner) putBack(ctx context.Context, item backupItem) (bool, error) {
	collection := r.durable.Collection(item.Collection)
	id := bson.D{{Key: "_id", Value: item.Doc.Lookup("_id")}}
	if item.Fields != nil {
		return true, r.putBackFields(ctx, item)
	}
	now, err := dbmigrate.First(ctx, r.Reader(), item.Collection, dbmigrate.Query{Filter: id})
	if err != nil {
		return false, err
	}
	var was bson.D
	if err := bson.Unmarshal(item.Doc, &was); err != nil {
		return false, err
	}
	switch {
	case now != nil && dbmigrate.IDKey(now) == dbmigrate.IDKey(was):
		return true, nil
	case now != nil && item.Made != nil && !sameDoc(now, item.Made):
		return false, nil
	}
	_, err = collection.ReplaceOne(ctx, id, item.Doc, options.Replace().SetUpsert(true))
	return err == nil, err
}

// putBackFields puts back some fields of a document, if it is there yet, and the
// order of its keys where that is known.
func (r *Runner) putBackFields(ctx context.Context, item backupItem) error {
	collection := r.durable.Collection(item.Collection)
	var was bson.D
	if err := bson.Unmarshal(item.Doc, &was); err != nil {
		return err
	}
	id := bson.D{{Key: "_id", Value: lookup(was, "_id")}}
	changes := func(e bson.E) bool { return slices.Contains(item.Fields, e.Key) }
	if !slices.ContainsFunc(was, func(e bson.E) bool { return e.Key != "_id" && !changes(e) }) {
		_, err := collection.UpdateOne(ctx, id, fieldsOf(item))
		return err
	}
	for range 10 {
		now, err := dbmigrate.First(ctx, r.Reader(), item.Collection, dbmigrate.Query{Filter: id})
		if err != nil || now == nil {
			return err
		}
		back := bson.D{}
		for _, e := range was {
			i := slices.IndexFunc(now, func(n bson.E) bool { return n.Key == e.Key })
			switch {
			case changes(e):
				back = append(back, e)
			case i >= 0:
				back = append(back, now[i])
			}
		}
		for _, e := range now {
			if !changes(e) && !slices.ContainsFunc(was, func(w bson.E) bool { return w.Key == e.Key }) {
				back = append(back, e)
			}
		}
		result, err := collection.ReplaceOne(ctx, unchanged(id[0].Value, now), back)
		if err != nil || result.MatchedCount == 1 {
			return err
		}
	}
	return fmt.Errorf("a document of %s changes all the time", item.Collection)
}

// makeIndex makes an index again. One that is there is left alone.
func (r *Runner) makeIndex(ctx context.Context, item backupItem) error {
	command := bson.D{{Key: "createIndexes", Value: item.Collection}, {Key: "indexes", Value: bson.A{item.Index}}}
	if err := r.durable.RunCommand(ctx, command).Err(); err != nil {
		return fmt.Errorf("making an index of %s: %w", item.Collection, err)
	}
	return nil
}

// fieldsOf is the update that gives fields their old values, or takes them away.
func fieldsOf(item backupItem) bson.D {
	set, unset := bson.D{}, bson.D{}
	for _, name := range item.Fields {
		if name == "_id" {
			continue
		}
		if value, err := item.Doc.LookupErr(strings.Split(name, ".")...); err == nil {
			set = append(set, bson.E{Key: name, Value: value})
		} else {
			unset = append(unset, bson.E{Key: name, Value: ""})
		}
	}
	update := bson.D{}
	if len(set) > 0 {
		update = append(update, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	return update
}

// takeAway removes a document that the migration made, unless it was changed since.
func (r *Runner) takeAway(ctx context.Context, item backupItem) error {
	id := bson.D{{Key: "_id", Value: item.Doc.Lookup("_id")}}
	if item.Made != nil {
		now, err := dbmigrate.First(ctx, r.Reader(), item.Collection, dbmigrate.Query{Filter: id})
		if err != nil || now == nil || !sameDoc(now, item.Made) {
			return err
		}
	}
	if item.Collection == "fs.files" {
		if _, err := r.durable.Collection("fs.chunks").DeleteMany(ctx, bson.D{{Key: "files_id", Value: item.Doc.Lookup("_id")}}); err != nil {
			return err
		}
	}
	_, err := r.durable.Collection(item.Collection).DeleteOne(ctx, id)
	return err
}

// sameDoc compares documents of which a server has put _id first.
func sameDoc(a, b bson.D) bool { return dbmigrate.IDKey(idFirst(a)) == dbmigrate.IDKey(idFirst(b)) }

func idFirst(doc bson.D) bson.D {
	i := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == "_id" })
	if i <= 0 {
		return doc
	}
	return slices.Concat(bson.D{doc[i]}, doc[:i], doc[i+1:])
}
