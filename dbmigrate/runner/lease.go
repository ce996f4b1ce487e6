package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	leaseName = "medialift_lease"
	// leaseTime is how long a lease is good for without a sign of life of its owner,
	// by the server's clock; heartbeat is how often the owner gives one.
	leaseTime = 30 * time.Second
	heartbeat = 5 * time.Second
)

// LeaseError says who else is migrating the database.
type LeaseError struct {
	Owner, Host    string
	PID            int
	Since, Expires time.Time
}

// Error implements error.
func (e *LeaseError) Error() string {
	return fmt.Sprintf("%s (process %d on %s) has been migrating this database since %s", e.Owner, e.PID, e.Host, e.Since.Local().Format(time.DateTime))
}

// ErrLeaseLost ends a run whose lease somebody else has taken.
var ErrLeaseLost = errors.New("another run has taken over this database")

// lease keeps other runs away from a database while its context lasts.
type lease struct {
	ctx        context.Context
	end        context.CancelCauseFunc
	collection *mongo.Collection
	token      bson.ObjectID
	stopped    chan struct{}
}

// acquire takes the lease, or says in a LeaseError who has it.
func (r *Runner) acquire(ctx context.Context, opts Options) (*lease, error) {
	l := &lease{collection: r.durable.Collection(leaseName), token: bson.NewObjectID(), stopped: make(chan struct{})}
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	owner := opts.Owner
	if owner == "" {
		owner = "medialift"
	}
	free := bson.D{{Key: "_id", Value: "lease"}}
	if !opts.StealLease {
		free = append(free, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "$expr", Value: bson.D{{Key: "$lt", Value: bson.A{"$expires_at", "$$NOW"}}}}},
			bson.D{{Key: "holder", Value: opts.Holder}, {Key: "holder", Value: bson.D{{Key: "$gt", Value: ""}}}},
		}})
	}
	take := bson.A{bson.D{{Key: "$replaceWith", Value: bson.D{
		{Key: "_id", Value: "lease"},
		{Key: "token", Value: l.token},
		{Key: "owner", Value: bson.D{{Key: "$literal", Value: owner}}},
		{Key: "host", Value: bson.D{{Key: "$literal", Value: host}}},
		{Key: "holder", Value: bson.D{{Key: "$literal", Value: opts.Holder}}},
		{Key: "pid", Value: os.Getpid()},
		{Key: "since", Value: "$$NOW"},
		{Key: "heartbeat_at", Value: "$$NOW"},
		{Key: "expires_at", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", leaseTime.Milliseconds()}}}},
	}}}}
	// Nobody has this token yet: the upsert inserts, or finds that there is a lease.
	_, err = l.collection.UpdateOne(ctx, l.mine(), take, options.UpdateOne().SetUpsert(true))
	if mongo.IsDuplicateKeyError(err) {
		var result *mongo.UpdateResult
		result, err = l.collection.UpdateOne(ctx, free, take)
		if err == nil && result.MatchedCount == 0 {
			return nil, l.holder(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("taking the lease of database %s: %w", r.db.Name(), err)
	}
	l.ctx, l.end = context.WithCancelCause(ctx)
	go l.keep()
	return l, nil
}

// Context ends when the lease is lost.
func (l *lease) Context() context.Context { return l.ctx }

// holder says in a LeaseError who has the lease.
func (l *lease) holder(ctx context.Context) error {
	var doc struct {
		Owner, Host string
		PID         int
		Since       time.Time
		Expires     time.Time `bson:"expires_at"`
	}
	if err := l.collection.FindOne(ctx, bson.D{{Key: "_id", Value: "lease"}}).Decode(&doc); err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return fmt.Errorf("reading the lease of database %s: %w", l.collection.Database().Name(), err)
	}
	return &LeaseError{Owner: doc.Owner, Host: doc.Host, PID: doc.PID, Since: doc.Since, Expires: doc.Expires}
}

// keep gives signs of life until the lease ends.
func (l *lease) keep() {
	defer close(l.stopped)
	beat := bson.A{bson.D{{Key: "$set", Value: bson.D{
		{Key: "heartbeat_at", Value: "$$NOW"},
		{Key: "expires_at", Value: bson.D{{Key: "$add", Value: bson.A{"$$NOW", leaseTime.Milliseconds()}}}},
	}}}}
	last := time.Now()
	for ticks := time.NewTicker(heartbeat); ; {
		select {
		case <-l.ctx.Done():
			ticks.Stop()
			return
		case <-ticks.C:
		}
		result, err := l.collection.UpdateOne(l.ctx, l.mine(), beat)
		switch {
		case err == nil && result.MatchedCount == 1:
			last = time.Now()
		case err == nil || time.Since(last) > leaseTime-heartbeat:
			l.end(ErrLeaseLost)
		}
	}
}

func (l *lease) mine() bson.D {
	return bson.D{{Key: "_id", Value: "lease"}, {Key: "token", Value: l.token}}
}

// release gives the lease back, and removes its collection while it is still ours.
func (l *lease) release(ctx context.Context) error {
	l.end(nil)
	<-l.stopped
	n, err := l.collection.CountDocuments(ctx, l.mine())
	if err == nil && n == 1 {
		err = l.collection.Drop(ctx)
	}
	if err != nil {
		return fmt.Errorf("giving back the lease of database %s: %w", l.collection.Database().Name(), err)
	}
	return nil
}
