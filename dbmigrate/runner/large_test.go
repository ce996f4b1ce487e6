package runner_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// meddled is a runner of a database in which somebody changes something at the moment
// that the first update of a collection is sent.
func meddled(t *testing.T, db *mongo.Database, collection string, meddle func()) *runner.Runner {
	t.Helper()
	var done atomic.Bool
	monitor := &event.CommandMonitor{Started: func(_ context.Context, started *event.CommandStartedEvent) {
		if name, _ := started.Command.Lookup(started.CommandName).StringValueOK(); started.CommandName == "update" && name == collection && done.CompareAndSwap(false, true) {
			meddle()
		}
	}}
	client, err := mongo.Connect(options.Client().ApplyURI(mongotest.URI(t)).SetMonitor(monitor))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) })
	return runner.New(client.Database(db.Name()), revisions.Datasets(), revisions.Database())
}

func update(t *testing.T, db *mongo.Database, collection string, filter, change bson.D) {
	t.Helper()
	result, err := db.Collection(collection).UpdateOne(t.Context(), filter, bson.D{{Key: "$set", Value: change}})
	if err != nil || result.MatchedCount != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A sample that somebody changes while it is converted keeps the change and is converted
// all the same, however large it is.
func TestConvertOfChangedSamples(t *testing.T) {
	if testing.Short() {
		t.Skip("writes samples of megabytes: not in short mode")
	}
	for name, bytes := range map[string]int{"small": 1000, "5 MB": 5 << 20, "9 MB": 9 << 20} {
		t.Run(name, func(t *testing.T) {
			db := mongotest.Database(t)
			golden(t, "edges/up_0_6_2/before")[0].Restore(t, db)
			var dataset struct {
				Name    string
				Samples string `bson:"sample_collection_name"`
			}
			if err := db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "media_type", Value: "image"}}).Decode(&dataset); err != nil {
				t.Fatal(err)
			}
			line := bson.A{}
			for i := range bytes / 50 {
				line = append(line, bson.A{float64(i), 1.5})
			}
			id := bson.NewObjectID()
			sample := bson.D{{Key: "_id", Value: id}, {Key: "line", Value: bson.D{{Key: "_cls", Value: "Polyline"}, {Key: "points", Value: line}}}, {Key: "label", Value: "old"}}
			if _, err := db.Collection(dataset.Samples).InsertOne(t.Context(), sample); err != nil {
				t.Fatal(err)
			}
			r := meddled(t, db, dataset.Samples, func() {
				update(t, db, dataset.Samples, bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "label", Value: "mine"}})
			})
			plans := r.Plans(t.Context(), runner.Target{Version: "0.6.2", Names: []string{dataset.Name}})
			for range 2 {
				if _, err := r.Apply(t.Context(), plans, runner.Options{Finish: all}); err != nil {
					t.Fatal(err)
				}
			}
			var got struct {
				Label string
				Line  struct{ Points [][][]float64 }
			}
			if err := db.Collection(dataset.Samples).FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if got.Label != "mine" || len(got.Line.Points) != 1 || len(got.Line.Points[0]) != len(line) {
				t.Errorf("label %q, %d shapes", got.Label, len(got.Line.Points))
			}
		})
	}
}

// A dataset that somebody edits while its document is exchanged keeps the edit, however
// large the document is.
func TestExchangeOfChangedDatasets(t *testing.T) {
	for name, bytes := range map[string]int{"small": 1000, "7 MB": 7 << 20, "9 MB": 9 << 20} {
		t.Run(name, func(t *testing.T) {
			db := mongotest.Database(t)
			golden(t, "walk/down/1.22.1")[0].Restore(t, db)
			is := bson.D{{Key: "name", Value: "oracle-images"}}
			update(t, db, "datasets", is, bson.D{{Key: "info", Value: bson.D{{Key: "notes", Value: strings.Repeat("x", bytes)}}}})
			r := meddled(t, db, "datasets", func() { update(t, db, "datasets", is, bson.D{{Key: "tags", Value: bson.A{"mine"}}}) })
			plans := r.Plans(t.Context(), runner.Target{Version: "0.18.0", Names: []string{"oracle-images"}})
			for range 2 {
				if _, err := r.Apply(t.Context(), plans, runner.Options{Finish: all}); err != nil {
					t.Fatal(err)
				}
			}
			var got struct {
				Version string
				Tags    []string
				Info    struct{ Notes string }
			}
			if err := db.Collection("datasets").FindOne(t.Context(), is).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if got.Version != "0.18.0" || len(got.Tags) != 1 || len(got.Info.Notes) != bytes {
				t.Errorf("version %s, tags %v, %d bytes of notes", got.Version, got.Tags, len(got.Info.Notes))
			}
		})
	}
}
