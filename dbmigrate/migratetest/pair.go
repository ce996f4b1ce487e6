package migratetest

import (
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
	"github.com/medialift/medialift/internal/mongotest"
)

// known is what a database holds of ids and times.
type known struct {
	ids   map[bson.ObjectID]bool
	times map[bson.DateTime]bool
}

func collect(dump mongotest.Dump) known {
	k := known{ids: map[bson.ObjectID]bool{}, times: map[bson.DateTime]bool{}}
	for _, docs := range decode(dump) {
		for _, doc := range docs {
			walk(doc, func(value any) {
				switch v := value.(type) {
				case bson.ObjectID:
					k.ids[v] = true
				case bson.DateTime:
					k.times[v] = true
				}
			})
		}
	}
	return k
}

func walk(value any, visit func(any)) {
	visit(value)
	switch v := value.(type) {
	case bson.D:
		for _, e := range v {
			walk(e.Value, visit)
		}
	case bson.A:
		for _, item := range v {
			walk(item, visit)
		}
	}
}

func decode(dump mongotest.Dump) map[string][]bson.D {
	decoded := map[string][]bson.D{}
	for name, collection := range dump {
		docs := make([]bson.D, len(collection.Docs))
		for i, raw := range collection.Docs {
			if err := bson.Unmarshal(raw, &docs[i]); err != nil {
				panic(err)
			}
		}
		decoded[name] = docs
	}
	return decoded
}

// match calls same with documents that are the same one in both results: by _id,
// by a generated _id that is paired, or, with looks, by all but their generated ids.
func (c *comparison) match(got, want []bson.D, looks bool, same func(a, b bson.D)) (onlyGot, onlyWant []bson.D) {
	byID, byShape := map[string]bson.D{}, map[string][]bson.D{}
	for _, doc := range want {
		byID[dbmigrate.IDKey(edit.Get(doc, "_id"))] = doc
	}
	var left []bson.D
	for _, doc := range got {
		id := edit.Get(doc, "_id")
		if oid, isOID := id.(bson.ObjectID); isOID && c.generated(oid) {
			id = c.pairs[oid]
		}
		if other, found := byID[dbmigrate.IDKey(id)]; found {
			delete(byID, dbmigrate.IDKey(id))
			same(doc, other)
		} else {
			left = append(left, doc)
		}
	}
	if !looks {
		return nil, nil
	}
	for _, doc := range want {
		if _, isLeft := byID[dbmigrate.IDKey(edit.Get(doc, "_id"))]; isLeft {
			byShape[c.shape(doc, false)] = append(byShape[c.shape(doc, false)], doc)
		}
	}
	for _, doc := range left {
		shape := c.shape(doc, true)
		if others := byShape[shape]; len(others) > 0 {
			byShape[shape] = others[1:]
			same(doc, others[0])
		} else {
			onlyGot = append(onlyGot, doc)
		}
	}
	for _, shape := range slices.Sorted(maps.Keys(byShape)) {
		onlyWant = append(onlyWant, byShape[shape]...)
	}
	return onlyGot, onlyWant
}

func (c *comparison) generated(id bson.ObjectID) bool { return !c.old.ids[id] }

// shape is a document with generated ids and times blotted out, but for the ids of
// got that are paired, which become those of want.
func (c *comparison) shape(doc bson.D, isGot bool) string {
	var blot func(value any) any
	blot = func(value any) any {
		switch v := value.(type) {
		case bson.D:
			out := bson.D{}
			for _, e := range v {
				out = append(out, bson.E{Key: e.Key, Value: blot(e.Value)})
			}
			return out
		case bson.A:
			out := bson.A{}
			for _, item := range v {
				out = append(out, blot(item))
			}
			return out
		case bson.ObjectID:
			if paired, found := c.pairs[v]; isGot && found {
				return paired
			}
			if c.generated(v) && (isGot || !c.taken[v]) {
				return "?"
			}
		case bson.DateTime:
			if !c.old.times[v] {
				return "?"
			}
		}
		return value
	}
	raw, err := bson.Marshal(blot(doc))
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// pair pairs the generated ids that stand at the same places.
func (c *comparison) pair(got, want any) {
	switch a := got.(type) {
	case bson.D:
		b, _ := want.(bson.D)
		for _, e := range a {
			c.pair(e.Value, edit.Get(b, e.Key))
		}
	case bson.A:
		b, _ := want.(bson.A)
		for i := range min(len(a), len(b)) {
			c.pair(a[i], b[i])
		}
	case bson.ObjectID:
		b, isOID := want.(bson.ObjectID)
		if _, paired := c.pairs[a]; isOID && !paired && !c.taken[b] && c.generated(a) && c.generated(b) {
			c.pairs[a], c.taken[b] = b, true
		}
	}
}
