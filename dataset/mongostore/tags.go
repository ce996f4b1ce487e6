package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// Temporal tags live in one collection for all datasets, and are exported with
// other keys, in another order, and with ids and dates as strings
// (fiftyone.core.tags).

// exportedTag lists the keys of a tag in the order of an export.
func exportedTag() []string {
	return []string{"_sample_id", "index_type", "start", "end", "tag", "anchor", "created_by", "last_modified_by", "created_at", "last_modified_at", "kind"}
}

// storedTag lists them in the order of the database; _id and _dataset_id come
// first.
func storedTag() []string {
	return []string{"_sample_id", "index_type", "anchor", "start", "end", "tag", "kind", "created_at", "last_modified_at", "created_by", "last_modified_by"}
}

// pythonTime is how datetime.isoformat spells a time with a fraction.
const pythonTime = "2006-01-02T15:04:05.000000"

// tags streams the tags of the samples as an export has them.
func (s *Store) tags(ctx context.Context, yield func(bson.Raw, error) bool) {
	cursor, err := s.findTags(ctx)
	if err != nil {
		yield(nil, s.d.readError("reading tags", err))
		return
	}
	s.d.drain(ctx, cursor, dataset.Tags, func(doc bson.Raw) bool { return yield(exportTag(doc), nil) }, yield)
}

func (s *Store) findTags(ctx context.Context) (*mongo.Cursor, error) {
	order := bson.D{}
	for _, key := range []string{"_sample_id", "index_type", "anchor", "start", "end", "tag", "_id"} {
		order = append(order, bson.E{Key: key, Value: 1})
	}
	if s.pipeline == nil {
		return s.d.db.Collection(tagsName).Find(ctx, s.own(), options.Find().SetSort(order).SetAllowDiskUse(true))
	}
	p := append(s.joined(tagsName, match(s.own())), bson.D{{Key: "$sort", Value: order}})
	return s.d.db.Collection(s.samples).Aggregate(ctx, p, options.Aggregate().SetAllowDiskUse(true))
}

// exportTag says a tag as an export does.
func exportTag(doc bson.Raw) bson.Raw {
	out := newDocument(len(doc) + 64)
	for _, key := range exportedTag() {
		v := doc.Lookup(key)
		if v.Type == 0 || v.Type == bson.TypeNull {
			continue
		}
		if key == "_sample_id" {
			key = "sample_id"
		}
		if id, ok := v.ObjectIDOK(); ok {
			out = appendEdit(out, set(key, id.Hex()))
		} else if ms, ok := v.DateTimeOK(); ok {
			t := time.UnixMilli(ms).UTC()
			layout := pythonTime
			if t.Nanosecond() == 0 {
				layout = "2006-01-02T15:04:05"
			}
			out = appendEdit(out, set(key, t.Format(layout)))
		} else {
			out = appendValue(out, key, v)
		}
	}
	return endDocument(out)
}

// storeTag says a tag as the database does. Keys that nobody here knows are
// kept.
func storeTag(doc bson.Raw, datasetID bson.ObjectID) (bson.Raw, error) {
	all, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	out := newDocument(len(doc) + 64)
	out = appendEdit(out, set("_id", bson.NewObjectID()))
	out = appendEdit(out, set("_dataset_id", datasetID))
	for _, key := range storedTag() {
		v := doc.Lookup(key)
		switch key {
		case "_sample_id":
			if v.Type == 0 {
				v = doc.Lookup("sample_id")
			}
			if text, ok := v.StringValueOK(); ok {
				id, err := bson.ObjectIDFromHex(text)
				if err != nil {
					return nil, fmt.Errorf("%w: a tag names the sample %q", dataset.ErrMalformed, text)
				}
				v = set("", id).value
			}
		case "created_at", "last_modified_at":
			if text, ok := v.StringValueOK(); ok {
				at, err := time.Parse("2006-01-02T15:04:05", text) // takes a fraction too
				if err != nil {
					return nil, fmt.Errorf("%w: a tag has the time %q", dataset.ErrMalformed, text)
				}
				v = set("", bson.NewDateTimeFromTime(at)).value
			}
		case "anchor":
			if v.Type == 0 { // its unique index wants it
				v = bson.RawValue{Type: bson.TypeNull}
			}
		}
		if v.Type != 0 {
			out = appendValue(out, key, v)
		}
	}
	for _, e := range all {
		if !knownTagKey(e.Key()) {
			out = append(out, e...)
		}
	}
	return endDocument(out), nil
}

func knownTagKey(key string) bool {
	for _, known := range append(storedTag(), "_id", "_dataset_id", "sample_id") {
		if key == known {
			return true
		}
	}
	return false
}
