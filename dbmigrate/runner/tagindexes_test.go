package runner_test

import (
	"iter"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// The way to 1.23.0 drops four indexes by their names, whatever their keys, and leaves
// others of the same keys; one that is not there stops nothing. The backup makes them again.
func TestTagIndexes(t *testing.T) {
	t.Parallel()
	db := mongotest.Database(t)
	newest := dbmigrate.MustParseVersion("1.23.0")
	r := runner.New(db, revisions.Datasets().UpTo(newest), revisions.Database().UpTo(newest))
	if _, err := db.Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: "1.22.1"}, {Key: "type", Value: "fiftyone"}}); err != nil {
		t.Fatal(err)
	}
	var models []mongo.IndexModel
	for i, name := range []string{"temporal_tag_overlap", "temporal_tag_sample_range", "temporal_tag_counts", "temporal_tag_unique"} {
		models = append(models, mongo.IndexModel{Keys: bson.D{{Key: "tag", Value: 1}, {Key: string(rune('a' + i)), Value: 1}}, Options: options.Index().SetName(name)})
	}
	if _, err := db.Collection("tags").Indexes().CreateMany(t.Context(), models); err != nil {
		t.Fatal(err)
	}
	before := indexNames(t, db)
	dir := t.TempDir()
	if _, err := r.Apply(t.Context(), database(t, r, "1.23.0"), runner.Options{BackupDir: dir}); err != nil {
		t.Fatal(err)
	}
	if got := indexNames(t, db); !slices.Equal(got, []string{"_id_", "temporal_tag_unique"}) {
		t.Errorf("left are %q", got)
	}
	if found, err := r.Database(t.Context()); err != nil || found.Version != "1.23.0" {
		t.Errorf("%+v, %v", found, err)
	}
	if restored, err := r.Restore(t.Context(), dir, runner.Options{}); err != nil || len(restored.Left) > 0 {
		t.Errorf("%+v, %v", restored, err)
	}
	if got := indexNames(t, db); !slices.Equal(got, before) {
		t.Errorf("restored are %q, want %q", got, before)
	}
	if _, err := r.Apply(t.Context(), database(t, r, "1.22.1"), runner.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := indexNames(t, db); !slices.Equal(got, before) {
		t.Errorf("going nowhere left %q", got)
	}
}

func database(t *testing.T, r *runner.Runner, to string) iter.Seq2[*dbmigrate.Plan, error] {
	t.Helper()
	plan, err := r.PlanDatabase(t.Context(), to)
	return func(yield func(*dbmigrate.Plan, error) bool) { yield(plan, err) }
}

func indexNames(t *testing.T, db *mongo.Database) []string {
	t.Helper()
	specs, err := db.Collection("tags").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, spec := range specs {
		names = append(names, spec.Name)
	}
	slices.Sort(names)
	return names
}
