package upload_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/upload"
)

// A table of open files that has so much room.
type table struct{ room, refused atomic.Int64 }

func newTable(room int64) *table {
	t := &table{}
	t.room.Store(room)
	return t
}

// take takes a place, if there is one.
func (t *table) take() bool {
	if t.room.Add(-1) >= 0 {
		return true
	}
	t.room.Add(1)
	t.refused.Add(1)
	return false
}

func (t *table) give() { t.room.Add(1) }

// open opens a file as a process does that may open no more than that.
func (t *table) open(name string) (upload.File, error) {
	if !t.take() {
		return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	file, err := os.Open(name)
	if err != nil {
		t.give()
		return nil, err
	}
	time.Sleep(time.Millisecond) // so that workers meet
	return &counted{file, t}, nil
}

type counted struct {
	upload.File
	table *table
}

func (c *counted) Close() error {
	c.table.give()
	return c.File.Close()
}

// Fewer files may be open than there are workers: all files arrive all the same,
// large ones too, of which each is open for as long as it takes.
func TestCrowdedDisk(t *testing.T) {
	t.Parallel()
	for _, room := range []int64{1, 3} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, 40, someLarge, someLarge)
			files := newTable(room)
			f.disk = files.open
			sent, err := f.run()
			if err != nil || sent.Failed != 0 {
				t.Fatalf("%+v, %v", sent, err)
			}
			if files.refused.Load() == 0 {
				t.Error("no file was refused: nothing was tested")
			}
			if room != files.room.Load() {
				t.Errorf("%d files were not closed", room-files.room.Load())
			}
			f.complete()
		})
	}
}

// Where not even one can be opened the run ends, and says why, whether the
// failures of single files are skipped or not.
func TestCrowdedAlone(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} {
		job, opts := crowdedJob(t, memstore.New())
		opts.SkipFailures = skip
		plan, err := upload.NewPlan(t.Context(), job, opts)
		if err != nil {
			t.Fatal(err)
		}
		plan.OpenWith(newTable(0).open)
		sent, err := plan.Execute(t.Context())
		if !errors.Is(err, syscall.EMFILE) || sent.Objects != 0 || sent.Failed != 1 {
			t.Errorf("%+v, %v", sent, err)
		}
		plan.OpenWith(newTable(1).open)
		if sent, err := plan.Execute(t.Context()); err != nil || sent.Objects != 40 {
			t.Errorf("with room again: %+v, %v", sent, err)
		}
	}
}

// A crowdedStore cannot open more connections, or files beside its objects.
type crowdedStore struct {
	bucket.Store
	table *table
	fault error
}

func (c *crowdedStore) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if !c.table.take() {
		return bucket.Object{}, c.fault
	}
	defer c.table.give()
	time.Sleep(time.Millisecond)
	return c.Store.Put(ctx, key, src, cond)
}

// The store meets the limit, too: when it connects, or when it makes a file.
func TestCrowdedStore(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	for name, fault := range map[string]error{
		"connection": fmt.Errorf("%w: %w", bucket.ErrUnreachable, dial),
		"file":       &os.PathError{Op: "open", Path: "temporary", Err: syscall.EMFILE},
		"system":     &os.PathError{Op: "open", Path: "temporary", Err: syscall.ENFILE},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &crowdedStore{Store: memstore.New(), table: newTable(2), fault: fault}
			job, opts := crowdedJob(t, store)
			plan, err := upload.NewPlan(t.Context(), job, opts)
			if err != nil {
				t.Fatal(err)
			}
			if sent, err := plan.Execute(t.Context()); err != nil || sent.Objects != 40 {
				t.Errorf("%+v, %v", sent, err)
			}
			if store.table.refused.Load() == 0 {
				t.Error("nothing was refused: nothing was tested")
			}
		})
	}
}

// crowdedJob sends 40 files to a store.
func crowdedJob(t *testing.T, store bucket.Store) (upload.Job, upload.Options) {
	t.Helper()
	dir := t.TempDir()
	var samples []sample
	for i := range 40 {
		name := fmt.Sprintf("%04d.png", i)
		samples = append(samples, sample{"filepath": write(t, dir, name, strings.Repeat(name, 1+i))})
	}
	job := newJob(t, dir, "mem://media/x", samples...)
	inMemory := job.Open
	job.Open = func(ctx context.Context, url string) (bucket.Location, error) {
		at, err := inMemory(ctx, url)
		at.Store = store
		return at, err
	}
	return job, upload.Options{RelDirs: []string{dir}, Workers: 8, Backoff: time.Millisecond, Patience: time.Second}
}
