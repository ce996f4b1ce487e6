package mongostore

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/mongotest"
)

// All of it on a replica set, as deployments have them.
func TestReplicaSet(t *testing.T) {
	ctx := context.Background()
	server := mongotest.Start(t, "--replSet", "rs")
	direct := mongotest.Connect(t, server.URI+"/?directConnection=true")
	initiate := bson.D{{Key: "replSetInitiate", Value: bson.D{{Key: "_id", Value: "rs"}, {Key: "members", Value: bson.A{
		bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: server.URI[len("mongodb://"):]}},
	}}}}}
	if err := direct.Database("admin").RunCommand(ctx, initiate).Err(); err != nil {
		t.Fatal(err)
	}
	uri := server.URI + "/?replicaSet=rs&serverSelectionTimeoutMS=300000"
	db := mongotest.Connect(t, uri).Database("fiftyone")
	for deadline := time.Now().Add(mongotest.Patience); ; time.Sleep(50 * time.Millisecond) {
		var hello struct{ IsWritablePrimary bool }
		if err := direct.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err == nil && hello.IsWritablePrimary {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no primary")
		}
	}
	mongotest.FiftyOne(t).Restore(t, db)
	d, err := Open(ctx, uri, "fiftyone", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	w := d.New("copy", NewOptions{})
	if err := dataset.Copy(ctx, w, d.must(t, "image")); err != nil {
		t.Fatal(err)
	}
	s := d.must(t, "copy")
	same(t, d.must(t, "image"), s)
	lock, err := s.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	changes := clouded(datasettest.Rows(t, s))
	if got := apply(t, s, changes); got[dataset.Changed] != len(changes) {
		t.Errorf("%v of %d", got, len(changes))
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

// A server that is killed and comes back has all that was said to be changed.
func TestServerKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers: not in short mode")
	}
	ctx := context.Background()
	for round := range 2 {
		server := mongotest.Start(t)
		const soon = "/?serverSelectionTimeoutMS=3000" // is meant to end: once the server is killed
		d, err := Open(ctx, server.URI+soon, "fiftyone", Options{})
		for deadline := time.Now().Add(mongotest.Patience); err != nil && time.Now().Before(deadline); {
			d, err = Open(ctx, server.URI+soon, "fiftyone", Options{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := dataset.Copy(ctx, d.New("", NewOptions{CreateDatabase: true}), large{n: 20_000}); err != nil {
			t.Fatal(err)
		}
		s := d.must(t, "large")
		changes := clouded(datasettest.Rows(t, s))
		changed := map[string]string{}
		for o, err := range s.Update(ctx, slices.Values(changes)) {
			if err != nil {
				break
			}
			if o.Status == dataset.Changed {
				changed[string(o.Change.ID.Value)] = o.Change.Sets[0].New
			}
			if len(changed) == 5_000*(round+1) {
				server.Crash()
			}
		}
		_ = d.Close()
		server.Restart(t)
		d, err = Open(ctx, server.URI, "fiftyone", Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range all(t, d.must(t, "large"), dataset.Samples) {
			if want, ok := changed[string(doc.Lookup("_id").Value)]; ok && doc.Lookup("filepath").StringValue() != want {
				t.Fatalf("%s was said to be changed, and is not", doc)
			}
		}
		_ = d.Close()
	}
}
