package runner_test

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/internal/mongotest"
)

// A moment is when a command on a collection has been carried out for the first time.
type moment struct{ command, collection string }

// watched connects to the database of another client, and does something at a moment,
// before the driver knows of it.
func watched(t *testing.T, db *mongo.Database, at moment, do func()) *mongo.Database {
	t.Helper()
	var mu sync.Mutex
	asked := map[int64]bool{}
	var once sync.Once
	monitor := &event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			name, _ := e.Command.Lookup(at.command).StringValueOK()
			if e.DatabaseName == db.Name() && e.CommandName == at.command && name == at.collection {
				mu.Lock()
				asked[e.RequestID] = true
				mu.Unlock()
			}
		},
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) {
			mu.Lock()
			isIt := asked[e.RequestID]
			mu.Unlock()
			if isIt {
				once.Do(do)
			}
		},
	}
	client, err := mongo.Connect(options.Client().ApplyURI(mongotest.URI(t)).SetMonitor(monitor))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(db.Name())
}

// collectionsOf are those of a dataset in a dump, and its _id.
func collectionsOf(t *testing.T, dump mongotest.Dump, name string) (samples string, id any) {
	t.Helper()
	for _, raw := range dump["datasets"].Docs {
		var doc struct {
			ID      any `bson:"_id"`
			Name    string
			Samples string `bson:"sample_collection_name"`
		}
		if err := bson.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Name == name {
			return doc.Samples, doc.ID
		}
	}
	t.Fatalf("there is no dataset %q", name)
	return "", nil
}

// An edit is what somebody does once a migration has given a command. Collections named
// "samples" and "frames" are the dataset's.
type edit struct {
	title, dump, to, dataset string
	command, on              string
	in                       string
	of, change               bson.D
}

func edits() []edit {
	const down, old = "walk/down/1.22.1", "old/0.16.6/before"
	set := func(key string, value any) bson.D { return bson.D{{Key: key, Value: value}} }
	run := set("config.cls", "fiftyone.brain.internal.core.sklearn.SklearnSimilarityConfig")
	log := set("log_path", "/b.log")
	return []edit{
		{"dataset", down, "0.19.1", "oracle-images", "update", "datasets", "datasets", nil, set("mine", 1)},
		{"run", down, "0.19.1", "oracle-images", "update", "runs", "runs", run, set("config.mine", 1)},
		{"run at the end", down, "0.19.1", "oracle-images", "update", "datasets", "runs", run, set("config.mine", 1)},
		{"view", down, "0.18.0", "oracle-images", "delete", "views", "views", nil, set("mine", 1)},
		{"sample", old, "1.22.1", "old-images", "update", "samples", "samples", nil, set("last_modified_at", bson.DateTime(1))},
		{"sample at the end", old, "1.22.1", "old-images", "update", "datasets", "samples", nil, set("_dataset_id", "mine")},
		{"frame", old, "1.22.1", "old-videos", "update", "frames", "frames", nil, set("created_at", nil)},
		{"log", "edges/down_1_4_0/before", "1.3.0", "a", "update", "delegated_ops", "delegated_ops", log, set("run_link", "mine")},
		{"removed summary", "edges/up_0_7_2/before", "0.7.2", "video", "update", "samples", "samples", nil, set("frames", "mine")},
		{"polyline", "edges/up_0_6_2/before", "0.6.2", "no-media-no-frames", "update", "samples", "samples", nil, set("mine", 1)},
		// What the server has merged is known from reading it only.
		{"summary", "edges/down_0_7_2/before", "0.7.1", "video", "update", "datasets", "samples", nil, set("frames", "mine")},
	}
}

// What somebody changes between a document's last write by a migration and its end is
// theirs: a restore leaves and lists the dataset.
func TestRestoreLeavesEarlyEdits(t *testing.T) {
	for _, e := range edits() {
		t.Run(e.title, func(t *testing.T) { e.try(t) })
	}
}

