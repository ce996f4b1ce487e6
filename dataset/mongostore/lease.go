package mongostore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// leaseTime is how long the owner of a record is taken to be alive after its last
// sign of life, by the server's clock.
const leaseTime = 2 * time.Minute

// A lease is a record of something under way, kept alive.
type lease struct {
	d          *Database
	collection string
	id         bson.RawValue
	token      string // of this process: who took the record over has another
	stop       context.CancelFunc
	ended      chan struct{}

	mu   sync.Mutex
	seen time.Time // when the record was last known to be ours
	lost error
	gone chan struct{} // closed with lost
}

// expiry is an update of a record's expiry, by the server's clock.
func expiry() bson.E {
	return bson.E{Key: "expires", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", leaseTime.Milliseconds()}}}}
}

// expired matches records whose owner is dead.
func expired() bson.E {
	return bson.E{Key: "$expr", Value: bson.D{{Key: "$lt", Value: bson.A{"$expires", "$$NOW"}}}}
}

func pipeline(fields ...bson.E) bson.A {
	return bson.A{bson.D{{Key: "$set", Value: bson.D(fields)}}}
}

// newLease begins the lease of a record that is there and has the token.
func (d *Database) newLease(ctx context.Context, collection string, id bson.RawValue, token string) (*lease, error) {
	l := &lease{d: d, collection: collection, id: id, token: token, ended: make(chan struct{}), seen: time.Now(), gone: make(chan struct{})}
	if err := l.renew(ctx); err != nil {
		return nil, err
	}
	beat, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(beat)
	return l, nil
}

// owner says who this process is, for people who find a record.
func owner(token string) bson.D {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return bson.D{{Key: "token", Value: token}, {Key: "host", Value: host}, {Key: "pid", Value: os.Getpid()}}
}

// keep renews the lease until it is told to stop.
func (l *lease) keep(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaseTime / 6):
		}
		// A server that does not answer for a while is no loss as long as it does
		// before the lease has run out: check sees to that.
		if err := l.renew(ctx); errors.Is(err, ErrLost) || err != nil && l.check() != nil {
			return
		}
	}
}

// renew puts the expiry off and finds out whether the record is still ours.
func (l *lease) renew(ctx context.Context, more ...bson.E) error {
	at := time.Now()
	mine := bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}
	result, err := l.d.durable.Collection(l.collection).UpdateOne(ctx, mine, pipeline(append(more, expiry())...))
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		return l.d.writeError("keeping a record alive", err)
	}
	if result.MatchedCount == 0 {
		return l.lose("somebody else has taken it over")
	}
	l.seen = at
	return nil
}

// check fails once the record may have been taken for that of a dead import.
func (l *lease) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if silence := time.Since(l.seen); l.lost == nil && silence > leaseTime*3/4 {
		return l.lose(fmt.Sprintf("the database did not answer for %v", silence.Round(time.Second)))
	}
	return l.lost
}

// lose notes that the record is not ours any more, or may not be. The caller
// holds the mutex.
func (l *lease) lose(why string) error {
	if l.lost == nil {
		l.lost = fmt.Errorf("%w: %s", ErrLost, why)
		close(l.gone)
	}
	return l.lost
}

// finish deletes the record; false if it was not there any more.
func (l *lease) finish(ctx context.Context) (bool, error) {
	l.stop()
	<-l.ended
	mine := bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}
	result, err := l.d.durable.Collection(l.collection).DeleteOne(ctx, mine)
	if err != nil {
		return false, l.d.writeError("deleting a record", err)
	}
	return result.DeletedCount == 1, nil
}
