package runner_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// A migration plans and compares what the primary holds, also where the URI prefers a
// secondary and that one lags.
func TestReadsOfPrimary(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers: not in short mode")
	}
	t.Parallel() // it waits most of the time
	set := mongotest.StartReplicas(t, 0)
	db := mongotest.Connect(t, set.URI+"&readPreference=secondary&readConcernLevel=majority").Database("fiftyone")
	dumps := golden(t, "walk/down/0.18.0")
	set.Hang(t, true)
	defer set.Hang(t, false)
	dumps[0].Restore(t, db)
	apply(t, db, "1.22.1", runner.Options{})
	r := runner.New(db, revisions.Datasets(), revisions.Database())
	list, err := r.Datasets(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, d := range list {
		if d.Version != "1.22.1" {
			t.Errorf("%s is of version %s", d.Name, d.Version)
		}
	}
	for doc, err := range r.Reader().Find(t.Context(), dbmigrate.Config, dbmigrate.Query{Filter: bson.D{}}) {
		if err != nil {
			t.Error(doc, err)
		}
	}
}
