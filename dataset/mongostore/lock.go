package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/lease"
)

// ErrLocked says that another run is at work on the dataset.
var ErrLocked = errors.New("another run is at work on this dataset")

// A Lock keeps other runs off a dataset of a database, migrations included. It is a
// record with an owner and an expiry that is put off as long as the process lives.
type Lock struct {
	d     *Database
	lease *lease.Lease
}

// Lock locks the dataset. The lock of a process of this machine that has ended is taken
// over; any other one holds until it expires. ErrLocked says who has it. What an update
// was cut off at is taken back then: see moveNote.
func (s *Store) Lock(ctx context.Context) (*Lock, error) {
	l, err := s.d.lock(ctx, s.id, s.name)
	if err != nil {
		return nil, err
	}
	if err := s.d.leases.Patiently(ctx, s.unmove); err != nil {
		return nil, errors.Join(s.d.leaseError(err), l.Unlock())
	}
	return l, nil
}

func (d *Database) lock(ctx context.Context, id any, name string) (*Lock, error) {
	l, err := d.leases.Dataset(ctx, id, name)
	var held *lease.HeldError
	switch {
	case errors.As(err, &held):
		return nil, fmt.Errorf("%w: %w", ErrLocked, held)
	case err != nil:
		return nil, d.leaseError(err)
	}
	return &Lock{d: d, lease: l}, nil
}

// leaseError makes ErrLost of a lease that somebody else has.
func (d *Database) leaseError(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrLost):
		return err
	case errors.Is(err, lease.ErrLost):
		return fmt.Errorf("%w: %w", ErrLost, err)
	case errors.Is(err, lease.ErrUnconfirmed):
		return err
	}
	return d.writeError("holding the dataset", err)
}

// Lost is closed when the lock could not be kept: somebody else may have it.
func (l *Lock) Lost() <-chan struct{} { return l.lease.Lost() }

// Err is why the lock was lost: an ErrLost, or that the database confirms no writes.
func (l *Lock) Err() error { return l.d.leaseError(l.lease.Err()) }

// Unlock ends the lock.
func (l *Lock) Unlock() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := l.lease.Release(ctx)
	if l.lease.Err() != nil { // which is said already
		return nil
	}
	return l.d.leaseError(err)
}

// literal keeps a text that begins with a dollar sign from being a path.
func literal(text string) bson.D { return bson.D{{Key: "$literal", Value: text}} }
