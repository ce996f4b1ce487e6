package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/internal/lease"
)

// LeaseError says who else is migrating the database, or is at work on a dataset.
type LeaseError struct {
	Owner, Host    string
	PID            int
	Since, Expires time.Time
	// Dataset is what the other is at work on; "" for a migration.
	Dataset string
	held    error
}

// Error implements error.
func (e *LeaseError) Error() string {
	if e.Dataset != "" {
		return "another run is at work on a dataset: " + e.held.Error()
	}
	return e.held.Error()
}

// ErrLeaseLost ends a run whose lease somebody else has taken.
var ErrLeaseLost = errors.New("another run has taken over this database")

// held is the lease of a run.
type held struct {
	lease *lease.Lease
	table *lease.Table
	ctx   context.Context //nolint:containedctx // ends with the lease
	end   context.CancelFunc
}

// acquire takes the lease, or says in a LeaseError who has it. Its context ends when
// it is lost.
func (r *Runner) acquire(ctx context.Context, opts Options) (*held, error) {
	ids, err := r.idsOf(ctx, opts.Datasets)
	if err != nil {
		return nil, err
	}
	table := lease.New(r.db, lease.Options{Waiting: opts.Waiting, Patience: r.patience, Beat: r.patience / 10})
	l, err := table.Migration(ctx, lease.Migration{Datasets: ids, Owner: opts.Owner, Steal: opts.StealLease})
	var other *lease.HeldError
	if errors.As(err, &other) {
		return nil, &LeaseError{
			Owner: other.Owner, Host: other.Host, PID: other.PID, Since: other.Since, Expires: other.Expires, Dataset: other.Dataset, held: other,
		}
	}
	if err != nil {
		return nil, fmt.Errorf("taking the lease of database %s: %w", r.db.Name(), err)
	}
	h := &held{lease: l, table: table}
	h.ctx, h.end = l.Guard(ctx)
	return h, nil
}

// idsOf finds the datasets of names; nil for nil.
func (r *Runner) idsOf(ctx context.Context, names []string) ([]any, error) {
	if names == nil {
		return nil, nil
	}
	ids := []any{}
	filter := bson.D{{Key: "name", Value: bson.D{{Key: "$in", Value: names}}}}
	for raw, err := range each(ctx, r.db.Collection(dbmigrate.Datasets), filter, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}})) {
		if err != nil {
			return nil, err
		}
		var doc struct {
			ID any `bson:"_id"`
		}
		if err := bson.Unmarshal(raw, &doc); err != nil {
			return nil, fmt.Errorf("reading a dataset: %w", err)
		}
		ids = append(ids, doc.ID)
	}
	return ids, nil
}

// Context ends when the lease is lost.
func (h *held) Context() context.Context { return h.ctx }

// Err is why the lease is lost, nil while it is not.
func (h *held) Err() error { return h.lease.Err() }

// why is the error of a run: of one that lost its lease, that.
func (h *held) why(err error) error {
	if err == nil {
		return nil
	}
	switch lost := h.lease.Err(); {
	case errors.Is(lost, lease.ErrLost):
		return ErrLeaseLost
	case lost != nil:
		return lost
	case h.ctx.Err() != nil:
		return context.Cause(h.ctx)
	}
	return err
}

// releaseTime is how long giving back a lease may take.
const releaseTime = 10 * time.Second

// release gives the lease back, and removes its collection where nobody has another.
func (h *held) release(ctx context.Context) error {
	h.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	lost := h.lease.Err()
	err := h.table.Close(ctx, h.lease)
	if err != nil && lost == nil {
		return fmt.Errorf("giving back the lease of database %s: %w", h.table.Name(), err)
	}
	return nil
}
