// Package lease keeps processes off each other's work in a database.
//
// A lease is a record with an owner and an expiry, which its process puts off as long
// as it lives. Every time in it is of the server's clock. Locks are leases in one
// collection, of one dataset each or of migrations: see [Table.Dataset] and
// [Table.Migration].
package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

var (
	// ErrLost says that somebody else has the lease now.
	ErrLost = errors.New("somebody else has taken it over")
	// ErrUnconfirmed says that the database did not confirm a write for as long as one is
	// waited for.
	ErrUnconfirmed = errors.New("the database does not confirm writes")
)

const (
	// Time is how long an owner is taken to be alive after its last sign of life.
	Time = 2 * time.Minute
	beat = 10 * time.Second
	// patience is how long a write is waited for. It is less than Time by more than a
	// beat: who gives up has still the lease.
	patience = time.Minute
	// sayEvery is how often it is said what is waited for.
	sayEvery = 5 * time.Second
)

// Options of a Table. The zero value is the safe choice.
type Options struct {
	// Waiting is called every few seconds while the database confirms nothing, with what
	// is waited for. Several goroutines may call it.
	Waiting func(text string)
	// Patience is how long a write is waited for; 0 for a minute.
	Patience time.Duration
	// Beat is how often a lease is put off, and SayEvery how often Waiting is called; 0
	// for 10 and 5 seconds.
	Beat, SayEvery time.Duration
}

// A Table is the leases of one database.
type Table struct {
	db   *mongo.Database
	opts Options
}

// New makes the table of a database. Whatever the settings of db are, leases are read
// from the primary, and confirmed by a majority and by the journal.
func New(db *mongo.Database, opts Options) *Table {
	if opts.Waiting == nil {
		opts.Waiting = func(string) {}
	}
	for _, d := range []struct {
		value  *time.Duration
		normal time.Duration
	}{{&opts.Patience, patience}, {&opts.Beat, beat}, {&opts.SayEvery, sayEvery}} {
		if *d.value <= 0 {
			*d.value = d.normal
		}
	}
	concern := &writeconcern.WriteConcern{W: "majority", Journal: new(true)}
	sure := options.Database().SetWriteConcern(concern).SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Local())
	return &Table{db: db.Client().Database(db.Name(), sure), opts: opts}
}

// Name is the name of the database.
func (t *Table) Name() string { return t.db.Name() }

// Expired matches records whose owner gave no sign of life for too long.
func Expired() bson.E {
	return bson.E{Key: "$expr", Value: bson.D{{Key: "$lt", Value: bson.A{"$expires", "$$NOW"}}}}
}

// Expiry sets in a pipeline that the record's owner is alive.
func Expiry() bson.E {
	return bson.E{Key: "expires", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", Time.Milliseconds()}}}}
}

// literal keeps a text that begins with a dollar sign from being a path.
func literal(value any) bson.D { return bson.D{{Key: "$literal", Value: value}} }

// A Lease is a record that this process keeps alive. Its methods may be called by
// several goroutines.
type Lease struct {
	table      *Table
	collection *mongo.Collection
	id         any
	token      string // of this process: who took the record over has another
	stop       context.CancelFunc
	ended      chan struct{}

	renewing sync.Mutex
	// beats are what the record may hold of ours: of two copies of this process, as a
	// cloned machine has them, one finds another value there.
	beats []any

	mu   sync.Mutex
	seen time.Time // when the record was last known to be ours
	lost error
	gone chan struct{} // closed with lost
}

// Keep begins to keep alive a record that is there and has the token. More is set in
// the record with the first sign of life.
func (t *Table) Keep(ctx context.Context, collection string, id any, token string, more ...bson.E) (*Lease, error) {
	l := &Lease{
		table: t, collection: t.db.Collection(collection), id: id, token: token, beats: []any{nil},
		ended: make(chan struct{}), seen: time.Now(), gone: make(chan struct{}),
	}
	if err := t.Patiently(ctx, func(ctx context.Context) error { return l.Renew(ctx, more...) }); err != nil {
		return nil, err
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(beating)
	return l, nil
}

// keep renews the lease until it is told to stop.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.table.opts.Beat):
		}
		err := l.table.Patiently(ctx, func(ctx context.Context) error { return l.untilRenewed(ctx) })
		if err != nil && ctx.Err() == nil {
			_ = l.lose(err) // Err has it
			return
		}
	}
}

// untilRenewed tries again after errors: a server that has restarted is no loss.
func (l *Lease) untilRenewed(ctx context.Context) error {
	for {
		err := l.Renew(ctx)
		if err == nil || errors.Is(err, ErrLost) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(l.table.opts.Beat / 10):
		}
	}
}

// Renew puts the expiry off and finds out whether the record is still ours (ErrLost). More
// is set in the record, expressions included.
func (l *Lease) Renew(ctx context.Context, more ...bson.E) error {
	l.renewing.Lock()
	defer l.renewing.Unlock()
	at, next := time.Now(), rand.Text()
	mine := append(l.mine(), bson.E{Key: "beat", Value: bson.D{{Key: "$in", Value: append(bson.A{}, l.beats...)}}})
	l.beats = append(l.beats, next) // the answer may get lost, not the write
	set := append(bson.D{{Key: "beat", Value: next}, Expiry()}, more...)
	result, err := l.collection.UpdateOne(ctx, mine, bson.A{bson.D{{Key: "$set", Value: set}}})
	if err != nil {
		return fmt.Errorf("keeping a record of %q alive: %w", l.collection.Name(), err)
	}
	if result.MatchedCount == 0 {
		return l.lose(ErrLost)
	}
	l.beats = []any{next}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = at
	return nil
}

// Err is why the lease is lost: nil, ErrLost or ErrUnconfirmed.
func (l *Lease) Err() error {
	l.mu.Lock()
	silence, lost := time.Since(l.seen), l.lost
	l.mu.Unlock()
	if lost == nil && silence > Time*3/4 {
		return l.lose(fmt.Errorf("%w: it did not answer for %v", ErrUnconfirmed, silence.Round(time.Second)))
	}
	return lost
}

// lose notes that the record is not ours any more, or may not be.
func (l *Lease) lose(why error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil {
		l.lost = why
		close(l.gone)
	}
	return l.lost
}

// Lost is closed when the lease could not be kept; Err says why.
func (l *Lease) Lost() <-chan struct{} { return l.gone }

// Guard returns a context that ends when the lease is lost, with Err as its cause.
func (l *Lease) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.gone:
			cancel(l.Err())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Leave ends the signs of life; the record stays until it expires.
func (l *Lease) Leave() {
	l.stop()
	<-l.ended
}

// Release deletes the record; false if it was not ours any more. It may be called
// again after an error.
func (l *Lease) Release(ctx context.Context) (bool, error) {
	l.Leave()
	result, err := l.collection.DeleteOne(ctx, l.mine())
	if err != nil {
		return false, fmt.Errorf("deleting a record of %q: %w", l.collection.Name(), err)
	}
	return result.DeletedCount == 1, nil
}

func (l *Lease) mine() bson.D {
	return bson.D{{Key: "_id", Value: l.id}, {Key: "token", Value: l.token}}
}
