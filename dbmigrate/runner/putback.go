package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// putBackAll puts back the documents of a backup that are as the migration left them,
// and then the indexes: unique ones hold once all documents are back.
func (r *Runner) putBackAll(ctx context.Context, file string) (err error) {
	b, err := openBackup(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	var indexes []backupItem
	for v, err := range r.compared(ctx, b) {
		switch {
		case err != nil:
			return err
		case v.item.Index != nil:
			indexes = append(indexes, v.item)
		case v.item.Absent || v.isBefore:
		default:
			if err := r.putBack(ctx, v); err != nil {
				return err
			}
		}
	}
	for _, item := range indexes {
		if err := r.makeIndex(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// putBack puts back one document, or some of its fields.
func (r *Runner) putBack(ctx context.Context, v comparedView) error {
	if v.item.Fields != nil {
		return r.putBackFields(ctx, v.item)
	}
	id := v.item.Doc.Lookup("_id")
	filter, opts := bson.D{{Key: "_id", Value: id}}, options.Replace().SetUpsert(true)
	if v.now != nil {
		filter, opts = unchanged(id, v.now), options.Replace()
	}
	collection := r.durable.Collection(v.item.Collection)
	result, err := collection.ReplaceOne(ctx, filter, v.item.Doc, opts)
	if err != nil || result.MatchedCount+result.UpsertedCount > 0 {
		return err
	}
	// Where several operations change a document, a backup has it several times.
	now, err := collection.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if err == nil && !bytes.Equal(now, v.item.Doc) {
		err = fmt.Errorf("a document of %s was changed meanwhile: %s", v.item.Collection, id)
	}
	return err
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

// takeAway removes the documents that the migration added, those of them that nobody
// has changed since.
func (r *Runner) takeAway(ctx context.Context, file string) (err error) {
	b, err := openBackup(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	for v, err := range r.compared(ctx, b) {
		if errors.Is(err, errNotRecorded) {
			return nil // the migration never ended: it has added nothing
		}
		if err != nil {
			return err
		}
		if !v.item.Absent || v.now == nil || !v.isLeft {
			continue
		}
		id := v.item.Doc.Lookup("_id")
		if v.item.Collection == "fs.files" {
			if _, err := r.durable.Collection("fs.chunks").DeleteMany(ctx, bson.D{{Key: "files_id", Value: id}}); err != nil {
				return err
			}
		}
		if _, err := r.durable.Collection(v.item.Collection).DeleteOne(ctx, unchanged(id, v.now)); err != nil {
			return err
		}
	}
	return nil
}
