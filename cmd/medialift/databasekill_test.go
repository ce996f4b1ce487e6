package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/internal/mongotest"
)

// manySamples adds samples with an image and a mask each to the image dataset,
// all of two files.
func manySamples(t *testing.T, db *mongo.Database, media string, n int) {
	t.Helper()
	samples := db.Collection(collectionOf(t, db, "image"))
	image, mask := filepath.Join(media, "images/train/000001.png"), filepath.Join(media, "segmentations/000000.png")
	var docs []any
	for i := range n {
		docs = append(docs, bson.D{
			{Key: "filepath", Value: image}, {Key: "segmentation", Value: bson.D{{Key: "_cls", Value: "Segmentation"}, {Key: "mask_path", Value: mask}}},
			{Key: "created_at", Value: bson.DateTime(1)}, {Key: "last_modified_at", Value: bson.DateTime(1)}, {Key: "count", Value: 100 + i},
		})
	}
	if _, err := samples.InsertMany(context.Background(), docs); err != nil {
		t.Fatal(err)
	}
}

// TestKilledDatabaseUploads kills the real binary with SIGKILL at random moments
// of uploads that rewrite a dataset in a database: every document is wholly old
// or wholly new then, and the same command ends as an undisturbed one does.
func TestKilledDatabaseUploads(t *testing.T) {
	if testing.Short() {
		t.Skip("kills rewrites of 3,000 documents: not in short mode")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	db, media, env := fiftyOne(t)
	const added = 3000
	manySamples(t, db, media, added)
	start := mongotest.Take(t, db)
	target := filepath.Join(t.TempDir(), "there")
	command := []string{"upload", "image", target, "--update-filepaths"}

	m := newTool(t, env...)
	m.run(0, command[:3]...) // the files are sent once: it is the rewriting that is killed
	before := os.DirFS(m.state)
	began := time.Now()
	undisturbed := m.copy(before)
	undisturbed.run(0, command...)
	span := time.Since(began)
	want := settled(t, db)
	if text := fmt.Sprint(want); strings.Count(text, target) < 2*added {
		t.Fatal("the undisturbed run changed too little")
	}
	killTrials := *killsFlag
	for killed, n := 0, 0; killed < killTrials; n++ {
		if n == 20*killTrials {
			t.Fatalf("only %d of %d runs were still at work when killed", killed, n)
		}
		start.Restore(t, db)
		m := m.copy(before)
		cmd := m.command(command...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(span))))
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err != nil {
			killed++
		}
		for name := range start {
			if strings.HasPrefix(name, "samples.") || strings.HasPrefix(name, "patches.") {
				whole(t, db, name, target)
			}
		}
		m.run(0, command...)
		checkSame(t, want, settled(t, db))
		if t.Failed() {
			t.FailNow()
		}
	}
}

// whole fails where a document has some paths of before and some of after.
func whole(t *testing.T, db *mongo.Database, collection, target string) {
	t.Helper()
	cursor, err := db.Collection(collection).Find(context.Background(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	var docs []bson.Raw
	if err := cursor.All(context.Background(), &docs); err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		paths := strings.Count(doc.String(), `path": "/`)
		moved := strings.Count(doc.String(), `path": "`+target)
		if moved != 0 && moved != paths {
			t.Fatalf("half rewritten: %s", doc)
		}
	}
}
