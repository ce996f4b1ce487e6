package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// The commands of the guides do what the guides say.
func TestGuides(t *testing.T) {
	t.Run("readme", func(t *testing.T) {
		follow(t, "../README.md", func(t *testing.T, g *guide) []string {
			g.home = filepath.Join(g.root, "data")
			if _, err := testexport.CopyTo(g.home, "image"); err != nil {
				t.Fatal(err)
			}
			server := buckettest.S3Server(t)
			server.CreateBucket(t, "media")
			return server.Environ()
		})
	})
	t.Run("move", func(t *testing.T) {
		if testing.Short() {
			t.Skip("starts three servers: not in short mode")
		}
		follow(t, "guide-move.md", moving)
	})
	t.Run("paths", func(t *testing.T) {
		follow(t, "guide-paths.md", func(t *testing.T, g *guide) []string {
			g.layOut(t, "image-local", "export")
			server := buckettest.S3Server(t)
			server.CreateBucket(t, "media")
			if err := os.CopyFS(server.Path("media", ""), os.DirFS(filepath.Join(g.root, "data", "media"))); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(server.Path("media", "images/train/000001.png")); err != nil {
				t.Fatal(err)
			}
			return append(server.Environ(), "BUCKETS="+server.Dir)
		})
	})
	t.Run("migrate", func(t *testing.T) {
		if testing.Short() {
			t.Skip("migrates a database six times: not in short mode")
		}
		follow(t, "guide-migrate.md", func(t *testing.T, g *guide) []string {
			server := mongotest.Start(t)
			dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst", "old/0.19.1/before")
			db := mongotest.Connect(t, server.URI).Database("fiftyone")
			mongotest.Read(t, filepath.Join(dir, "old/0.19.1/before")).Restore(t, db)
			g.place(server.URI, "mongodb://db.example.com:27017")
			g.cmds["late"] = func(ts *testscript.TestScript, _ bool, args []string) {
				_, err := samplesIn(ts, db, args[0]).InsertOne(t.Context(), bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: "/data/late.jpg"}})
				ts.Check(err)
			}
			return nil
		})
	})
}

// moving is the world of the guide to moving: the databases of a lab and of a deployment,
// and an empty bucket.
func moving(t *testing.T, g *guide) []string {
	t.Helper()
	media := filepath.Join(g.root, "data", "media")
	if err := os.CopyFS(media, os.DirFS("../../testdata/media")); err != nil {
		t.Fatal(err)
	}
	lab, teams, s3 := mongotest.Start(t), mongotest.Start(t), buckettest.S3Server(t)
	db := mongotest.Connect(t, lab.URI).Database("fiftyone")
	mongotest.FiftyOne(t, testexport.Root, media).Restore(t, db)
	config := bson.D{{Key: "version", Value: "1.19.0"}, {Key: "type", Value: "fiftyone-teams"}}
	if _, err := mongotest.Connect(t, teams.URI).Database("fiftyone").Collection("config").InsertOne(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	g.place(lab.URI, "mongodb://lab.example.com:27017")
	g.place(teams.URI, "mongodb://teams.example.com:27017")
	g.place(s3.Endpoint, "https://s3.us-east-1.amazonaws.com")
	s3.CreateBucket(t, "media")
	g.cmds["grow"] = func(ts *testscript.TestScript, _ bool, args []string) {
		samples := samplesIn(ts, db, args[0])
		var doc bson.D
		ts.Check(samples.FindOne(t.Context(), bson.D{}).Decode(&doc))
		file := filepath.Join(media, "images", "train", "new.png")
		ts.Check(os.WriteFile(file, []byte("a new image"), 0o600))
		doc = slices.DeleteFunc(doc, func(e bson.E) bool {
			return !slices.Contains([]string{"_media_type", "_rand", "_dataset_id", "tags", "created_at", "last_modified_at"}, e.Key)
		})
		doc = append(bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: file}}, doc...)
		_, err := samples.InsertOne(t.Context(), doc)
		ts.Check(err)
	}
	return append(s3.Environ(), "BUCKETS="+s3.Dir)
}

// samplesIn is the collection of a dataset's samples.
func samplesIn(ts *testscript.TestScript, db *mongo.Database, name string) *mongo.Collection {
	var dataset struct {
		Samples string `bson:"sample_collection_name"`
	}
	ts.Check(db.Collection("datasets").FindOne(context.Background(), bson.D{{Key: "name", Value: name}}).Decode(&dataset))
	return db.Collection(dataset.Samples)
}

// place shows one address for another, both ways.
func (g *guide) place(here, shown string) {
	g.replaced = append(g.replaced, here, shown, strings.TrimPrefix(here, "mongodb://"), strings.TrimPrefix(shown, "mongodb://"))
	g.places = append(g.places, shown, here)
}

// layOut puts an export that FiftyOne wrote into the guide's home, its media below /data.
func (g *guide) layOut(t *testing.T, export, name string) {
	t.Helper()
	made, err := testexport.CopyTo(filepath.Join(g.root, "data"), export)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(made.Dir, filepath.Join(g.home, name)); err != nil {
		t.Fatal(err)
	}
}
