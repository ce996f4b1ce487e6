package mongostore

import (
	"fmt"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// In collections that do not tell A from a, a change is made of the very value that was
// planned, and not of one that only compares alike: in whatever way it is made.
func TestCollation(t *testing.T) {
	ctx := t.Context()
	blind := &options.Collation{Locale: "en", Strength: 2}
	for what, tt := range map[string]struct {
		n       int
		key     string // of the value in the document
		at      dataset.Pointer
		stamped bool
		id      func(i int) any
		to      func(i int) string
	}{
		"a move":        {50, "filepath", "/filepath", true, func(i int) any { return i }, func(i int) string { return fmt.Sprintf("s3://b/%d.jpg", i) }},
		"single values": {50, "filepath", "/filepath", true, func(i int) any { return i }, func(i int) string { return fmt.Sprintf("s3://b/%d/x.jpg", i) }},
		"without times": {5, "filepath", "/filepath", false, func(i int) any { return i }, func(i int) string { return fmt.Sprintf("s3://b/%d/x.jpg", i) }},
		"odd keys":      {5, "a.b", "/a.b", true, func(i int) any { return i }, func(i int) string { return fmt.Sprintf("s3://b/%d/x.jpg", i) }},
	} {
		d, db := rich(t)
		id := bson.NewObjectID()
		samples := db.Collection("samples." + id.Hex())
		if err := db.CreateCollection(ctx, samples.Name(), options.CreateCollection().SetCollation(blind)); err != nil {
			t.Fatal(err)
		}
		fields := bson.A{}
		if tt.stamped {
			fields = append(fields, bson.D{{Key: "name", Value: stampKey}, {Key: "db_field", Value: stampKey}})
		}
		if _, err := db.Collection(datasetsName).InsertOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "name", Value: "blind"}, {Key: "version", Value: Newest},
			{Key: "sample_collection_name", Value: samples.Name()}, {Key: "sample_fields", Value: fields}}); err != nil {
			t.Fatal(err)
		}
		var changes []dataset.Change
		for i := range tt.n {
			old := fmt.Sprintf("/data/%d.jpg", i)
			kind, value, err := bson.MarshalValue(tt.id(i))
			if err != nil {
				t.Fatal(err)
			}
			stands := old
			if i == 3 { // somebody else's correction
				stands = "/DATA/3.jpg"
			}
			if _, err := samples.InsertOne(ctx, bson.D{{Key: "_id", Value: tt.id(i)}, {Key: tt.key, Value: stands}}); err != nil {
				t.Fatal(err)
			}
			changes = append(changes, dataset.Change{Part: dataset.Samples, ID: bson.RawValue{Type: kind, Value: value},
				Sets: []dataset.Set{{At: tt.at, Old: old, New: tt.to(i)}}})
		}
		got := map[dataset.Status]int{}
		for o, err := range d.must(t, "blind").Update(ctx, slices.Values(changes)) {
			if err != nil {
				t.Fatal(err)
			}
			got[o.Status]++
		}
		if got[dataset.Conflict] != 1 || got[dataset.Changed] != tt.n-1 {
			t.Errorf("%s: %v", what, got)
		}
		doc, err := samples.FindOne(ctx, bson.D{{Key: "_id", Value: tt.id(3)}}).Raw()
		if err != nil || doc.Lookup(tt.key).StringValue() != "/DATA/3.jpg" {
			t.Errorf("%s: another's value is overwritten: %s, %v", what, doc, err)
		}
	}
}

// A race between reading and writing is lost to who only changed the case of a letter.
func TestCollationOfCompareAndSet(t *testing.T) {
	ctx := t.Context()
	_, db := rich(t)
	samples := db.Collection("blind")
	if err := db.CreateCollection(ctx, "blind", options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 2})); err != nil {
		t.Fatal(err)
	}
	if _, err := samples.InsertOne(ctx, bson.D{{Key: "_id", Value: 1}, {Key: "a.b", Value: "/DATA/1.jpg"}, {Key: "filepath", Value: "/DATA/1.jpg"}}); err != nil {
		t.Fatal(err)
	}
	stale, err := bson.Marshal(bson.D{{Key: "_id", Value: 1}, {Key: "a.b", Value: "/data/1.jpg"}, {Key: "filepath", Value: "/data/1.jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	kind, value, err := bson.MarshalValue(1)
	if err != nil {
		t.Fatal(err)
	}
	w := &batchWriter{collection: samples, collation: &options.Collation{Locale: "simple"}}
	for _, at := range []dataset.Pointer{"/filepath", "/a.b"} {
		c := dataset.Change{ID: bson.RawValue{Type: kind, Value: value}, Sets: []dataset.Set{{At: at, Old: "/data/1.jpg", New: "s3://b/1.jpg"}}}
		m, err := w.modelOf(stale, c, stand(stale, c))
		if err != nil {
			t.Fatal(err)
		}
		result, err := samples.BulkWrite(ctx, []mongo.WriteModel{m})
		if err != nil || result.MatchedCount != 0 {
			t.Errorf("%s: %+v, %v", at, result, err)
		}
	}
}
