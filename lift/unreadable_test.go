package lift_test

import (
	"errors"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A document that FiftyOne cannot read is refused by the plan: nothing is sent.
func TestUnreadableIsRefused(t *testing.T) {
	s := newStage(t, "1.22.1")
	var doc struct {
		Samples string `bson:"sample_collection_name"`
	}
	if err := s.a.Handle().Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: "image"}}).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	samples := s.a.Handle().Collection(doc.Samples)
	for key, value := range map[string]any{"_merge_key": "x", "tags": "x", "undeclared": 1} {
		var before bson.M
		if err := samples.FindOne(t.Context(), bson.D{}).Decode(&before); err != nil {
			t.Fatal(err)
		}
		id := bson.D{{Key: "_id", Value: before["_id"]}}
		if _, err := samples.UpdateOne(t.Context(), id, bson.D{{Key: "$set", Value: bson.D{{Key: key, Value: value}}}}); err != nil {
			t.Fatal(err)
		}
		w := s.begin(t, "image")
		_, err := w.plan(t, w.store)
		refusal, ok := errors.AsType[*dataset.Refusal](err)
		if !ok || refusal.Total != 1 || refusal.Problems[0].Field != key || refusal.Hint == "" {
			t.Errorf("%s: %v, %+v", key, err, refusal)
		}
		if _, err := os.Stat(s.bucket); !errors.Is(err, os.ErrNotExist) || datasets(t, s.b) > 0 {
			t.Errorf("%s: something was sent: %v", key, err)
		}
		if _, err := samples.ReplaceOne(t.Context(), id, before); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.record.Close(), w.sent.Close()); err != nil {
			t.Fatal(err)
		}
	}
	w := s.begin(t, "image")
	w.mustPlan(t)
}
