package runner_test

import (
	"errors"
	"testing"
	"time"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/lease"
	"github.com/medialift/medialift/internal/mongotest"
)

// A migration that no majority confirms ends with the cause, before it begins or at work,
// and the next one finishes it.
func TestHungMajority(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers: not in short mode")
	}
	t.Parallel() // it waits most of the time
	set := mongotest.StartReplicas(t, 1)
	db := mongotest.Connect(t, set.URI).Database("fiftyone")
	dumps := golden(t, "walk/down/0.18.0")
	dumps[0].Restore(t, db)
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	r.SetPatience(4 * time.Second)
	plans := everything(t.Context(), r, "1.22.1")
	_, err := r.Apply(t.Context(), func(yield func(*dbmigrate.Plan, error) bool) {
		set.Hang(t, true)
		plans(yield)
	}, runner.Options{})
	if !errors.Is(err, lease.ErrUnconfirmed) {
		t.Errorf("at work: %v", err)
	}
	if _, err := r.Apply(t.Context(), plans, runner.Options{}); !errors.Is(err, lease.ErrUnconfirmed) {
		t.Errorf("before it begins: %v", err)
	}
	set.Hang(t, false)
	apply(t, db, "1.22.1", runner.Options{Finish: all})
	list, err := r.Datasets(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, d := range list {
		if d.Version != "1.22.1" {
			t.Errorf("%s is of version %s", d.Name, d.Version)
		}
	}
}
