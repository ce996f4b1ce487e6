package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/threeway"
	"github.com/medialift/medialift/internal/docswap"
)

// mergedValues counts what mergeValues does, by the name of a collection.
type mergedValues struct {
	back, kept int64
	where      string // the first that was kept
}

// mergeValues puts back, in samples, frames and whatever else stands in collections of its
// own, what the way down took out of documents, where nothing newer stands. Each write is
// on condition that the document is what was looked at. Without write it only counts. up
// tells what a way up makes of what the way down left.
func (r *Runner) mergeValues(ctx context.Context, file string, up *expectation, write bool) (_ mergedValues, err error) {
	b, err := openBackup(file)
	if err != nil {
		return mergedValues{}, err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	var done mergedValues
	for v, err := range r.compared(ctx, b) {
		if err != nil {
			return done, err
		}
		if v.item.Index != nil || v.item.Absent || v.isBefore || v.now == nil || apart(v.item.Collection) {
			continue
		}
		if err := r.mergeValue(ctx, v, up, write, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// apart reports whether the documents of a collection are put back with the dataset that
// refers to them.
func apart(collection string) bool {
	return slices.Contains(referred, collection) || collection == "fs.files" || collection == "fs.chunks" ||
		collection == dbmigrate.Datasets || collection == dbmigrate.Config
}

// mergeValue puts back what was taken out of one document.
func (r *Runner) mergeValue(ctx context.Context, v comparedView, up *expectation, write bool, done *mergedValues) error {
	collection := r.durable.Collection(v.item.Collection)
	for range 10 {
		now, err := collection.FindOne(ctx, bson.D{{Key: "_id", Value: v.item.Doc.Lookup("_id")}}).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		if err != nil {
			return err
		}
		after, kept, err := up.mergedValue(ctx, v, now)
		if err != nil {
			return err
		}
		if bytes.Equal(after, now) || !write {
			done.count(v.item.Collection, !bytes.Equal(after, now), kept)
			return nil
		}
		model, err := docswap.Model(now, after)
		if err != nil {
			return err
		}
		result, err := collection.BulkWrite(ctx, []mongo.WriteModel{model})
		if err != nil {
			return err
		}
		if result.MatchedCount == 1 {
			done.count(v.item.Collection, true, kept)
			return nil
		}
	}
	return fmt.Errorf("a document of %s changes all the time", v.item.Collection)
}

func (m *mergedValues) count(collection string, back bool, kept []string) {
	if back {
		m.back++
	}
	if len(kept) > 0 {
		if m.kept++; m.where == "" {
			m.where = collection + " " + kept[0]
		}
	}
}

// mergedValue is a document as it is now, with what was taken out of it put back.
func (x *expectation) mergedValue(ctx context.Context, v comparedView, raw bson.Raw) (after bson.Raw, kept []string, err error) {
	var was, left, now bson.D
	for _, side := range []struct {
		raw bson.Raw
		doc *bson.D
	}{{v.item.Doc, &was}, {v.left, &left}, {raw, &now}} {
		if side.raw == nil {
			continue
		}
		if err := bson.Unmarshal(side.raw, side.doc); err != nil {
			return nil, nil, err
		}
	}
	if v.item.Fields != nil { // of the others it knows nothing
		others := func(e bson.E) bool {
			return e.Key != "_id" && !slices.ContainsFunc(v.item.Fields, func(name string) bool {
				return name == e.Key || strings.HasPrefix(name, e.Key+".")
			})
		}
		was, left = slices.DeleteFunc(was, others), slices.DeleteFunc(left, others)
	}
	merge := threeway.Merge{Mine: []string{"_id", "last_modified_at"}, Partial: v.item.Fields != nil}
	var before any = threeway.Absent{}
	if v.left != nil {
		if before, err = x.raised(ctx, v, left, now); err != nil {
			return nil, nil, err
		}
	}
	merged, _ := merge.Of(threeway.Sides{Was: was, Left: before, Now: now, Known: before}).(bson.D)
	after, err = bson.Marshal(merged)
	return after, merge.Kept, err
}

// raised is a document as the way down left it or, where the way up has made of it what
// there is now, as that did.
func (x *expectation) raised(ctx context.Context, v comparedView, left, now bson.D) (any, error) {
	doc, err := copied(left)
	if err != nil {
		return nil, err
	}
	docs := []making{{doc: doc}}
	byID := map[string][]int{rawKey(v.item.Doc): {0}}
	for _, op := range x.ops[v.item.Collection] {
		if err := x.apply(ctx, op, []view{v.view}, docs, byID); err != nil {
			return nil, err
		}
	}
	if docs[0].unknown || docs[0].doc == nil {
		return left, nil
	}
	marked := timed(docs[0].doc)
	of := now
	if v.item.Fields != nil {
		of = slices.DeleteFunc(slices.Clone(now), func(e bson.E) bool { return lookup(left, e.Key) == nil && lookup(docs[0].doc, e.Key) == nil })
	}
	if threeway.Same(of, marked) {
		return marked, nil
	}
	return left, nil
}

// timed marks the present of ways on paper as generated.
func timed(value any) any {
	switch v := value.(type) {
	case bson.D:
		out := make(bson.D, len(v))
		for i, e := range v {
			out[i] = bson.E{Key: e.Key, Value: timed(e.Value)}
		}
		return out
	case bson.A:
		out := make(bson.A, len(v))
		for i, item := range v {
			out[i] = timed(item)
		}
		return out
	case bson.DateTime:
		if v == bson.NewDateTimeFromTime(paperTime()) {
			return threeway.Generated{}
		}
	}
	return value
}
