package mongostore

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// failing opens a database of a server of its own that fails commands as data says,
// once.
func failing(t *testing.T, data bson.D) (*Database, *mongo.Client) {
	t.Helper()
	server := mongotest.Start(t, "--setParameter", "enableTestCommands=1")
	client := mongotest.Connect(t, server.URI)
	d, err := Open(t.Context(), server.URI, "to", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	fail := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: bson.D{{Key: "times", Value: 1}}}, {Key: "data", Value: data}}
	if err := client.Database("admin").RunCommand(t.Context(), fail).Err(); err != nil {
		t.Fatal(err)
	}
	return d, client
}

// A connection that breaks when all is done leaves no record.
func TestCutWhenCommitted(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server: not in short mode")
	}
	source, _ := rich(t)
	d, client := failing(t, bson.D{{Key: "failCommands", Value: bson.A{"delete"}}, {Key: "closeConnection", Value: true}})
	if err := dataset.Copy(t.Context(), d.New("", NewOptions{CreateDatabase: true}), source.must(t, "image")); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Database("to").Collection(importsName).CountDocuments(t.Context(), bson.D{}); n != 0 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
	same(t, source.must(t, "image"), d.must(t, "image"))
}

// A copy that is stopped while its dataset document is on its way does not remove the
// rest of what the server is about to show.
func TestStoppedWhileCommitting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server: not in short mode")
	}
	source, _ := rich(t)
	d, client := failing(t, bson.D{
		{Key: "failCommands", Value: bson.A{"insert"}}, {Key: "namespace", Value: "to." + datasetsName},
		{Key: "blockConnection", Value: true}, {Key: "blockTimeMS", Value: 500},
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reached := make(chan error, 1)
	go func() {
		wait := bson.D{{Key: "waitForFailPoint", Value: "failCommand"}, {Key: "timesEntered", Value: 1}, {Key: "maxTimeMS", Value: 60_000}}
		reached <- client.Database("admin").RunCommand(t.Context(), wait).Err()
		cancel()
	}()
	w := d.New("", NewOptions{CreateDatabase: true})
	_ = dataset.Copy(ctx, w, source.must(t, "image")) // done or not
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := <-reached; err != nil {
		t.Fatal(err)
	}
	// Where it was given up, the server may still be at it.
	for deadline := time.Now().Add(mongotest.Patience); time.Now().Before(deadline); {
		n, err := client.Database("to").Collection(datasetsName).CountDocuments(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	same(t, source.must(t, "image"), d.must(t, "image"))
}