func (e edit) try(t *testing.T) {
	dump := golden(t, e.dump)[0]
	db := mongotest.Database(t)
	dump.Restore(t, db)
	samples, id := collectionsOf(t, dump, e.dataset)
	place := func(name string) string {
		switch name {
		case "samples":
			return samples
		case "frames":
			return "frames." + samples
		}
		return name
	}
	collection := db.Collection(place(e.in))
	filter := append(bson.D{}, e.of...)
	switch e.in {
	case "datasets":
		filter = bson.D{{Key: "_id", Value: id}}
	case "runs", "views":
		filter = append(filter, bson.E{Key: "_dataset_id", Value: id})
	}
	var before, edited bson.Raw
	before, err := collection.FindOne(t.Context(), filter).Raw()
	if err != nil {
		t.Fatal(err)
	}
	same := bson.D{{Key: "_id", Value: before.Lookup("_id")}}
	do := func() {
		// Where the migration has deleted it, a program that has it still writes it.
		result, err := collection.UpdateOne(context.Background(), same, bson.D{{Key: "$set", Value: e.change}})
		if err == nil && result.MatchedCount == 0 {
			_, err = collection.UpdateOne(context.Background(), same, bson.D{{Key: "$set", Value: e.change}}, options.UpdateOne().SetUpsert(true))
		}
		if err == nil {
			edited, err = collection.FindOne(context.Background(), same).Raw()
		}
		if err != nil {
			t.Error(err)
		}
	}
	r := runner.New(watched(t, db, moment{e.command, place(e.on)}, do), revisions.Datasets(), revisions.Database())
	dir := t.TempDir()
	target := runner.Target{Version: e.to, Names: []string{e.dataset}, Now: now}
	report, err := r.Apply(t.Context(), r.Plans(t.Context(), target), runner.Options{BackupDir: dir})
	if err != nil || report.Migrated != 1 || edited == nil {
		t.Fatalf("%+v, %v, edited %s", report, err, edited)
	}
	was := mongotest.Take(t, db)
	restored, err := r.Restore(t.Context(), dir, runner.Options{})
	if err != nil || restored.Datasets+restored.Already != 0 || len(restored.Left) != 1 || restored.Left[0].Dataset != e.dataset {
		t.Errorf("%+v, %v", restored, err)
	}
	unchanged(t, db, was)
	now, err := collection.FindOne(t.Context(), same).Raw()
	if err != nil || !bytes.Equal(now, edited) {
		t.Errorf("the edit\n%s became\n%s, %v", edited, now, err)
	}
}

// What nobody has touched can be restored, whatever operations its way has.
func TestRestoreOfUntouched(t *testing.T) {
	for _, way := range [][2]string{
		{"old/0.16.6/before", "1.22.1"}, {"walk/down/0.18.0", "1.22.1"}, {"edges/up_0_6_2/before", "1.22.1"},
		{"edges/down_0_7_2/before", "0.6.1"}, {"edges/down_1_4_0/before", "1.3.0"}, {"edges/up_0_20_0/before", "1.22.1"},
	} {
		t.Run(way[0], func(t *testing.T) {
			dump := golden(t, way[0])[0]
			db := mongotest.Database(t)
			dump.Restore(t, db)
			r := runner.New(db, revisions.Datasets(), revisions.Database())
			dir := t.TempDir()
			report, err := r.Apply(t.Context(), r.Plans(t.Context(), runner.Target{Version: way[1]}), runner.Options{BackupDir: dir, Workers: 2})
			if err != nil || report.Migrated == 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			restored, err := r.Restore(t.Context(), dir, runner.Options{})
			if err != nil || len(restored.Left) > 0 || restored.Datasets == 0 {
				t.Errorf("%+v, %v", restored, err)
			}
			if noted, err := filepath.Glob(filepath.Join(dir, "*.noted")); err != nil || len(noted) > 0 {
				t.Errorf("%v are left, %v", noted, err)
			}
		})
	}
}
