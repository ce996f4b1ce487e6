package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// ErrLocked says that another run is at work on the dataset.
var ErrLocked = errors.New("another run is at work on this dataset")

// locksName is the collection of locks, by the _id of the dataset.
const locksName = "medialift.locks"

// A Lock keeps other runs off a dataset of a database. It is a record with an
// owner and an expiry that is put off as long as the process lives.
type Lock struct{ lease *lease }

// Lock locks the dataset. Holder names something that one process at a time can
// be, and the caller is: a lock of the same holder is that of a dead process, and
// is taken over; any other one holds until it expires. ErrLocked says who has it.
func (s *Store) Lock(ctx context.Context, holder string) (*Lock, error) {
	locks := s.d.durable.Collection(locksName)
	// An upsert takes no expression with the server's time: so there is always a
	// record, in which the first owner is nobody.
	_, err := locks.InsertOne(ctx, bson.D{{Key: "_id", Value: s.id}, {Key: "expires", Value: bson.DateTime(0)}})
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return nil, s.d.writeError("locking the dataset", err)
	}
	token := rand.Text()
	free := bson.D{{Key: "_id", Value: s.id}, {Key: "$or", Value: bson.A{bson.D{expired()}, bson.D{{Key: "holder", Value: holder}}}}}
	fields := append(owner(token), bson.E{Key: "holder", Value: literal(holder)}, bson.E{Key: "dataset", Value: literal(s.name)},
		bson.E{Key: "since", Value: "$$NOW"}, expiry())
	result, err := locks.UpdateOne(ctx, free, pipeline(fields...))
	if err != nil {
		return nil, s.d.writeError("locking the dataset", err)
	}
	if result.MatchedCount == 0 {
		return nil, s.locked(ctx)
	}
	l, err := s.d.newLease(ctx, locksName, s.id, token)
	if err != nil {
		return nil, err
	}
	return &Lock{l}, nil
}

// literal keeps a text that begins with a dollar sign from being a path.
func literal(text string) bson.D { return bson.D{{Key: "$literal", Value: text}} }

// locked says who holds the lock.
func (s *Store) locked(ctx context.Context) error {
	doc, err := s.d.db.Collection(locksName).FindOne(ctx, bson.D{{Key: "_id", Value: s.id}}).Raw()
	if err != nil {
		return fmt.Errorf("%w: %q", ErrLocked, s.name)
	}
	host, _ := doc.Lookup("host").StringValueOK()
	pid, _ := doc.Lookup("pid").AsInt64OK()
	since, _ := doc.Lookup("since").DateTimeOK()
	expires, _ := doc.Lookup("expires").DateTimeOK()
	return fmt.Errorf("%w: %q is held by process %d on %s since %s; should that be dead, the lock ends at %s", ErrLocked, s.name, pid, host,
		time.UnixMilli(since).Format(time.DateTime), time.UnixMilli(expires).Format(time.TimeOnly))
}

// Lost is closed when the lock could not be kept: somebody else may have it.
func (l *Lock) Lost() <-chan struct{} { return l.lease.gone }

// Err is why the lock was lost, an ErrLost.
func (l *Lock) Err() error { return l.lease.check() }

// Unlock ends the lock.
func (l *Lock) Unlock() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := l.lease.finish(ctx)
	return err
}
