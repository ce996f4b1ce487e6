package dirstore

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// exportTo makes an export of no samples at dir; isMount answers for all of them.
func exportTo(t *testing.T, dir string, opts Options, mount bool) error {
	t.Helper()
	w, err := create(dir, opts, func(string) bool { return mount })
	if err != nil {
		return err
	}
	defer w.Close()
	m := dataset.Manifest{Doc: raw(t, bson.D{{Key: "v", Value: "new"}})}
	return errors.Join(w.Begin(t.Context(), m), w.Commit(t.Context(), m))
}

// fresh is what exportTo makes.
func fresh() map[string]string {
	return map[string]string{"metadata.json": `{"v": "new"}`, "samples.json": `{"samples": []}`}
}

func below(dir string, files map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[dir+"/"+name] = text
	}
	return out
}

// A directory that is there stays the same one, with its permissions: it may be a
// mount point, or all that may be written to.
func TestEmptyDirectoryIsFilled(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "x")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 { // who may write anywhere
		if err := os.Chmod(parent, 0o500); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(parent, 0o700)
	}
	for _, opts := range []Options{{}, {Overwrite: true}} {
		if err := exportTo(t, dir, opts, true); err != nil {
			t.Fatal(err)
		}
		after, err := os.Stat(dir)
		if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
			t.Errorf("another directory: %v, %v", after, err)
		}
		if got := read(t, parent); !maps.Equal(got, below("x", fresh())) {
			t.Errorf("got %v", got)
		}
	}
	if err := exportTo(t, dir, Options{}, true); !errors.Is(err, ErrOccupied) {
		t.Errorf("got %v", err)
	}
}

// A symbolic link is what its user says it is: a directory elsewhere.
func TestSymbolicLinkStays(t *testing.T) {
	for name, target := range map[string]string{"empty": "../big/empty", "full": "../big/full", "dangling": "../big/new/deep", "absolute": ""} {
		top := write(t, map[string]string{"big/full/metadata.json": "old", "big/full/data/1.jpg": "old", "work/x": ""})
		if err := os.Mkdir(filepath.Join(top, "big", "empty"), 0o777); err != nil {
			t.Fatal(err)
		}
		if target == "" {
			target = filepath.Join(top, "big", "empty")
		}
		out := filepath.Join(top, "work", "out")
		if err := os.Symlink(target, out); err != nil {
			t.Skip(err)
		}
		for range 2 { // the second time there is an export
			if err := exportTo(t, out, Options{Overwrite: true}, false); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if to, err := os.Readlink(out); err != nil || to != target {
				t.Errorf("%s: the link is gone: %q, %v", name, to, err)
			}
			if got := read(t, out+"/."); !maps.Equal(got, fresh()) {
				t.Errorf("%s: got %v", name, got)
			}
		}
		if entries, _ := os.ReadDir(filepath.Join(top, "work")); len(entries) != 2 {
			t.Errorf("%s: beside the link are %v", name, entries)
		}
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink("loop", loop); err == nil && exportTo(t, loop, Options{}, false) == nil {
		t.Error("exported into a loop of links")
	}
}

// Of two exports into one directory, the second is told so at once.
func TestTwoInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	first, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, Options{Overwrite: true}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	m := dataset.Manifest{Doc: raw(t, bson.D{{Key: "v", Value: "new"}})}
	if err := errors.Join(first.Begin(t.Context(), m), first.Commit(t.Context(), m)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir); !maps.Equal(got, fresh()) {
		t.Errorf("got %v", got)
	}
}

