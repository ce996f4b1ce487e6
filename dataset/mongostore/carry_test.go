package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// carrying is a database whose dataset "image" has panel stores and an ontology with a
// taxonomy.
func carrying(t *testing.T) (*Database, *mongo.Database, *Store) {
	t.Helper()
	d, db := rich(t)
	src := d.must(t, "image")
	m, err := src.Manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := m.Doc.Lookup(string(m.Runs()[0].Family), m.Runs()[0].Key, "_id").ObjectID()
	insert := func(collection string, docs ...any) {
		t.Helper()
		if _, err := db.Collection(collection).InsertMany(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	id := src.ID().ObjectID()
	panel := bson.D{{Key: run.Hex(), Value: "by key"}, {Key: "list", Value: bson.A{run, id.Hex(), "other", bson.D{{Key: "x", Value: run.Hex()}}}}}
	insert(storesName, bson.D{{Key: "store_name", Value: panelStores[0]}, {Key: "key", Value: run.Hex()}, {Key: storeOwner, Value: id}, {Key: "value", Value: panel}},
		bson.D{{Key: "store_name", Value: "plugin"}, {Key: "key", Value: "k"}, {Key: storeOwner, Value: id}},
		bson.D{{Key: "store_name", Value: panelStores[0]}, {Key: "key", Value: "k"}, {Key: storeOwner, Value: bson.NewObjectID()}})
	insert(operationsName, bson.D{{Key: storeOwner, Value: id}})
	ontology := func(name, slug, kind string, version int32, taxonomy any) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "slug", Value: slug}, {Key: "version", Value: version}, {Key: "type", Value: kind}, {Key: "root", Value: bson.D{{Key: "taxonomy", Value: taxonomy}}}}
	}
	insert(ontologiesName, ontology("My Cars", "my-cars", "annotation_ontology", 1, nil), ontology("My Cars", "my-cars", "annotation_ontology", 2, "kinds"),
		ontology("kinds", "kinds", "taxonomy", 1, nil), ontology("unused", "unused", "taxonomy", 1, nil))
	schemas := bson.D{{Key: "$set", Value: bson.D{{Key: "label_schemas", Value: bson.D{{Key: "gt", Value: bson.D{{Key: appliedKey, Value: "My Cars"}}}}}}}}
	if _, err := db.Collection(datasetsName).UpdateOne(t.Context(), bson.D{{Key: "_id", Value: id}}, schemas); err != nil {
		t.Fatal(err)
	}
	return d, db, src
}

// A copy has the panel stores, with its own ids in them, and the ontologies, once.
func TestCarried(t *testing.T) {
	ctx := t.Context()
	_, _, src := carrying(t)
	other, otherDB := rich(t)
	before := mongotest.Take(t, otherDB)
	var made []bson.ObjectID
	w := other.New("copied", NewOptions{Finish: func(_ context.Context, h *Hidden) (bson.Raw, error) {
		made = h.Ontologies()
		return h.Document(), nil
	}})
	if err := dataset.Copy(ctx, w, src); err != nil {
		t.Fatal(err)
	}
	copied := other.must(t, "copied")
	m, err := copied.Manifest(ctx)
	if err != nil || len(m.Panels) != 1 || len(m.Ontologies) != 3 || len(made) != 3 {
		t.Fatalf("%d panels, %d ontologies, %d of them made: %v", len(m.Panels), len(m.Ontologies), len(made), err)
	}
	run := m.Doc.Lookup(string(m.Runs()[0].Family), m.Runs()[0].Key, "_id").ObjectID().Hex()
	for key, want := range map[string]string{"key": `"` + run + `"`, "value": run} {
		if got := m.Panels[0].Lookup(key).String(); !strings.Contains(got, want) {
			t.Errorf("%s is %s, want %s in it", key, got, want)
		}
	}
	value := m.Panels[0].Lookup("value").String()
	if strings.Count(value, run) != 3 || !strings.Contains(value, copied.ID().ObjectID().Hex()) || strings.Contains(value, src.ID().ObjectID().Hex()) {
		t.Errorf("the value is %s", value)
	}
	again := other.New("again", NewOptions{})
	if err := dataset.Copy(ctx, again, src); err != nil || len(again.made) != 0 {
		t.Errorf("a second copy made %d ontologies: %v", len(again.made), err)
	}
	// The second copy uses what the first one made.
	kept, err := copied.Delete(ctx, made...)
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %q, %v", kept, err)
	}
	if kept, err := other.must(t, "again").Delete(ctx, made...); err != nil || len(kept) != 0 {
		t.Errorf("kept %q, %v", kept, err)
	}
	unchanged(t, before, mongotest.Take(t, otherDB))
	apart, err := src.Apart(ctx)
	if err != nil || strings.Join(apart, "; ") != `the execution store "plugin"; a delegated operation` {
		t.Errorf("apart are %q, %v", apart, err)
	}
}

