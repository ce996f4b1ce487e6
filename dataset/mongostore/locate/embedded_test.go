package locate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/internal/mongotest"
)

// used makes a directory that a mongod has used before.
func used(t *testing.T) Place {
	t.Helper()
	binary := mongotest.Binary()
	mongotest.URI(t) // skips, or fails, where there is none
	if binary == "" {
		t.Skip("a mongod of our own is needed")
	}
	dir := t.TempDir()
	p := Place{Name: "fiftyone", Dir: dir, mongod: binary, getenv: func(string) string { return "" }}
	_, stop, err := Open(context.Background(), p, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return p
}

// running tells whether a mongod holds the files of p.
func running(p Place) bool { return p.holder(context.Background()) != nil }

func TestStartAndStop(t *testing.T) {
	ctx := context.Background()
	p := used(t)
	d, stop, err := Open(ctx, p, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Datasets(ctx); err != nil {
		t.Error(err)
	}
	if !running(p) {
		t.Error("no mongod runs on the files")
	}
	// A second one must not be started on the same files.
	if _, _, err := Open(ctx, p, mongostore.Options{}); !errors.Is(err, ErrBusy) {
		t.Errorf("twice: got %v", err)
	}
	if err := errors.Join(d.Close(), stop()); err != nil {
		t.Error(err)
	}
	if running(p) {
		t.Error("mongod still runs")
	}
}

// A process that is killed must not leave its mongod running.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("LOCATE_CHILD"); dir != "" {
		p := Place{Name: "fiftyone", Dir: dir, mongod: mongotest.Binary(), getenv: os.Getenv}
		if _, _, err := Open(context.Background(), p, mongostore.Options{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(mongotest.Patience)
		return
	}
	p := used(t)
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), "LOCATE_CHILD="+p.Dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	within(t, func() bool { return running(p) })
	child.Process.Kill()
	within(t, func() bool { return !running(p) })
}

func within(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(mongotest.Patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// A mongod that somebody else started on the files is joined, and left running.
func TestJoin(t *testing.T) {
	ctx := context.Background()
	server := mongotest.Start(t)
	if _, err := mongotest.Connect(t, server.URI).Database("fiftyone").Collection("c").InsertOne(ctx, bson.D{}); err != nil {
		t.Fatal(err)
	}
	p := Place{Name: "fiftyone", Dir: server.Dir, mongod: "/none/such"}
	d, stop, err := Open(ctx, p, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Address() != server.URI {
		t.Errorf("joined %s, not %s", d.Address(), server.URI)
	}
	if err := errors.Join(d.Close(), stop()); err != nil {
		t.Error(err)
	}
	if !running(p) {
		t.Error("the mongod was ended")
	}
}

// After a crash, mongod.lock names a process that is gone or another one.
func TestStaleLock(t *testing.T) {
	p := used(t)
	for _, pid := range []string{"", "999999999999", "1\n", "4194303"} {
		if err := os.WriteFile(filepath.Join(p.Dir, "mongod.lock"), []byte(pid), 0o600); err != nil {
			t.Fatal(err)
		}
		if running(p) {
			t.Errorf("%q was taken for a mongod", pid)
		}
	}
	d, stop, err := Open(context.Background(), p, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Close(), stop()); err != nil {
		t.Error(err)
	}
}

func TestNoMongod(t *testing.T) {
	p := used(t)
	p.mongod = filepath.Join(p.Dir, "none")
	if _, _, err := Open(context.Background(), p, mongostore.Options{}); !errors.Is(err, ErrNoMongod) {
		t.Errorf("got %v", err)
	}
	p.mongod = "false" // one that does not run
	if _, _, err := Open(context.Background(), p, mongostore.Options{}); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "mongo.log") {
		t.Errorf("got %v", err)
	}
}
