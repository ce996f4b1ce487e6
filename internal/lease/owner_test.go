package lease

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// child is the owner that a process is which has been killed.
func child(t *testing.T) owner {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "LEASE_TEST_CHILD=1")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	o := self()
	o.PID = cmd.Process.Pid
	started, state := look(o.PID)
	if o.Started = started; state != running {
		t.Fatal("a process that lives is not seen")
	}
	if o.dead() {
		t.Error("a process that lives is taken for dead")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return o
}

// TestChild is the process of child.
func TestChild(*testing.T) {
	if os.Getenv("LEASE_TEST_CHILD") != "" {
		_, _ = os.Stdin.Read(make([]byte, 1))
	}
}

// Only of a process of this very pid namespace, of this start of this host's kernel, can
// be told that it has ended: of none that a copy of a disk, or another container with the
// same host name, has left.
func TestOwner(t *testing.T) {
	if boot, space := kernel(); boot == "" || space == "" {
		if runtime.GOOS == "linux" && os.Getenv("CI") != "" {
			t.Fatal("/proc tells nothing")
		}
		t.Skip("this system does not tell one start of its kernel from another")
	}
	if self().dead() {
		t.Error("this process is taken for dead")
	}
	gone := child(t)
	if !gone.dead() {
		t.Error("a process that was killed is taken for alive")
	}
	reused := self()
	reused.Started = gone.Started
	if !reused.dead() {
		t.Error("a process whose pid another one has now is taken for alive")
	}
	for what, change := range map[string]func(o *owner){
		"another host":             func(o *owner) { o.Host += "x" },
		"another start":            func(o *owner) { o.Boot += "x" },
		"another container":        func(o *owner) { o.Space += "x" },
		"a kernel that is unknown": func(o *owner) { o.Boot = "" },
		"a space that is unknown":  func(o *owner) { o.Space = "" },
		"a start that is unknown":  func(o *owner) { o.Started = "" },
		"no pid":                   func(o *owner) { o.PID = 0 },
	} {
		other := gone
		if change(&other); other.dead() {
			t.Errorf("%s: a process is taken for dead of which nothing is known", what)
		}
	}
}

// The lock of a process that has certainly ended is taken at once, of either kind; any
// other one stands in the way until it expires.
func TestDeadOwner(t *testing.T) {
	ctx := t.Context()
	table, must, gone := table(t), taken(t), child(t)
	if gone.Boot == "" {
		t.Skip("this system does not tell one start of its kernel from another")
	}
	become := func(id any, o owner) {
		t.Helper()
		set := bson.D{{Key: "host", Value: o.Host}, {Key: "pid", Value: o.PID}, {Key: "boot", Value: o.Boot}, {Key: "space", Value: o.Space}, {Key: "started", Value: o.Started}}
		result, err := table.db.Collection(Locks).UpdateOne(ctx, bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: set}})
		if err != nil || result.MatchedCount != 1 {
			t.Fatal(result, err)
		}
	}
	elsewhere := gone
	elsewhere.Boot += "x"

	must(table.Dataset(ctx, "a", "a"))
	become("a", elsewhere)
	_, err := table.Dataset(ctx, "a", "a")
	refused(t, err)
	_, err = table.Migration(ctx, Migration{})
	refused(t, err)
	become("a", gone)
	must(table.Dataset(ctx, "a", "a"))
	become("a", gone)
	must(table.Migration(ctx, Migration{}))
	become(migrationID, elsewhere)
	_, err = table.Migration(ctx, Migration{})
	refused(t, err)
	_, err = table.Dataset(ctx, "a", "a")
	refused(t, err)
	become(migrationID, gone)
	must(table.Dataset(ctx, "b", "b"))
	must(table.Migration(ctx, Migration{Datasets: []any{"a"}}))
}

// Of two copies of one process, as a machine that is cloned at work has them, one loses
// the lease when it next gives a sign of life.
func TestClonedProcess(t *testing.T) {
	ctx := t.Context()
	table, must := table(t), taken(t)
	l := must(table.Dataset(ctx, "a", "a"))
	l.renewing.Lock()
	clone := &Lease{table: l.table, collection: l.collection, id: l.id, token: l.token, beats: append([]any{}, l.beats...), gone: make(chan struct{})}
	l.renewing.Unlock()
	if err := clone.Renew(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.Renew(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("both hold it: %v", err)
	}
}
