package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// readOnly makes a folder one that cannot be written to, for root neither.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			info, serr := os.Stat(path)
			if err != nil || serr != nil {
				return fmt.Errorf("%w %w", err, serr)
			}
			mode := info.Mode()
			t.Cleanup(func() { _ = os.Chmod(path, mode) })
			return os.Chmod(path, mode&^0o222)
		}))
		return
	}
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("this system lets root write everywhere, and mounts nothing: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("this system mounts nothing that is read-only: %v", err)
	}
}

// TestStateThatCannotBeWritten: what only reads or plans works where the state folder
// is read-only or cannot be there, and says the same; what writes says where else the
// state can go.
func TestStateThatCannotBeWritten(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	writeExport(t, dir, 5, "")
	export, out, state := filepath.Join(dir, "export"), filepath.Join(dir, "out"), filepath.Join(dir, "state")
	upload := []string{"upload", export, out, "--update-filepaths", "--state"}
	run := m.run(0, append(upload, state)...).Run
	readOnly(t, state)
	absent := "/dev/null/state"
	for _, where := range []string{state, absent} {
		there := where == state
		doc := m.run(0, "verify", export, "--download", "--state", where)
		if f := fieldsOf(t, doc)[0]; there && f.Checksum != 5 || !there && f.Existence != 5 {
			t.Errorf("verify with %s: %+v", where, f)
		}
		if doc := m.run(0, "runs", "--state", where); strings.Contains(fmt.Sprint(doc.Runs), run) != there {
			t.Errorf("runs with %s: %+v", where, doc.Runs)
		}
		if there {
			m.run(0, "runs", run, "--objects", "--state", where)
			if doc := m.run(0, "undo", run, "--dry-run", "--state", where); doc.Status != "planned" {
				t.Errorf("undo --dry-run: %+v", doc)
			}
			doc := m.run(0, "rewrite", export, "--map", "run:"+run, "--dry-run", "--state", where)
			if doc.Counts.Already != 10 {
				t.Errorf("rewrite --dry-run: %+v", doc.Counts)
			}
		}
		doc = m.run(0, append(append(slices.Clone(upload), where), "--dry-run")...)
		if there && doc.Counts.Already != 10 || doc.Status != "planned" || len(doc.Warnings) != 1 || !strings.Contains(doc.Warnings[0], "the plan is not kept") {
			t.Errorf("upload --dry-run with %s: %+v %q", where, doc.Counts, doc.Warnings)
		}
		doc = m.run(1, append(slices.Clone(upload), where)...)
		if !strings.Contains(doc.Hint, "--state") {
			t.Errorf("upload with %s: %s, hint %q", where, doc.Error, doc.Hint)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "medialift-state-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
