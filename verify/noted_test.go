package verify

import (
	"math"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A size that is a whole number counts whatever its type; what is none vouches for
// nothing.
func TestNoted(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  int64
	}{
		{int32(5), 5}, {int64(5), 5}, {5.0, 5}, {int64(0), 0}, {int64(1) << 40, 1 << 40},
		{5.5, -1}, {math.NaN(), -1}, {math.Inf(1), -1}, {1e300, -1}, {-1, -1}, {-5.0, -1}, {nil, -1}, {"5", -1}, {true, -1}, {bson.A{5}, -1},
	} {
		doc, err := bson.Marshal(bson.D{{Key: "metadata", Value: bson.D{{Key: "size_bytes", Value: tt.value}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := noted(doc); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.value, got, tt.want)
		}
	}
	for _, doc := range []bson.D{{}, {{Key: "metadata", Value: nil}}, {{Key: "metadata", Value: "x"}}} {
		text, err := bson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := noted(text); got != -1 {
			t.Errorf("%v: %d", doc, got)
		}
	}
}
