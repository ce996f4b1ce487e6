package runner_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// held runs during while another run has the lease of the database.
func held(t *testing.T, db *mongo.Database, during func(r *runner.Runner)) error {
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	_, err := r.Apply(t.Context(), func(func(*dbmigrate.Plan, error) bool) { during(r) }, runner.Options{Owner: "somebody"})
	return err
}

// Of two runs at once the second does nothing, and says who is at it.
func TestLease(t *testing.T) {
	db := mongotest.Database(t)
	err := held(t, db, func(r *runner.Runner) {
		_, err := r.Apply(t.Context(), everything(t.Context(), r, "1.22.1"), runner.Options{})
		var held *runner.LeaseError
		if !errors.As(err, &held) || held.Owner != "somebody" || held.PID != os.Getpid() || held.Since.IsZero() || !held.Expires.After(held.Since) {
			t.Errorf("a second run: %v, %+v", err, held)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if names, err := db.ListCollectionNames(t.Context(), bson.D{}); err != nil || len(names) > 0 {
		t.Errorf("collections that are left: %v, %v", names, err)
	}
}

// A lease is free for others when its owner gave no sign of life until it ran out,
// or when they say that they take it.
func TestLeaseTaken(t *testing.T) {
	db := mongotest.Database(t)
	expired := bson.D{{Key: "_id", Value: "lease"}, {Key: "owner", Value: "gone"}, {Key: "expires_at", Value: bson.DateTime(1_600_000_000_000)}}
	if _, err := db.Collection("medialift_lease").InsertOne(t.Context(), expired); err != nil {
		t.Fatal(err)
	}
	apply(t, db, "1.22.1", runner.Options{})

	err := held(t, db, func(*runner.Runner) { apply(t, db, "1.22.0", runner.Options{StealLease: true}) })
	if err != nil && !errors.Is(err, runner.ErrLeaseLost) {
		t.Errorf("the owner of a stolen lease: %v", err)
	}
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil || strings.Contains(strings.Join(names, " "), "medialift") {
		t.Errorf("collections that are left: %v, %v", names, err)
	}
}
