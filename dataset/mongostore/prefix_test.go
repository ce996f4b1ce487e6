package mongostore

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/mongotest"
)

func TestMoveOf(t *testing.T) {
	batch := func(pairs ...string) []dataset.Change {
		var all []dataset.Change
		for range fewest {
			for i := 0; i < len(pairs); i += 2 {
				all = append(all, dataset.Change{Sets: []dataset.Set{{At: "/filepath", Old: pairs[i], New: pairs[i+1]}}})
			}
		}
		return all
	}
	for _, tt := range []struct {
		batch []dataset.Change
		want  string
	}{
		{batch("/data/a.jpg", "s3://b/a.jpg", "/data/x/b.jpg", "s3://b/x/b.jpg"), "/data→s3://b"},
		{batch("/data/x/a.jpg", "s3://b/x/a.jpg"), "/data→s3://b"},
		{batch("/data/x/a.jpg", "s3://b/x/a.jpg", "/data/b.jpg", "s3://b/b.jpg"), "/data→s3://b"},
		{batch("/data/x/a.jpg", "s3://b/x/a.jpg", "/date/b.jpg", "s3://b/b.jpg"), ""}, // another prefix
		{batch("/a.jpg", "s3://b/a.jpg"), ""},                                         // all strings begin so
		{batch("/data/a.jpg", "/data/new/a.jpg"), ""},                                 // what was moved looks unmoved
		{batch("/data/a.jpg", "s3://b/b.jpg"), ""},
		{batch("a", "b"), ""},
		{batch("/data/é/a", "s3://ö/é/a"), "/data→s3://ö"},
		{batch("/data/a.jpg", "s3://b/a.jpg")[:fewest-1], ""},
	} {
		m, ok := moveOf(tt.batch)
		if got := m.from + "→" + m.to; ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%v: got %q, %v, want %q", tt.batch[0], got, ok, tt.want)
		}
	}
	for _, at := range []dataset.Pointer{"/gt/0/mask_path", "/", "/a.b", "/$a", "/seg/mask_path"} {
		all := batch("/data/a.jpg", "s3://b/a.jpg")
		for _, c := range all {
			c.Sets[0].At = at
		}
		if _, ok := moveOf(all); ok {
			t.Errorf("%q is a move", at)
		}
	}
}

// A move goes by the first part of paths; what others have put there meanwhile is
// theirs all the same.
func TestMoveOthersMeanwhile(t *testing.T) {
	ctx := context.Background()
	db := mongotest.Database(t)
	d := open(t, db)
	if err := dataset.Copy(ctx, d.New("", NewOptions{CreateDatabase: true}), large{n: 100}); err != nil {
		t.Fatal(err)
	}
	s := d.must(t, "large")
	var changes []dataset.Change
	for _, r := range datasettest.Rows(t, s) {
		to := "s3://$bucket" + strings.TrimPrefix(r.Value, "/data")
		changes = append(changes, dataset.Change{Part: r.Part, ID: r.ID, Sets: []dataset.Set{{At: r.At, Old: r.Value, New: to}}})
	}
	if _, ok := moveOf(changes); !ok {
		t.Fatal("that is to be a move")
	}
	samples := db.Collection(s.samples)
	want := map[int]dataset.Status{0: dataset.Conflict, 1: dataset.Conflict, 2: dataset.Already, 3: dataset.Conflict, 4: dataset.NotFound}
	for i, value := range []any{"/data/edited.jpg", "/elsewhere.jpg", changes[2].Sets[0].New, bson.A{"/data/listed.jpg"}} {
		if _, err := samples.UpdateOne(ctx, bson.D{{Key: "_id", Value: changes[i].ID}}, bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: value}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := samples.DeleteOne(ctx, bson.D{{Key: "_id", Value: changes[4].ID}}); err != nil {
		t.Fatal(err)
	}
	before := all(t, s, dataset.Samples)
	for o, err := range s.Update(ctx, slices.Values(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(changes, func(c dataset.Change) bool { return c.ID.Equal(o.Change.ID) })
		if status, special := want[i]; o.Status != status && (special || o.Status != dataset.Changed) {
			t.Errorf("%d: %v at %q %q, want %v", i, o.Status, o.At, o.Value, status)
		}
		if i == 0 && o.Value != "/data/edited.jpg" {
			t.Errorf("in the way stood %q", o.Value)
		}
	}
	for i, doc := range all(t, s, dataset.Samples) {
		got := doc.Lookup("filepath")
		if i < 4 && !got.Equal(before[i].Lookup("filepath")) {
			t.Errorf("%d: %v became %v", i, before[i].Lookup("filepath"), got)
		}
		if i >= 4 && got.StringValue() != changes[i+1].Sets[0].New {
			t.Errorf("%d: %v", i, got)
		}
	}
	if got := apply(t, s, reversed(changes)); got[dataset.Changed] != 96 {
		t.Errorf("back: %v", got)
	}
}
