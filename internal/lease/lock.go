package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Locks is the collection of locks. Those of datasets have the _id of the dataset.
const Locks = "medialift.locks"

// Ids of records that are not of datasets: the one of migrations, and the one of who is
// about to drop the collection.
const (
	migrationID = "medialift migration"
	closingID   = "medialift closing"
)

// A Migration is what Table.Migration takes the lease for.
type Migration struct {
	// Datasets are the _ids of those that are migrated; nil for all, and the database.
	Datasets []any
	// Owner names the run to others; "" for medialift.
	Owner string
	// Steal takes the lease, and those of datasets that are in its way, from whoever
	// holds them.
	Steal bool
}

// maxNamed is how many datasets a migration's record names; one of more is of all.
const maxNamed = 50_000

// Dataset takes the lease of one dataset. A HeldError says who has it, or that a
// migration of it is at work.
//
// Both kinds of lease are taken so: the record is written first, then those of the other
// kind are looked at. Of two that do so at once one sees the other. The dataset gives
// way then: a migration waits for its answer.
func (t *Table) Dataset(ctx context.Context, id any, name string) (*Lease, error) {
	id, err := plain(id)
	if err != nil {
		return nil, err
	}
	return t.take(ctx, claim{id: id, fields: bson.D{{Key: "dataset", Value: literal(name)}}, inTheWay: func(ctx context.Context) (*record, error) {
		records, err := t.find(ctx, bson.D{{Key: "_id", Value: migrationID}, live(), {Key: "$or", Value: bson.A{
			bson.D{{Key: "all", Value: true}}, bson.D{{Key: "datasets", Value: id}},
		}}})
		if err != nil {
			return nil, err
		}
		return t.alive(ctx, records)
	}})
}

// Migration takes the lease of migrations, of which there is one at a time. A HeldError
// says who has it, or who is at work on one of the datasets.
func (t *Table) Migration(ctx context.Context, m Migration) (*Lease, error) {
	all := m.Datasets == nil || len(m.Datasets) > maxNamed
	ids := bson.A{}
	others := bson.D{{Key: "_id", Value: bson.D{{Key: "$nin", Value: bson.A{migrationID, closingID}}}}, live()}
	if !all {
		for _, id := range m.Datasets {
			id, err := plain(id)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		others = bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}, live()}
	}
	name := m.Owner
	if name == "" {
		name = "medialift"
	}
	fields := bson.D{{Key: "owner", Value: literal(name)}, {Key: "all", Value: all}, {Key: "datasets", Value: literal(ids)}}
	l, err := t.take(ctx, claim{id: migrationID, fields: fields, steal: m.Steal, inTheWay: func(ctx context.Context) (*record, error) {
		for {
			records, err := t.find(ctx, others)
			if err != nil {
				return nil, err
			}
			r, err := t.alive(ctx, records)
			if err != nil || r == nil || !r.Asking {
				return r, err
			}
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(askingTime):
			}
		}
	}})
	if err != nil {
		return nil, err
	}
	if err := t.dropOlder(ctx, m.Steal); err != nil {
		_, gone := l.Release(context.WithoutCancel(ctx))
		return nil, errors.Join(err, gone)
	}
	return l, nil
}

// askingTime is how long one that asks, or closes, is given to end that.
const askingTime = 50 * time.Millisecond

// plain makes of an id what a filter and $literal take alike.
func plain(id any) (any, error) {
	if raw, ok := id.(bson.RawValue); ok {
		var value any
		if err := raw.Unmarshal(&value); err != nil {
			return nil, fmt.Errorf("reading the id of a dataset: %w", err)
		}
		return value, nil
	}
	return id, nil
}

