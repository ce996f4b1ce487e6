package runner

import (
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// update has an update change documents, of which a backup has these fields alone; nil
// for all.
func (x *expectation) update(op dbmigrate.UpdateAll, fields []string, docs []making) {
	changes := updatedFields(op.Update)
	if fields != nil && !meet(fields, changes) {
		return
	}
	some := fields != nil && slices.ContainsFunc(changes, func(name string) bool { return !slices.Contains(fields, name) })
	others := len(op.Filter) > 0 && len(x.ops[op.Collection]) > 1 // by which it can't be told what it matched
	for i := range docs {
		if docs[i].doc == nil || docs[i].unknown {
			continue
		}
		doc, known := updated(slices.Clone(docs[i].doc), op.Update)
		docs[i] = making{doc: doc, unknown: some || others || !known}
	}
}

// updated returns what an update makes of a document, as far as the steps of revisions
// use the server's language.
func updated(doc bson.D, update any) (_ bson.D, known bool) {
	stages, isPipeline := update.(bson.A)
	if !isPipeline {
		stages = bson.A{update}
	}
	for _, stage := range stages {
		operators, isDoc := stage.(bson.D)
		if !isDoc {
			return nil, false
		}
		for _, operator := range operators {
			if doc, known = operated(doc, operator, isPipeline); !known {
				return nil, false
			}
		}
	}
	return doc, true
}

func operated(doc bson.D, operator bson.E, isPipeline bool) (_ bson.D, known bool) {
	if name, isText := operator.Value.(string); isText && isPipeline && operator.Key == "$unset" {
		return without(doc, name), !strings.Contains(name, ".")
	}
	operand, isDoc := operator.Value.(bson.D)
	if !isDoc {
		return nil, false
	}
	from := slices.Clone(doc) // expressions read the document as the stage got it
	for _, e := range operand {
		target, _ := e.Value.(string)
		switch {
		case strings.Contains(e.Key, "."):
			return nil, false
		case operator.Key == "$set":
			value := e.Value
			if isPipeline {
				if value, known = valueOf(from, e.Value); !known {
					return nil, false
				}
			}
			doc = withField(doc, e.Key, value)
		case operator.Key == "$unset" && !isPipeline:
			doc = without(doc, e.Key)
		case operator.Key == "$rename" && !isPipeline && !strings.Contains(target, "."):
			if slices.ContainsFunc(doc, func(has bson.E) bool { return has.Key == e.Key }) {
				value := lookup(doc, e.Key)
				doc = append(without(without(doc, e.Key), target), bson.E{Key: target, Value: value})
			}
		default:
			return nil, false
		}
	}
	return doc, true
}

func withField(doc bson.D, key string, value any) bson.D {
	if i := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == key }); i >= 0 {
		doc[i].Value = value
		return doc
	}
	return append(doc, bson.E{Key: key, Value: value})
}

func without(doc bson.D, key string) bson.D {
	kept := bson.D{}
	for _, e := range doc {
		if e.Key != key {
			kept = append(kept, e)
		}
	}
	return kept
}

// valueOf is the value of an expression: a constant, or the time in an ObjectId.
func valueOf(doc bson.D, expression any) (_ any, known bool) {
	switch e := expression.(type) {
	case string:
		return e, !strings.HasPrefix(e, "$")
	case bson.D:
		if len(e) != 1 || e[0].Key != "$convert" {
			return nil, false
		}
		args, _ := e[0].Value.(bson.D)
		id, isOID := lookup(doc, "_id").(bson.ObjectID)
		if !isOID || lookup(args, "input") != "$_id" || lookup(args, "to") != "date" {
			return nil, false
		}
		return bson.NewDateTimeFromTime(id.Timestamp().Truncate(time.Second)), true
	case bson.A, bson.M, bson.Raw:
		return nil, false
	}
	return expression, true
}
