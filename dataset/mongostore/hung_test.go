package mongostore

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/lease"
	"github.com/medialift/medialift/internal/mongotest"
)

// An update that no majority confirms ends with the cause, and is finished by the next
// run once one does; so it is with an import.
func TestHungMajority(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers: not in short mode")
	}
	t.Parallel() // it waits most of the time
	ctx := t.Context()
	set := mongotest.StartReplicas(t, 1)
	d, err := Open(ctx, set.URI, "fiftyone", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	patient := d.leases
	hasty := lease.New(d.db, lease.Options{Patience: 3 * time.Second, Beat: 300 * time.Millisecond, SayEvery: time.Second})
	if err := dataset.Copy(ctx, d.New("", NewOptions{CreateDatabase: true}), large{n: 60_000}); err != nil {
		t.Fatal(err)
	}
	s := d.must(t, "large")
	changes := clouded(datasettest.Rows(t, s))
	d.leases = hasty
	lock, err := s.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	guarded, stop := lock.lease.Guard(ctx)
	defer stop()
	changed := 0
	var failed error
	for o, err := range s.Update(guarded, slices.Values(changes)) {
		if err != nil {
			failed = err
			break
		}
		if o.Status == dataset.Changed {
			changed++
		}
		if changed == 1 {
			set.Hang(t, true)
		}
	}
	if failed == nil || !errors.Is(lock.Err(), lease.ErrUnconfirmed) {
		t.Errorf("%d of %d changed, then %v: %v", changed, len(changes), failed, lock.Err())
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
	w := d.New("copy", NewOptions{CreateDatabase: true})
	if err := dataset.Copy(ctx, w, large{n: 10}); !errors.Is(err, lease.ErrUnconfirmed) {
		t.Errorf("an import: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	set.Hang(t, false)
	d.leases = patient
	got := apply(t, s, changes)
	if got[dataset.Changed]+got[dataset.Already] != len(changes) || got[dataset.Changed] == 0 {
		t.Errorf("%v of %d", got, len(changes))
	}
	if err := dataset.Copy(ctx, d.New("copy", NewOptions{CreateDatabase: true}), large{n: 10}); err != nil {
		t.Error(err)
	}
}
