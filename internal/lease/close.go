package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// closingTime is how long others wait for one that drops the collection.
const closingTime = 20 * time.Second

// Close releases a lock, and drops the collection if it was the last: a migrated
// database holds nothing that FiftyOne's own migration would not leave. Who takes a lock
// meanwhile waits, or finds its record gone and writes it again.
func (t *Table) Close(ctx context.Context, l *Lease) error {
	if _, err := l.Release(ctx); err != nil {
		return err
	}
	if err := t.Sweep(ctx); err != nil {
		return err
	}
	locks := t.db.Collection(Locks)
	last := func() (bool, error) {
		n, err := locks.CountDocuments(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$ne", Value: closingID}}}}, options.Count().SetLimit(1))
		if err != nil {
			return false, fmt.Errorf("looking for locks: %w", err)
		}
		return n == 0, nil
	}
	if empty, err := last(); err != nil || !empty {
		return err
	}
	token := rand.Text()
	mine := bson.D{{Key: "_id", Value: closingID}, {Key: "token", Value: token}}
	record := append(append(bson.D{{Key: "_id", Value: closingID}}, Owner(token)...),
		bson.E{Key: "expires", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", closingTime.Milliseconds()}}}})
	closing := bson.A{bson.D{{Key: "$replaceWith", Value: record}}}
	_, err := locks.UpdateOne(ctx, mine, closing, options.UpdateOne().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) {
		return nil // another one is at it
	}
	empty := false
	if err == nil {
		empty, err = last()
	}
	if err == nil && empty {
		err = locks.Drop(ctx)
	} else {
		_, gone := locks.DeleteOne(context.WithoutCancel(ctx), mine)
		err = errors.Join(err, gone)
	}
	if err != nil {
		return fmt.Errorf("removing the collection of locks: %w", err)
	}
	return nil
}

// Sweep removes the locks of owners that gave no sign of life for too long.
func (t *Table) Sweep(ctx context.Context) error {
	locks := t.db.Collection(Locks)
	n, err := locks.CountDocuments(ctx, bson.D{Expired()}, options.Count().SetLimit(1))
	if err == nil && n > 0 {
		_, err = locks.DeleteMany(ctx, bson.D{Expired()})
	}
	if err != nil {
		return fmt.Errorf("removing locks that have expired: %w", err)
	}
	return nil
}

// Forget removes the lock of a dataset whose owner is known to be dead.
func (t *Table) Forget(ctx context.Context, id any) error {
	if _, err := t.db.Collection(Locks).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
		return fmt.Errorf("removing the lock of a run that has ended: %w", err)
	}
	return nil
}
