package mongostore

import (
	"context"
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// A dataset that was made and deleted leaves the database as it was.
func TestDelete(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	before := mongotest.Take(t, db)
	for _, name := range []string{"image", "video"} {
		w := d.New(name+" copied", NewOptions{})
		if err := dataset.Copy(ctx, w, d.must(t, name)); err != nil {
			t.Fatal(err)
		}
		made := d.must(t, w.Name())
		if size, err := made.Size(ctx); err != nil || size == 0 {
			t.Errorf("%s has %d bytes, %v", w.Name(), size, err)
		}
		if _, err := made.Delete(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Dataset(ctx, w.Name()); !errors.Is(err, ErrNotFound) {
			t.Errorf("after its deletion: %v", err)
		}
	}
	unchanged(t, before, mongotest.Take(t, db))
}

// A collection that a dataset does not have to itself must not go with it.
func TestDeleteOfAnother(t *testing.T) {
	d, db := rich(t)
	other := bson.D{{Key: "$set", Value: bson.D{{Key: "sample_collection_name", Value: "samples.of.another"}}}}
	if _, err := db.Collection(datasetsName).UpdateOne(t.Context(), bson.D{{Key: "name", Value: "image"}}, other); err != nil {
		t.Fatal(err)
	}
	before := mongotest.Take(t, db)
	if _, err := d.must(t, "image").Delete(t.Context()); !errors.Is(err, dataset.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	unchanged(t, before, mongotest.Take(t, db))
}

// Who knows that an import is dead need not wait for its lease.
func TestAbandon(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	before := mongotest.Take(t, db)
	dead := d.New("dead", NewOptions{})
	if err := dataset.Copy(ctx, stopping{dead}, d.must(t, "image")); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	dead.lease.Leave() // as the process would
	if err := d.Abandon(ctx, dead.ID().Hex()); err != nil {
		t.Fatal(err)
	}
	unchanged(t, before, mongotest.Take(t, db))
	if err := d.Abandon(ctx, dead.ID().Hex()); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	if err := d.Abandon(ctx, "no id"); !errors.Is(err, ErrNotFound) {
		t.Errorf("of no id: %v", err)
	}
}

// A server without users lets everybody write, and says how much room it has.
func TestMayWrite(t *testing.T) {
	d, _ := rich(t)
	if err := d.MayWrite(t.Context()); err != nil {
		t.Error(err)
	}
	if free, ok := d.Room(t.Context()); ok && free <= 0 {
		t.Errorf("%d bytes free", free)
	}
}
