package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/faultproxy"
	"github.com/medialift/medialift/internal/mongotest"
)

// A world is what all trials share: the binary, the servers with what stands
// before them, and the data to move.
type world struct {
	binary string
	dir    string
	s3     *buckettest.S3
	front  *faultproxy.Proxy
	a, b   *side
	media  string
	export string          // a directory that export wrote
	source mongotest.Dump  // database A, as each trial finds it
	target []target        // what database B can be before
	plain  bson.Raw        // the document of a dataset without anything
	known  map[string]bool // ids that are nobody's to draw
	began  time.Time
	dirtyA bool // A is not as source says
}

// A side is one database server.
type side struct {
	server *mongotest.Server
	wire   *wire
	client *mongo.Client // past the wire
}

// A target is a state of database B.
type target struct {
	name string
	dump mongotest.Dump
}

// sourceName is database A's name.
const sourceName = "source"

func newServer(t testing.TB) (*mongotest.Server, *wire) {
	t.Helper()
	server := mongotest.Start(t)
	return server, newWire(t, server.URI)
}

func newSide(t testing.TB) *side {
	t.Helper()
	s := &side{}
	s.server, s.wire = newServer(t)
	s.connect(t)
	t.Cleanup(s.disconnect)
	return s
}

// connect makes a client of the server that runs now.
func (s *side) connect(t testing.TB) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(s.server.URI))
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
}

func (s *side) disconnect() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nothing is at work, and the server may be gone
	_ = s.client.Disconnect(ctx)
}

// database is a database of a side, past the wire.
func (s *side) database(name string) *mongo.Database { return s.client.Database(name) }

// restart brings a server back that has crashed.
func (s *side) restart(t testing.TB) {
	t.Helper()
	s.disconnect()
	s.server.Restart(t)
	s.connect(t)
	s.wire.lead(s.server.URI)
	s.wire.cut()
}

// TestMain removes what build has built.
func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if name, err := build(); err == nil {
			_ = os.RemoveAll(filepath.Dir(name))
		}
	}
	os.Exit(code)
}

var built bool

var build = sync.OnceValues(func() (string, error) {
	built = true
	dir, err := os.MkdirTemp("", "medialift-chaos-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "medialift")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, "../../cmd/medialift")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as "make build", so that all is compiled already
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building medialift: %w: %s", err, out)
	}
	return name, nil
})

// newWorld starts the servers and makes the data.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newServers(t)
	w.makeData(t)
	t.Logf("servers and data made in %v", time.Since(w.began).Round(100*time.Millisecond))
	return w
}

// newServers builds the binary and starts the servers.
func newServers(t *testing.T) *world {
	t.Helper()
	binary := *binaryFlag
	if binary == "" {
		made, err := build()
		if err != nil {
			t.Fatal(err)
		}
		binary = made
	}
	w := &world{binary: binary, dir: t.TempDir(), s3: buckettest.S3Server(t), began: time.Now().Truncate(time.Millisecond)}
	front, err := faultproxy.Start(w.s3.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	w.front = front
	if err := os.Mkdir(w.temp(), 0o700); err != nil {
		t.Fatal(err)
	}
	w.a, w.b = newSide(t), newSide(t)
	return w
}

// restored puts a dump into a database, so that a crash does not undo it.
func (s *side) restored(t testing.TB, name string, dump mongotest.Dump) {
	t.Helper()
	db := s.database(name)
	dump.Restore(t, db)
	s.sync(t)
}

// sync waits until all that the server has is on the disk.
func (s *side) sync(t testing.TB) {
	t.Helper()
	if err := s.database("admin").RunCommand(context.Background(), bson.D{{Key: "fsync", Value: 1}}).Err(); err != nil {
		t.Fatal(err)
	}
}

// environ leads the binary to database A and to the bucket, past nothing but the
// wires and the proxy, and to the state folder.
func (w *world) environ(state string) []string {
	env := []string{}
	for _, name := range []string{"PATH", "LANG"} {
		env = append(env, name+"="+os.Getenv(name))
	}
	env = append(env, w.s3.Environ()...)
	return append(env, "AWS_ENDPOINT_URL_S3="+w.front.URL, "XDG_STATE_HOME="+state, "TMPDIR="+w.temp(), "HOME="+w.dir,
		"FIFTYONE_DATABASE_URI="+w.a.wire.URI, "FIFTYONE_DATABASE_NAME="+sourceName)
}

// must runs the binary undisturbed, outside of trials.
func (w *world) must(t testing.TB, state string, args ...string) {
	t.Helper()
	cmd := exec.Command(w.binary, append(args, "--no-progress")...)
	cmd.Env = w.environ(state)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("medialift %q: %v\n%s", args, err, out)
	}
}

// temp is the binary's directory for temporary files.
func (w *world) temp() string { return filepath.Join(w.dir, "tmp") }