// TestKilledInPlace stops the exchange of entries after each of its moves, as a kill
// does: the next one finds the old export, or nothing, or the new one whole.
func TestKilledInPlace(t *testing.T) {
	old := map[string]string{"metadata.json": "old", "samples.json": "old", "data/1.jpg": "old", "brain/k.json": "old"}
	for _, before := range []map[string]string{{}, old} {
		for moves := 0; ; moves++ {
			dir := write(t, before)
			w, err := create(dir, Options{Overwrite: true}, func(string) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			m := dataset.Manifest{Doc: raw(t, bson.D{{Key: "v", Value: "new"}})}
			if err := w.Begin(context.Background(), m); err != nil {
				t.Fatal(err)
			}
			done := killAfter(t, w, m, moves)
			if err := sweepAll(dir); err != nil {
				t.Fatal(err)
			}
			got := read(t, dir)
			if !maps.Equal(got, before) && !(done && maps.Equal(got, fresh())) {
				t.Errorf("after %d moves: %v", moves, got)
			}
			if err := exportTo(t, dir, Options{Overwrite: true}, true); err != nil {
				t.Errorf("after %d moves: %v", moves, err)
			}
			if got := read(t, dir); !maps.Equal(got, fresh()) {
				t.Errorf("after %d moves, then: %v", moves, got)
			}
			if done {
				if moves < 2+len(before) {
					t.Errorf("done after %d moves", moves)
				}
				break
			}
		}
	}
}

// killAfter commits w up to a number of moves, and lets go of the workplace as the
// system does for a process that was killed. It reports whether that was the end.
func killAfter(t *testing.T, w *Writer, m dataset.Manifest, moves int) (done bool) {
	t.Helper()
	for _, p := range w.parts {
		if err := p.finish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.writeDocument(metadataFile, m.Doc), w.stage.Close()); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var plan placing
	plan.Old, _ = entriesOf(root, ".")
	plan.New, err = entriesOf(root, w.work.name(stageDir))
	if err := errors.Join(err, w.work.note(root, plan), root.Mkdir(w.work.name(replacedDir), 0o777)); err != nil {
		t.Fatal(err)
	}
	type step struct{ name, from, to string }
	var steps []step
	for _, name := range slices.Backward(plan.Old) {
		steps = append(steps, step{name, ".", w.work.name(replacedDir)})
	}
	for _, name := range plan.New {
		steps = append(steps, step{name, w.work.name(stageDir), "."})
	}
	for _, s := range steps[:min(moves, len(steps))] {
		if err := moveAll(root, []string{s.name}, s.from, s.to); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.work.lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	return moves >= len(steps)
}

// An error in the middle puts everything back.
func TestFailedInPlace(t *testing.T) {
	dir := write(t, map[string]string{"metadata.json": "old", "samples.json": "old"})
	w, err := create(dir, Options{Overwrite: true}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	m := dataset.Manifest{Doc: raw(t, bson.D{})}
	if err := w.Begin(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	// Somebody else's file stands where the old export is to go.
	if err := os.WriteFile(filepath.Join(w.work.path, replacedDir), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context(), m); err == nil {
		t.Error("committed")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := read(t, dir); !maps.Equal(got, map[string]string{"metadata.json": "old", "samples.json": "old"}) {
		t.Errorf("got %v", got)
	}
}

// No link within the directory leads what is written out of it.
func TestLinksLeadNowhere(t *testing.T) {
	outside := write(t, map[string]string{"real.json": many(3)})
	dir := write(t, map[string]string{"metadata.json": metadata})
	if err := os.Symlink(filepath.Join(outside, "real.json"), filepath.Join(dir, "samples.json")); err != nil {
		t.Skip(err)
	}
	s := open(t, dir)
	changed := 0
	for _, err := range s.Update(t.Context(), func(yield func(dataset.Change) bool) {
		yield(dataset.Change{Part: dataset.Samples, ID: bson.RawValue{Type: bson.TypeInt32, Value: []byte{0, 0, 0, 0}},
			Sets: []dataset.Set{{At: dataset.Pointer("").Key("filepath"), Old: "/data/0", New: "s3://x/0"}}})
	}) {
		refusal, ok := errors.AsType[*dataset.Refusal](err)
		if !ok || !strings.Contains(refusal.Reason, "outside") {
			t.Errorf("got %v", err)
		}
		changed++
	}
	if got := read(t, outside); changed != 1 || got["real.json"] != many(3) || len(got) != 1 {
		t.Errorf("%d outcomes, got %v", changed, got)
	}
	w, err := Create(filepath.Join(t.TempDir(), "x"), Options{UseDirs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := os.Symlink(outside, filepath.Join(w.Stage(), "brain")); err != nil {
		t.Fatal(err)
	}
	if err := w.PutResult(t.Context(), dataset.Run{Family: dataset.BrainMethods, Key: "k"}, strings.NewReader("{}")); err == nil {
		t.Error("run results were written through a link")
	}
	if got := read(t, outside); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
