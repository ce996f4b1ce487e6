package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// An age that no clock can count, as people write for "never", is very long, and not one
// that lies in the future and takes every run along.
func TestAges(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for text, least := range map[string]time.Duration{
		"0d": 0, "30d": 30 * 24 * time.Hour, "106751d": 292 * year, "106752d": 292 * year, "200000d": 292 * year, "18446744073709551615d": 292 * year,
	} {
		if age, err := parseAge(text); err != nil || age < least {
			t.Errorf("%s: %v, %v", text, age, err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "+1d", "1.5d", "99999999999999999999d", "9999999h"} {
		if age, err := parseAge(text); err == nil {
			t.Errorf("%s: %v", text, age)
		}
	}
}

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
