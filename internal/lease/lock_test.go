package lease

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/internal/mongotest"
)

// table is that of an empty database.
func table(t *testing.T) *Table {
	t.Helper()
	return New(mongotest.Database(t), Options{})
}

// taken is a lease, or what keeps it.
func taken(t *testing.T) func(l *Lease, err error) *Lease {
	return func(l *Lease, err error) *Lease {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

// refused is the holder that err names.
func refused(t *testing.T, err error) *HeldError {
	t.Helper()
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("got %v", err)
	}
	return held
}

func (t *Table) collections(tb testing.TB) string {
	tb.Helper()
	names, err := t.db.ListCollectionNames(context.Background(), bson.D{})
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Join(names, " ")
}

// A run on a dataset and a migration of it keep each other off, whoever comes first; a
// migration of the database keeps off all, one of another dataset nobody.
func TestExclusion(t *testing.T) {
	ctx := t.Context()
	table, must := table(t), taken(t)
	one, two := bson.NewObjectID(), "$two"
	for what, tt := range map[string]struct {
		ids  []any
		free bool // two, while a migration of ids is at work
	}{
		"the database": {nil, false}, "one": {[]any{one}, true}, "both": {[]any{one, two}, false},
	} {
		dataset := must(table.Dataset(ctx, one, "first"))
		_, err := table.Migration(ctx, Migration{Datasets: tt.ids})
		if held := refused(t, err); held.Migration || held.Dataset != "first" || held.PID == 0 || held.Since.IsZero() || !held.Expires.After(held.Since) {
			t.Errorf("%s, while one is at work: %+v", what, held)
		}
		if _, err := dataset.Release(ctx); err != nil {
			t.Fatal(err)
		}
		migration := must(table.Migration(ctx, Migration{Datasets: tt.ids, Owner: "$me"}))
		_, err = table.Dataset(ctx, one, "first")
		if held := refused(t, err); !held.Migration || held.Owner != "$me" {
			t.Errorf("one, while %s is migrated: %+v", what, held)
		}
		other, err := table.Dataset(ctx, two, "second")
		if tt.free != (err == nil) {
			t.Errorf("two, while %s is migrated: %v", what, err)
		}
		if err == nil {
			if _, err := other.Release(ctx); err != nil {
				t.Error(err)
			}
		}
		_, err = table.Migration(ctx, Migration{Datasets: []any{"another"}})
		if held := refused(t, err); !held.Migration {
			t.Errorf("a second migration: %+v", held)
		}
		if err := table.Close(ctx, migration); err != nil {
			t.Error(err)
		}
		if left := table.collections(t); left != "" {
			t.Errorf("after a migration of %s there is left: %s", what, left)
		}
	}
	dataset := must(table.Dataset(ctx, two, "second"))
	migration := must(table.Migration(ctx, Migration{Datasets: []any{one}}))
	if err := table.Close(ctx, migration); err != nil {
		t.Error(err)
	}
	if err := dataset.Renew(ctx); err != nil {
		t.Errorf("the lock of a dataset, when a migration of another one has ended: %v", err)
	}
}

// The lease of a migration of an older version is respected until it expires, or is
// stolen; what it leaves is removed.
func TestOlderLease(t *testing.T) {
	ctx := t.Context()
	table, must := table(t), taken(t)
	older := table.db.Collection("medialift_lease")
	write := func(expires time.Time) {
		t.Helper()
		_ = older.Drop(ctx)
		doc := bson.D{{Key: "_id", Value: "lease"}, {Key: "token", Value: bson.NewObjectID()}, {Key: "owner", Value: "old"}, {Key: "host", Value: "h"},
			{Key: "holder", Value: "x"}, {Key: "pid", Value: 1}, {Key: "since", Value: time.Now()}, {Key: "expires_at", Value: expires}}
		if _, err := older.InsertOne(ctx, doc); err != nil {
			t.Fatal(err)
		}
	}
	write(time.Now().Add(time.Hour))
	_, err := table.Dataset(ctx, "a", "a")
	if held := refused(t, err); !held.Migration || held.Owner != "old" {
		t.Errorf("%+v", held)
	}
	_, err = table.Migration(ctx, Migration{Datasets: []any{"b"}})
	refused(t, err)
	stolen := must(table.Migration(ctx, Migration{Steal: true}))
	if err := table.Close(ctx, stolen); err != nil {
		t.Error(err)
	}
	write(time.Now().Add(-time.Minute))
	if err := table.Close(ctx, must(table.Migration(ctx, Migration{}))); err != nil {
		t.Error(err)
	}
	if left := table.collections(t); left != "" {
		t.Errorf("left: %s", left)
	}
}

// Who steals has the lock; who had it hears so.
func TestStolen(t *testing.T) {
	ctx := t.Context()
	table, must := table(t), taken(t)
	dataset := must(table.Dataset(ctx, "a", "a"))
	migration := must(table.Migration(ctx, Migration{Steal: true}))
	if err := dataset.Renew(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("the lock of a dataset: %v", err)
	}
	again := must(table.Migration(ctx, Migration{Steal: true}))
	guarded, stop := migration.Guard(ctx)
	defer stop()
	if err := migration.Renew(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("the lease of a migration: %v", err)
	}
	<-guarded.Done()
	if err := context.Cause(guarded); !errors.Is(err, ErrLost) {
		t.Errorf("what its work is told: %v", err)
	}
	if err := table.Close(ctx, migration); err != nil { // takes nothing from the other
		t.Error(err)
	}
	if err := again.Renew(ctx); err != nil {
		t.Error(err)
	}
}

// Of any two that exclude each other only one is at work at a time, and all get their
// turn: also where the collection of locks is dropped all the time.
func TestNeverBoth(t *testing.T) {
	ctx := t.Context()
	table := table(t)
	var mu sync.Mutex
	migrating, working := 0, map[string]int{}
	enter := func(d int, name string) {
		mu.Lock()
		defer mu.Unlock()
		if name == "" {
			migrating += d
		} else {
			working[name] += d
		}
		if migrating > 1 || working["a"] > 1 || working["b"] > 1 || migrating > 0 && working["a"]+working["b"] > 0 {
			t.Errorf("at work at a time: %d migrations, %v", migrating, working)
		}
	}
	const turns = 12
	var all sync.WaitGroup
	for _, name := range []string{"", "a", "b", "", "a"} {
		all.Go(func() {
			for done := 0; done < turns; {
				var l *Lease
				var err error
				if name == "" {
					l, err = table.Migration(ctx, Migration{})
				} else {
					l, err = table.Dataset(ctx, name, name)
				}
				var held *HeldError
				if errors.As(err, &held) {
					time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				enter(1, name)
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				enter(-1, name)
				if name == "" {
					err = table.Close(ctx, l)
				} else {
					_, err = l.Release(ctx)
				}
				if err != nil || l.Err() != nil {
					t.Error(err, l.Err())
				}
				done++
			}
		})
	}
	all.Wait()
}
