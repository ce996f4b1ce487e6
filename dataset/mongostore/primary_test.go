package mongostore

import (
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/mongotest"
)

// What a run reads after its own writes, and before it decides, comes from the primary,
// also where the URI prefers a secondary and that one lags.
func TestReadsOfPrimary(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers: not in short mode")
	}
	t.Parallel() // it waits most of the time
	ctx := t.Context()
	set := mongotest.StartReplicas(t, 0)
	d, err := Open(ctx, set.URI+"&readPreference=secondary&readConcernLevel=majority", "fiftyone", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := dataset.Copy(ctx, d.New("", NewOptions{CreateDatabase: true}), large{n: 100}); err != nil {
		t.Fatal(err)
	}
	s := d.must(t, "large")
	changes := clouded(datasettest.Rows(t, s))
	set.Hang(t, true)
	defer set.Hang(t, false)
	edit := bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: "/data/edited.png"}}}}
	if _, err := d.durable.Collection(s.samples).UpdateOne(ctx, bson.D{{Key: "_id", Value: changes[0].ID}}, edit); err != nil {
		t.Fatal(err)
	}
	got := map[dataset.Status]int{}
	for o, err := range s.Update(ctx, slices.Values(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		got[o.Status]++
	}
	if got[dataset.Conflict] != 1 || got[dataset.Changed] != 99 {
		t.Errorf("%v", got)
	}
	if err := dataset.Copy(ctx, d.New("copy", NewOptions{CreateDatabase: true}), s); err != nil {
		t.Fatal(err)
	}
	same(t, s, d.must(t, "copy"))
}
