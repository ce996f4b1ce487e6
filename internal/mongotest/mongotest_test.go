package mongotest

import (
	"context"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

func document(t *testing.T, doc bson.D) bson.Raw {
	t.Helper()
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func odd(t *testing.T) Dump {
	id, unique := bson.D{{Key: "_id", Value: int32(1)}}, bson.D{{Key: "b", Value: int32(-1)}, {Key: "a", Value: int32(1)}}
	return Dump{
		"samples.1": {
			Options: document(t, bson.D{}),
			Indexes: []bson.Raw{
				document(t, bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: id}, {Key: "name", Value: "_id_"}}),
				document(t, bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: unique}, {Key: "name", Value: "b_-1_a_1"}, {Key: "unique", Value: true}}),
			},
			Docs: []bson.Raw{document(t, bson.D{
				{Key: "_id", Value: int32(1)}, {Key: "nan", Value: math.Float64frombits(0x7ff8 << 48)}, {Key: "long", Value: int64(5)}, {Key: "b", Value: "é<"},
				{Key: "points", Value: bson.A{math.Inf(-1), math.Copysign(0, -1), nil}}, {Key: "old", Value: bson.DateTime(-62135596800001)},
				{Key: "mask", Value: bson.Binary{Subtype: 4, Data: make([]byte, 16)}},
			})},
		},
		"odd/näme": {
			Options: document(t, bson.D{{Key: "capped", Value: true}, {Key: "size", Value: int32(4096)}}),
			Indexes: []bson.Raw{document(t, bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: id}, {Key: "name", Value: "_id_"}})},
			Docs:    []bson.Raw{},
		},
	}
}

func TestDumpThereAndBack(t *testing.T) {
	want := odd(t)
	dir := t.TempDir()
	want.Write(t, dir)
	db := Database(t)
	read := Read(t, dir)
	read.Restore(t, db)
	if got := Take(t, db); !reflect.DeepEqual(got, want) {
		for name := range want {
			if reflect.DeepEqual(got[name], want[name]) {
				continue
			}
			t.Errorf("%s: got %v\nwant %v", name, got[name], want[name])
		}
	}
	archive := filepath.Join(t.TempDir(), "dump.tar.gz")
	if out, err := exec.Command("tar", "-czf", archive, "-C", filepath.Dir(dir), filepath.Base(dir)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := Read(t, archive); !reflect.DeepEqual(got, read) {
		t.Errorf("got %v\nwant %v", got, read)
	}
}

func TestDatabaseIsFresh(t *testing.T) {
	a, b := Database(t), Database(t)
	if a.Name() == b.Name() {
		t.Fatal("two tests share a database")
	}
	if got := Take(t, a); len(got) != 0 {
		t.Errorf("a fresh database holds %v", got)
	}
}

// A test that is killed must leave neither a server nor its files.
func TestServerEndsWithItsProcess(t *testing.T) {
	if os.Getenv("MONGOTEST_CHILD") != "" {
		server := Start(t)
		os.WriteFile(os.Getenv("MONGOTEST_CHILD"), []byte(server.URI+"\n"+server.Dir), 0o600)
		time.Sleep(Patience)
		return
	}
	need(t)
	said := filepath.Join(t.TempDir(), "said")
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), "MONGOTEST_CHILD="+said)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var uri, dir string
	for deadline := time.Now().Add(Patience); dir == "" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(said)
		uri, dir, _ = strings.Cut(string(text), "\n")
	}
	if err := Connect(t, uri).Ping(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	child.Process.Kill()
	child.Wait()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Dir(dir)); os.IsNotExist(err) {
			if conn, err := net.Dial("tcp", strings.TrimPrefix(uri, "mongodb://")); err == nil {
				conn.Close()
				t.Error("the server still runs")
			}
			return
		}
	}
	t.Errorf("%s is still there", dir)
}

// A server that crashes more than once has its files each time.
func TestCrashAndRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers: not in short mode")
	}
	server := Start(t)
	durable := options.Collection().SetWriteConcern(&writeconcern.WriteConcern{W: 1, Journal: new(true)})
	for n := range 3 {
		if n > 0 {
			server.Crash()
			server.Restart(t)
		}
		c := Connect(t, server.URI).Database("crash").Collection("c", durable)
		if _, err := c.InsertOne(t.Context(), bson.D{{Key: "_id", Value: n}}); err != nil {
			t.Fatal(err)
		}
		if got, err := c.CountDocuments(t.Context(), bson.D{}); err != nil || got != int64(n+1) {
			t.Errorf("%d documents after %d crashes: %v", got, n, err)
		}
	}
}
