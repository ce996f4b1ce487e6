package values

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// convert takes the documents of some classes out of a document, wherever they stand, or
// gives them another class. args.classes says which: the _cls, and the one to have
// instead, "" for none.
func convert(_ context.Context, _ dbmigrate.Reader, doc *bson.D, args bson.D) (bool, error) {
	classes := map[string]string{}
	for _, e := range edit.Doc(args, "classes") {
		classes[e.Key], _ = e.Value.(string)
	}
	kept, changed := withoutClasses(*doc, classes)
	*doc = kept
	return changed, nil
}

// withoutClasses returns what is left of a document; the document itself where nothing
// changes.
func withoutClasses(doc bson.D, classes map[string]string) (bson.D, bool) {
	kept, changed := make(bson.D, 0, len(doc)), false
	for _, e := range doc {
		value, keep, also := fitted(e.Value, classes)
		changed = changed || also
		if keep {
			kept = append(kept, bson.E{Key: e.Key, Value: value})
		}
	}
	if !changed {
		return doc, false
	}
	return kept, true
}

// fitted is what becomes of a value, and whether it stays.
func fitted(value any, classes map[string]string) (fit any, keep, changed bool) {
	switch v := value.(type) {
	case bson.D:
		class, _ := edit.Get(v, "_cls").(string)
		becomes, isOne := classes[class]
		if isOne && becomes == "" {
			return nil, false, true
		}
		doc, changed := withoutClasses(v, classes)
		if isOne && class == keypointClass {
			taken, also := withoutConfidences(doc)
			return taken, true, changed || also
		}
		if isOne {
			doc, changed = append(bson.D{}, doc...), true
			edit.Set(&doc, "_cls", becomes)
		}
		return doc, true, changed
	case bson.A:
		kept, changed := make(bson.A, 0, len(v)), false
		for _, item := range v {
			inner, keep, also := fitted(item, classes)
			changed = changed || also
			if keep {
				kept = append(kept, inner)
			}
		}
		if !changed {
			return v, true, false
		}
		return kept, true, true
	}
	return value, true, false
}
