package mongostore

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/docswap"
)

// stampKey is the key that FiftyOne stamps with the time of every change.
const stampKey = "last_modified_at"

// model is the update of one document: a filter with what every value has to be
// for the update to happen, and all new values. Found are the values; nil stands
// for each Set's Old.
func model(c dataset.Change, found []string, stamp bson.DateTime) mongo.WriteModel {
	filter := make([]byte, 4, 64+96*len(c.Sets))
	filter = appendValue(filter, "_id", c.ID)
	update := make([]byte, 4, 64+96*len(c.Sets))
	// A path also matches a list that holds the value: never mind the list then.
	notList := bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: []byte(notListValue)}
	for i, s := range c.Sets {
		path, _ := dotted(s.At)
		old := s.Old
		if found != nil {
			old = found[i]
		}
		condition := newDocument(len(old) + 48)
		condition = appendString(condition, "$eq", old)
		condition = appendValue(condition, "$not", notList)
		filter = appendValue(filter, path, bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: endDocument(condition)})
		update = appendString(update, path, s.New)
	}
	if stamp != 0 {
		update = appendEdit(update, set(stampKey, stamp))
	}
	sets := newDocument(len(update) + 16)
	sets = appendValue(sets, "$set", bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: endDocument(update)})
	return &mongo.UpdateOneModel{Filter: bson.Raw(endDocument(filter)), Update: bson.Raw(endDocument(sets))}
}

// replacement is the update of a document that has keys which MongoDB's paths
// cannot name: doc as it was read gives way to one with the new values, unless
// anything in it has changed.
func replacement(doc bson.Raw, c dataset.Change, stamp bson.DateTime) (mongo.WriteModel, error) {
	changed := doc
	for _, s := range c.Sets {
		var err error
		if changed, err = put(changed, steps(s.At), s.New); err != nil {
			return nil, err
		}
	}
	if stamp != 0 {
		var err error
		if changed, err = edited(changed, set(stampKey, stamp)); err != nil {
			return nil, err
		}
	}
	return docswap.Model(doc, changed)
}

func steps(p dataset.Pointer) []string {
	var all []string
	for step := range p.Steps() {
		all = append(all, step)
	}
	return all
}

// put returns doc, a document or an array, with the value at the end of steps
// replaced.
func put(doc bson.Raw, steps []string, value string) (bson.Raw, error) {
	all, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	out := newDocument(len(doc) + len(value))
	done := false
	for _, e := range all {
		if done || e.Key() != steps[0] { // of keys that are there twice, the first counts
			out = append(out, e...)
			continue
		}
		done = true
		if len(steps) == 1 {
			out = appendString(out, e.Key(), value)
			continue
		}
		v := e.Value()
		inner, err := put(v.Value, steps[1:], value)
		if err != nil {
			return nil, err
		}
		out = appendValue(out, e.Key(), bson.RawValue{Type: v.Type, Value: inner})
	}
	return endDocument(out), nil
}

// notListValue is {$type: "array"}.
const notListValue = "\x16\x00\x00\x00\x02$type\x00\x06\x00\x00\x00array\x00\x00"
