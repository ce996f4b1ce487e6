package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportThatCannotBeWritten: an export whose paths cannot be changed is refused
// before anything is sent, as by the dry run, which leaves no trace. Without
// --update-filepaths it is as good as any other.
func TestExportThatCannotBeWritten(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	writeExport(t, dir, 3, "")
	export, out, done := filepath.Join(dir, "export"), filepath.Join(dir, "out"), filepath.Join(dir, "done")
	m.run(0, "upload", export, done)
	before := snapshot(t, export)
	readOnly(t, export)
	for _, more := range []string{"--dry-run", "--no-progress"} {
		doc := m.run(4, "upload", export, out, "--update-filepaths", more)
		if !strings.Contains(doc.Error, "cannot be written to") || !strings.Contains(doc.Hint, "chmod") || !strings.Contains(doc.Hint, "without --update-filepaths") {
			t.Errorf("upload %s: %s, hint %q", more, doc.Error, doc.Hint)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("upload %s has sent something", more)
		}
		doc = m.run(4, "rewrite", export, "--map", "prefix:"+dir+"=/elsewhere", more)
		if !strings.Contains(doc.Error, "cannot be written to") || !strings.Contains(doc.Hint, "chmod") {
			t.Errorf("rewrite %s: %s, hint %q", more, doc.Error, doc.Hint)
		}
	}
	if doc := m.run(0, "upload", export, out); doc.Counts.Objects != 6 {
		t.Errorf("upload without --update-filepaths: %+v", doc.Counts)
	}
	for name, text := range snapshot(t, export) {
		if before[name] != text {
			t.Errorf("%q has changed", name)
		}
	}
}

// TestUndoThatCannotBeWritten: likewise undo.
func TestUndoThatCannotBeWritten(t *testing.T) {
	m, dir := newTool(t), t.TempDir()
	writeExport(t, dir, 3, "")
	export := filepath.Join(dir, "export")
	run := m.run(0, "upload", export, filepath.Join(dir, "out"), "--update-filepaths").Run
	readOnly(t, export)
	if doc := m.run(4, "undo", run); !strings.Contains(doc.Error, "cannot be written to") {
		t.Error(doc.Error)
	}
	// What has nothing to change needs no permission.
	m.run(0, "upload", export, filepath.Join(dir, "out"), "--update-filepaths")
}
