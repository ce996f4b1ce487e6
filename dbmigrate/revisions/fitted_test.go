package revisions_test

import (
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/internal/mongotest"
)

// fitted is FiftyOne's result of a way down with what the target's client can't open taken
// out, which FiftyOne leaves: the rule for a difference that is meant wherever it shows. It
// says whether there was anything.
func fitted(t *testing.T, before, want mongotest.Dump, to string) (mongotest.Dump, bool) {
	t.Helper()
	target := dbmigrate.MustParseVersion(to)
	if target.Compare(dbmigrate.MustParseVersion(revisions.Newest)) >= 0 || want["datasets"] == nil {
		return want, false
	}
	memory := memoryOf(t, want)
	registry, did := revisions.Datasets(), false
	for _, raw := range before["datasets"].Docs {
		version, isText := raw.Lookup("version").StringValueOK()
		head, err := dbmigrate.ParseVersion(version)
		if !isText || err != nil || head.Compare(target) <= 0 {
			continue
		}
		i := slices.IndexFunc(memory["datasets"], func(doc bson.D) bool { return get(doc, "_id") == idOf(t, raw) })
		if i < 0 {
			continue
		}
		doc := slices.Clone(memory["datasets"][i])
		stored := get(doc, "version")
		if stored != nil && stored != to {
			continue // FiftyOne failed on it
		}
		// No revision lies between a version and the one just after it.
		doc = with(doc, "version", to+".1")
		plan, err := registry.Plan(t.Context(), memory, doc, to, dbmigrate.Env{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		after := dropKey(plan.After, "version")
		if stored != nil {
			after = with(plan.After, "version", stored)
		}
		did = did || dbmigrate.IDKey(after) != dbmigrate.IDKey(memory["datasets"][i])
		memory["datasets"][i] = after
		for _, op := range slices.Concat(plan.Ops, plan.Last) {
			carryEnding(t, registry, memory, op)
			did = true
		}
	}
	return dumpOf(t, want, memory), did
}

// carryEnding applies an operation of an ending in memory.
func carryEnding(t *testing.T, registry *dbmigrate.Registry, memory dbmigrate.Memory, op dbmigrate.Op) {
	t.Helper()
	switch op := op.(type) {
	case dbmigrate.Put:
		for i, doc := range memory[op.Collection] {
			if dbmigrate.IDKey(get(doc, "_id")) == dbmigrate.IDKey(get(op.Doc, "_id")) {
				memory[op.Collection][i] = op.Doc
			}
		}
	case dbmigrate.Delete:
		memory[op.Collection] = slices.DeleteFunc(memory[op.Collection], func(doc bson.D) bool {
			return slices.ContainsFunc(op.IDs, func(id any) bool { return dbmigrate.IDKey(id) == dbmigrate.IDKey(get(doc, "_id")) })
		})
	case dbmigrate.Convert:
		for i := range memory[op.Collection] {
			if _, err := registry.Conversion(op.Conversion)(t.Context(), memory, &memory[op.Collection][i], op.Args); err != nil {
				t.Fatal(err)
			}
		}
	case dbmigrate.CopyResult:
		copyResult(t, memory, op)
	case dbmigrate.DeleteResult:
		deleteResult(memory, op)
	default:
		t.Fatalf("an ending has the operation %s: carry it out here", op.Kind())
	}
}

func memoryOf(t *testing.T, dump mongotest.Dump) dbmigrate.Memory {
	t.Helper()
	memory := dbmigrate.Memory{}
	for name, collection := range dump {
		for _, raw := range collection.Docs {
			var doc bson.D
			if err := bson.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			memory[name] = append(memory[name], doc)
		}
	}
	return memory
}

// dumpOf is a dump with the documents of memory in their place.
func dumpOf(t *testing.T, dump mongotest.Dump, memory dbmigrate.Memory) mongotest.Dump {
	t.Helper()
	out := mongotest.Dump{}
	for name, collection := range dump {
		changed := *collection
		changed.Docs = nil
		for _, doc := range memory[name] {
			raw, err := bson.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			changed.Docs = append(changed.Docs, raw)
		}
		out[name] = &changed
	}
	return out
}

func idOf(t *testing.T, raw bson.Raw) any {
	t.Helper()
	var doc struct {
		ID any `bson:"_id"`
	}
	if err := bson.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

func with(doc bson.D, key string, value any) bson.D {
	doc = slices.Clone(doc)
	for i := range doc {
		if doc[i].Key == key {
			doc[i].Value = value
			return doc
		}
	}
	return append(doc, bson.E{Key: key, Value: value})
}

func dropKey(doc bson.D, key string) bson.D {
	return slices.DeleteFunc(slices.Clone(doc), func(e bson.E) bool { return e.Key == key })
}
