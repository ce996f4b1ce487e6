package mongostore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// maxIndexes is how many indexes MongoDB keeps of one collection.
const maxIndexes = 64

// roomForIndexes refuses a dataset with more indexes than its new collections can have:
// its own, and those that FiftyOne makes for every dataset.
func roomForIndexes(m dataset.Manifest) error {
	for _, part := range dataset.MediaParts() {
		if part == dataset.Frames && !hasVideos(m) {
			continue
		}
		n := 1 + len(partIndexes(m, part)) // with that of _id
		if n <= maxIndexes {
			continue
		}
		refusal := &dataset.Refusal{
			Reason: fmt.Sprintf("the %s would have %d indexes with those that FiftyOne makes, and MongoDB keeps %d", part, n, maxIndexes),
			Hint: fmt.Sprintf("drop %d that the dataset can do without: dataset.drop_index(NAME) in FiftyOne, or their entries in medialift.json of an export",
				n-maxIndexes),
		}
		for _, index := range m.Indexes {
			if name, _ := index.Spec.Lookup("name").StringValueOK(); index.Part == part {
				refusal.Add(dataset.Problem{Kind: "index", Field: name, Hint: index.Spec.Lookup("key").String()})
			}
		}
		return refusal
	}
	return nil
}

// IndexKeys streams what an index is made of: of each document that it holds, the _id
// and the fields with its keys. With whole these are all documents of the dataset, also
// where some of it are chosen.
func (s *Store) IndexKeys(ctx context.Context, index dataset.Index, whole bool) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		name := s.collection(index.Part)
		if name == "" {
			return
		}
		filter, ok := index.Spec.Lookup("partialFilterExpression").DocumentOK()
		if !ok {
			filter, _ = bson.Marshal(bson.D{})
		}
		fields, names := bson.D{}, []string{}
		keys, _ := elements(index.Spec.Lookup("key"))
		for _, e := range keys {
			if first, _, _ := strings.Cut(e.Key(), "."); !slices.Contains(names, first) {
				names = append(names, first)
				fields = append(fields, bson.E{Key: first, Value: 1})
			}
		}
		collection := s.d.db.Collection(name)
		var cursor *mongo.Cursor
		var err error
		if s.pipeline == nil || whole {
			cursor, err = collection.Find(ctx, filter, options.Find().SetProjection(fields))
		} else {
			stages := append(s.chosen(index.Part), bson.D{{Key: "$match", Value: filter}}, bson.D{{Key: "$project", Value: fields}})
			cursor, err = s.d.db.Collection(s.samples).Aggregate(ctx, stages, options.Aggregate().SetAllowDiskUse(true))
		}
		if err != nil {
			yield(nil, s.d.readError("reading the keys of an index", err))
			return
		}
		s.d.drain(ctx, cursor, index.Part, func(doc bson.Raw) bool { return yield(doc, nil) }, yield)
	}
}
