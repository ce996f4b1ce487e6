package mongostore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

// filled makes a document so large that only room bytes are left.
func filled(t *testing.T, collection *mongo.Collection, doc bson.Raw, room int) {
	t.Helper()
	fill := strings.Repeat("x", maxDocument-len(doc)-room-len("fill")-7)
	is := bson.D{{Key: "_id", Value: doc.Lookup("_id")}}
	if _, err := collection.UpdateOne(t.Context(), is, bson.D{{Key: "$set", Value: bson.D{{Key: "fill", Value: fill}}}}); err != nil {
		t.Fatal(err)
	}
	if got := all1(t, collection, is); len(got) != maxDocument-room {
		t.Fatalf("%d bytes", len(got))
	}
}

func all1(t *testing.T, collection *mongo.Collection, is bson.D) bson.Raw {
	t.Helper()
	doc, err := collection.FindOne(t.Context(), is).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// A document that would outgrow MongoDB is refused with its size, in whatever way the
// change would be made, and all others are changed.
func TestGrowsTooLarge(t *testing.T) {
	d, db := rich(t)
	s := d.must(t, "image")
	first := all(t, s, dataset.Samples)[0]
	filled(t, db.Collection(s.samples), first, 20)
	changes := clouded(datasettest.Rows(t, s))
	refused, changed := 0, 0
	for o, err := range s.Update(t.Context(), slices.Values(changes)) {
		switch {
		case err != nil:
			t.Fatal(err)
		case o.Status == dataset.Refused:
			refused++
			if !o.Change.ID.Equal(first.Lookup("_id")) || !strings.Contains(o.Reason, "16777196 bytes and would have") {
				t.Errorf("%s: %s", o.Change.ID, o.Reason)
			}
		case o.Status == dataset.Changed:
			changed++
		}
	}
	if refused != 1 || changed != len(changes)-1 {
		t.Errorf("%d of %d refused, %d changed", refused, len(changes), changed)
	}
	if got := all(t, s, dataset.Samples)[0].Lookup("filepath"); !got.Equal(first.Lookup("filepath")) {
		t.Errorf("filepath is %v", got)
	}
}

// moves makes samples whose change is one move of a prefix.
func moves(t *testing.T, s *Store, db *mongo.Database) []dataset.Change {
	t.Helper()
	var changes []dataset.Change
	like := all(t, s, dataset.Samples)[0]
	for i := range 3 * fewest {
		doc, err := edited(like, set("_id", bson.NewObjectID()), set("filepath", fmt.Sprintf("/data/%d.png", i)), setRaw("count", bson.TypeInt32, []byte{byte(i), 9, 0, 0}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection(s.samples).InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
		changes = append(changes, dataset.Change{Part: dataset.Samples, ID: doc.Lookup("_id"),
			Sets: []dataset.Set{{At: "/filepath", Old: fmt.Sprintf("/data/%d.png", i), New: fmt.Sprintf("s3://bucket/of/a/longer/name/%d.png", i)}}})
	}
	return changes
}

// The same where the server makes the whole batch by one update, which ends at the
// first document that it refuses.
func TestMoveGoesOn(t *testing.T) {
	d, db := rich(t)
	s := d.must(t, "image")
	collection := db.Collection(s.samples)
	changes := moves(t, s, db)
	if _, ok := moveOf(changes); !ok {
		t.Fatal("not a move")
	}
	is := func(i int) bson.D { return bson.D{{Key: "_id", Value: changes[i].ID}} }
	large, taken := 7, 21
	filled(t, collection, all1(t, collection, is(large)), 5)
	unique := mongo.IndexModel{Keys: bson.D{{Key: "filepath", Value: 1}}, Options: options.Index().SetName("mine").SetUnique(true).
		SetPartialFilterExpression(bson.D{{Key: "filepath", Value: bson.D{{Key: "$gt", Value: "s3:"}}}})}
	if _, err := collection.Indexes().CreateOne(t.Context(), unique); err != nil {
		t.Fatal(err)
	}
	other, err := edited(all1(t, collection, is(0)), set("_id", bson.NewObjectID()), set("filepath", changes[taken].Sets[0].New), setRaw("count", bson.TypeInt32, []byte{1, 8, 0, 0}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collection.InsertOne(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for o, err := range s.Update(t.Context(), slices.Values(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Status != dataset.Changed {
			why[o.Change.ID.ObjectID().Hex()] = fmt.Sprintf("%t %s", o.Status == dataset.Refused, o.Reason)
		}
	}
	if len(why) != 2 || !strings.Contains(why[changes[large].ID.ObjectID().Hex()], "true it has 16777211 bytes") ||
		!strings.Contains(why[changes[taken].ID.ObjectID().Hex()], "mine") {
		t.Errorf("%q", why)
	}
	for i, c := range changes {
		want := c.Sets[0].New
		if i == large || i == taken {
			want = c.Sets[0].Old
		}
		if got := all1(t, collection, is(i)).Lookup("filepath").StringValue(); got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
}
