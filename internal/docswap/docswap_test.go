package docswap_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/docswap"
	"github.com/medialift/medialift/internal/mongotest"
)

func marshal(t *testing.T, doc bson.D) bson.Raw {
	t.Helper()
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func filled(n int) string { return strings.Repeat("x", n) }

// points are some n bytes of numbers.
func points(n int) bson.A {
	list := bson.A{}
	for i := range n / 40 {
		list = append(list, bson.A{float64(i), float64(-i)})
	}
	return list
}

// swap writes changed in the place of old where the database has now, and returns what
// it has then.
func swap(t *testing.T, collection *mongo.Collection, old, changed, now bson.D) (matched bool, after bson.Raw) {
	t.Helper()
	if err := collection.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := collection.InsertOne(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	model, err := docswap.Model(marshal(t, old), marshal(t, changed))
	if err != nil {
		t.Fatal(err)
	}
	result, err := collection.BulkWrite(t.Context(), []mongo.WriteModel{model})
	if err != nil {
		t.Fatal(err)
	}
	after, err = collection.FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return result.MatchedCount == 1, after
}

// Whatever their size, a document takes the place of the one that it was made of, byte
// by byte, and not that of one in which somebody has changed what it changes.
func TestModel(t *testing.T) {
	collection := mongotest.Database(t).Collection("c")
	large, many := filled(7<<20), points(9<<20)
	for name, c := range map[string]struct{ old, changed, edited bson.D }{
		"small": {
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: 1}}, bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: 2}},
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: 3}},
		},
		"keys that paths can't name": {
			bson.D{{Key: "_id", Value: 1}, {Key: "a.b", Value: large}, {Key: "$c", Value: bson.D{{Key: "d.e", Value: "old"}, {Key: "f", Value: large}}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "a.b", Value: large}, {Key: "$c", Value: bson.D{{Key: "d.e", Value: "$new"}, {Key: "f", Value: large}}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "a.b", Value: large}, {Key: "$c", Value: bson.D{{Key: "d.e", Value: "mine"}, {Key: "f", Value: large}}}},
		},
		"keys that come, go and move": {
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: large}, {Key: "b", Value: 1}, {Key: "c", Value: filled(3 << 20)}},
			bson.D{{Key: "_id", Value: 1}, {Key: "c", Value: filled(3 << 20)}, {Key: "new", Value: nil}, {Key: "a", Value: large}},
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: large}, {Key: "b", Value: 2}, {Key: "c", Value: filled(3 << 20)}},
		},
		"a key that somebody added": {
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: large}, {Key: "b", Value: large[1:]}}, bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: large}, {Key: "b", Value: "2"}},
			bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: large}, {Key: "b", Value: large[1:]}, {Key: "mine", Value: 1}},
		},
		"points that become a shape": {
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: bson.D{{Key: "_cls", Value: "Polyline"}, {Key: "points", Value: many}}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: bson.D{{Key: "_cls", Value: "Polyline"}, {Key: "points", Value: bson.A{many}}}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: bson.D{{Key: "_cls", Value: "Polyline"}, {Key: "points", Value: many[1:]}}}},
		},
		"a shape that becomes points": {
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: bson.A{bson.D{{Key: "points", Value: bson.A{many}}}, "x"}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: bson.A{bson.D{{Key: "points", Value: many}}, "x"}}},
			bson.D{{Key: "_id", Value: 1}, {Key: "l", Value: "no list any more"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if matched, after := swap(t, collection, c.old, c.changed, c.old); !matched || !bytes.Equal(after, marshal(t, c.changed)) {
				t.Errorf("matched %v, became %.300s, want %.300s", matched, after, marshal(t, c.changed))
			}
			if matched, after := swap(t, collection, c.old, c.changed, c.edited); matched || !bytes.Equal(after, marshal(t, c.edited)) {
				t.Errorf("of a document that somebody changed: matched %v, became %.300s", matched, after)
			}
		})
	}
}

// What somebody else changed beside stays.
func TestModelKeeps(t *testing.T) {
	collection := mongotest.Database(t).Collection("c")
	doc := func(a, b string) bson.D {
		return bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: a}, {Key: "b", Value: b}, {Key: "c", Value: filled(8 << 20)}}
	}
	matched, after := swap(t, collection, doc("old", "x"), doc("new", "x"), doc("old", "mine"))
	if !matched || !bytes.Equal(after, marshal(t, doc("new", "mine"))) {
		t.Errorf("matched %v, became %.200s", matched, after)
	}
}

func TestModelTooLarge(t *testing.T) {
	twice := bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: filled(8 << 20)}, {Key: "b", Value: 1}, {Key: "b", Value: 2}}
	changed := slices.Clone(twice)
	changed[3].Value = 3
	if _, err := docswap.Model(marshal(t, twice), marshal(t, changed)); !errors.Is(err, docswap.ErrTooLarge) {
		t.Errorf("a key that is there twice: %v", err)
	}
	doc := func(fill byte) bson.D {
		return bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: fmt.Sprintf("%c%s", fill, filled(9<<20))}}
	}
	if _, err := docswap.Model(marshal(t, doc('1')), marshal(t, doc('2'))); !errors.Is(err, docswap.ErrTooLarge) {
		t.Error(err)
	}
}