// alive returns the first of the records whose owner is not certainly dead, one that
// holds before one that asks, and removes those of dead ones before it.
func (t *Table) alive(ctx context.Context, records []record) (*record, error) {
	slices.SortStableFunc(records, func(a, b record) int {
		switch {
		case a.Asking == b.Asking:
			return 0
		case b.Asking:
			return -1
		}
		return 1
	})
	for i := range records {
		if !records[i].Process.dead() {
			return &records[i], nil
		}
		if err := t.remove(ctx, &records[i]); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // none is in the way
}

// remove deletes a record, unless somebody has taken it over.
func (t *Table) remove(ctx context.Context, r *record) error {
	if _, err := t.db.Collection(Locks).DeleteOne(ctx, bson.D{{Key: "_id", Value: r.ID}, {Key: "token", Value: r.Token}}); err != nil {
		return fmt.Errorf("removing the lock of a run that has ended: %w", err)
	}
	return nil
}

// A claim is a lock that is to be taken.
type claim struct {
	id     any
	fields bson.D
	steal  bool
	// inTheWay looks for locks of the other kind.
	inTheWay func(ctx context.Context) (*record, error)
}

// tries is how often a lock is taken that somebody drops or takes meanwhile.
const tries = 20

// take takes a lock.
func (t *Table) take(ctx context.Context, c claim) (l *Lease, err error) {
	err = t.Patiently(ctx, func(ctx context.Context) error {
		for range tries {
			if l, err = t.try(ctx, c); !errors.Is(err, ErrLost) {
				return err
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(askingTime):
			}
		}
		return err
	})
	return l, err
}

// try takes a lock once; ErrLost if the record has gone meanwhile.
func (t *Table) try(ctx context.Context, c claim) (*Lease, error) {
	token := rand.Text()
	var l *Lease
	err := t.write(ctx, c, token)
	if err == nil {
		l, err = t.settle(ctx, c, token)
	}
	if err != nil {
		// What was not confirmed may be there all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
		defer cancel()
		_ = t.remove(ctx, &record{ID: c.id, Token: token})
	}
	return l, err
}

// write puts a record of ours in the place of none, of one that expired, or of one of a
// dead owner.
func (t *Table) write(ctx context.Context, c claim, token string) error {
	locks := t.db.Collection(Locks)
	fields := append(bson.D{{Key: "_id", Value: literal(c.id)}}, Owner(token)...)
	fields = append(fields, bson.E{Key: "asking", Value: true}, bson.E{Key: "since", Value: "$$NOW"}, Expiry())
	ours := bson.A{bson.D{{Key: "$replaceWith", Value: append(fields, c.fields...)}}}
	// Nobody has this token yet: the upsert inserts, or finds that there is a record.
	_, err := locks.UpdateOne(ctx, bson.D{{Key: "_id", Value: c.id}, {Key: "token", Value: token}}, ours, options.UpdateOne().SetUpsert(true))
	if !mongo.IsDuplicateKeyError(err) {
		return taking(err)
	}
	free := bson.D{{Key: "_id", Value: c.id}}
	if !c.steal {
		free = append(free, Expired())
	}
	result, err := locks.UpdateOne(ctx, free, ours)
	if err != nil || result.MatchedCount == 1 {
		return taking(err)
	}
	records, err := t.find(ctx, bson.D{{Key: "_id", Value: c.id}})
	switch {
	case err != nil:
		return err
	case len(records) == 0: // given back meanwhile
		return ErrLost
	case !records[0].Process.dead():
		return records[0].held()
	}
	result, err = locks.UpdateOne(ctx, bson.D{{Key: "_id", Value: c.id}, {Key: "token", Value: records[0].Token}}, ours)
	if err == nil && result.MatchedCount == 0 {
		return ErrLost
	}
	return taking(err)
}

func taking(err error) error {
	if err != nil {
		return fmt.Errorf("taking a lock: %w", err)
	}
	return nil
}

// settle looks for what is in the way of a record that is written, and makes it a lock.
func (t *Table) settle(ctx context.Context, c claim, token string) (*Lease, error) {
	for {
		closing, err := t.find(ctx, bson.D{{Key: "_id", Value: closingID}, live()})
		if err != nil {
			return nil, err
		}
		if len(closing) == 0 || closing[0].Process.dead() {
			break
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(askingTime):
		}
	}
	older, err := t.older(ctx)
	if err == nil && older != nil && !c.steal {
		err = older
	}
	if err != nil {
		return nil, err
	}
	other, err := c.inTheWay(ctx)
	for ; err == nil && other != nil && c.steal; other, err = c.inTheWay(ctx) {
		if err := t.remove(ctx, other); err != nil {
			return nil, err
		}
	}
	if err == nil && other != nil {
		err = other.held()
	}
	if err != nil {
		return nil, err
	}
	return t.Keep(ctx, Locks, c.id, token, bson.E{Key: "asking", Value: false})
}
