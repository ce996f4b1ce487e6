package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/lease"
)

func TestLock(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	s := d.must(t, "image")
	first, err := s.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(ctx); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process") {
		t.Errorf("got %v", err)
	}
	other, err := d.must(t, "video").Lock(ctx)
	if err != nil {
		t.Errorf("another dataset: %v", err)
	}
	past := bson.D{{Key: "$set", Value: bson.D{{Key: "expires", Value: bson.DateTime(0)}}}}
	if _, err := db.Collection(lease.Locks).UpdateOne(ctx, bson.D{{Key: "_id", Value: s.ID()}}, past); err != nil {
		t.Fatal(err)
	}
	second, err := s.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.lease.Renew(ctx); !errors.Is(err, lease.ErrLost) || !errors.Is(first.Err(), ErrLost) {
		t.Errorf("a lock that expired and was taken: %v, %v", err, first.Err())
	}
	select {
	case <-first.Lost():
	default:
		t.Error("the loss is not told")
	}
	if err := first.Unlock(); err != nil { // takes nothing from the second
		t.Error(err)
	}
	if _, err := s.Lock(ctx); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(second.Unlock(), other.Unlock()); err != nil {
		t.Error(err)
	}
	if n, err := db.Collection(lease.Locks).CountDocuments(ctx, bson.D{}); n != 0 || err != nil {
		t.Errorf("%d locks left, %v", n, err)
	}
}

// No dataset comes into a database while all of it is being migrated.
func TestImportDuringMigration(t *testing.T) {
	ctx := context.Background()
	d, _ := rich(t)
	l, err := d.leases.Migration(ctx, lease.Migration{})
	if err != nil {
		t.Fatal(err)
	}
	w := d.New("copy", NewOptions{})
	if err := dataset.Copy(ctx, w, d.must(t, "image")); !errors.Is(err, ErrLocked) {
		t.Errorf("during a migration: %v", err)
	}
	if err := errors.Join(w.Close(), d.leases.Close(ctx, l)); err != nil {
		t.Fatal(err)
	}
	w = d.New("copy", NewOptions{})
	if err := dataset.Copy(ctx, w, d.must(t, "image")); err != nil {
		t.Errorf("after it: %v", err)
	}
}