// Another ontology of the name is refused; the same one in another version of its
// lineage is used; one that is nowhere is told of.
func TestCarriedConflict(t *testing.T) {
	ctx := t.Context()
	_, db, src := carrying(t)
	other, otherDB := rich(t)
	for name, tt := range map[string]struct {
		root    bson.D
		refused bool
	}{"another": {bson.D{{Key: "taxonomy", Value: "x"}}, true}, "the same": {bson.D{{Key: "taxonomy", Value: "kinds"}}, false}} {
		doc := bson.D{{Key: "_id", Value: 1}, {Key: "name", Value: "my cars"}, {Key: "slug", Value: "my-cars"}, {Key: "version", Value: 7}, {Key: "type", Value: "annotation_ontology"}, {Key: "description", Value: nil}, {Key: "root", Value: tt.root}}
		if _, err := otherDB.Collection(ontologiesName).DeleteMany(ctx, bson.D{}); err != nil {
			t.Fatal(err)
		}
		if _, err := otherDB.Collection(ontologiesName).InsertOne(ctx, doc); err != nil {
			t.Fatal(err)
		}
		m, err := src.Manifest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = other.New("copied", NewOptions{}).Check(ctx, m)
		var refusal *dataset.Refusal
		if errors.As(err, &refusal) != tt.refused || tt.refused && (refusal.Total != 1 || refusal.Problems[0].ID != "My Cars") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.Collection(ontologiesName).DeleteMany(ctx, bson.D{}); err != nil {
		t.Fatal(err)
	}
	m, err := src.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fresh, _ := rich(t)
	w := fresh.New("copied", NewOptions{})
	if err := w.Check(ctx, m); err != nil || len(w.Notes()) != 1 || !strings.Contains(w.Notes()[0], `"My Cars"`) {
		t.Errorf("notes %q, %v", w.Notes(), err)
	}
}

// What an import that fails or dies has carried goes with the rest of it.
func TestCarriedLeftovers(t *testing.T) {
	ctx := t.Context()
	_, _, src := carrying(t)
	other, db := rich(t)
	before := mongotest.Take(t, db)
	stop := NewOptions{Finish: func(context.Context, *Hidden) (bson.Raw, error) { return nil, errStopped }}
	failed := other.New("failed", stop)
	if err := dataset.Copy(ctx, failed, src); !errors.Is(err, errStopped) || len(failed.made) != 3 {
		t.Fatalf("made %d ontologies, %v", len(failed.made), err)
	}
	if err := failed.Close(); err != nil {
		t.Fatal(err)
	}
	unchanged(t, before, mongotest.Take(t, db))
	dead := other.New("dead", stop)
	if err := dataset.Copy(ctx, dead, src); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	dead.lease.Leave() // as the process would
	if after := mongotest.Take(t, db); len(after[ontologiesName].Docs) != 3 || len(after[storesName].Docs) != 1 {
		t.Errorf("left are %v", after[ontologiesName])
	}
	if expire(t, db) != 1 {
		t.Fatal("no record")
	}
	if err := other.sweep(ctx); err != nil {
		t.Fatal(err)
	}
	unchanged(t, before, mongotest.Take(t, db))
}
