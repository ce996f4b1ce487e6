package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Prune leaves the ledger of a run that is at work on a dataset of a database, and
// deletes those of others.
func TestPruneWhileAtWork(t *testing.T) {
	db, media, env := fiftyOne(t)
	m := newTool(t, env...)
	other := m.run(exitDone, "upload", "video", filepath.Join(t.TempDir(), "v"), "--dry-run").Run
	manySamples(t, db, media, 3000)
	target := filepath.Join(t.TempDir(), "there")
	cmd := m.command("upload", "image", target, "--update-filepaths", "--max-bandwidth", "50KB")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	ledgers := func() string {
		t.Helper()
		list, err := filepath.Glob(filepath.Join(m.state, "medialift", "upload-*.ledger"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(list, " ")
	}
	waitFor(t, "the first object", func() bool {
		entries, _ := os.ReadDir(target)
		return len(entries) > 0
	})
	m.run(exitDone, "runs", "prune", "--older", "0h")
	if left := ledgers(); strings.Contains(left, other) || left == "" {
		t.Errorf("left: %q", left)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	run := m.run(exitDone, "upload", "image", target, "--update-filepaths").Run
	m.run(exitDone, "undo", run)
	n, err := db.Collection(collectionOf(t, db, "image")).CountDocuments(t.Context(), bson.D{{Key: "filepath", Value: bson.Regex{Pattern: "^" + target}}})
	if n != 0 || err != nil {
		t.Errorf("%d paths are not put back, %v", n, err)
	}
	m.run(exitDone, "runs", "prune", "--older", "0h")
	if left := ledgers(); left != "" {
		t.Errorf("left: %q", left)
	}
}
