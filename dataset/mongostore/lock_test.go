package mongostore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func TestLock(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	s := d.must(t, "image")
	first, err := s.Lock(ctx, "$a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(ctx, "b"); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process") {
		t.Errorf("got %v", err)
	}
	other, err := d.must(t, "video").Lock(ctx, "b")
	if err != nil {
		t.Errorf("another dataset: %v", err)
	}
	// The same holder again: the first was killed.
	second, err := s.Lock(ctx, "$a")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.lease.renew(ctx); !errors.Is(err, ErrLost) || !errors.Is(first.Err(), ErrLost) {
		t.Errorf("the lock of a dead process: %v, %v", err, first.Err())
	}
	select {
	case <-first.Lost():
	default:
		t.Error("the loss is not told")
	}
	if err := first.Unlock(); err != nil { // takes nothing from the second
		t.Error(err)
	}
	if _, err := s.Lock(ctx, "b"); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
	past := bson.D{{Key: "$set", Value: bson.D{{Key: "expires", Value: bson.DateTime(0)}}}}
	if _, err := db.Collection(locksName).UpdateOne(ctx, bson.D{{Key: "_id", Value: s.ID()}}, past); err != nil {
		t.Fatal(err)
	}
	third, err := s.Lock(ctx, "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.Unlock(), other.Unlock(), third.Unlock()); err != nil {
		t.Error(err)
	}
	if n, err := db.Collection(locksName).CountDocuments(ctx, bson.D{}); n != 0 || err != nil {
		t.Errorf("%d locks left, %v", n, err)
	}
}
