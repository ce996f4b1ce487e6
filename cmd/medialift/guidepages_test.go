package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// The commands of the guides do what the guides say.
func TestGuides(t *testing.T) {
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
		follow(t, "guide-migrate.md", func(t *testing.T, g *guide) []string {
			server := mongotest.Start(t)
			dir := migratetest.Unpack(t, "../../dbmigrate/revisions/testdata/golden.tar.zst", "old/0.19.1/before")
			db := mongotest.Connect(t, server.URI).Database("fiftyone")
			mongotest.Read(t, filepath.Join(dir, "old/0.19.1/before")).Restore(t, db)
			g.place(server.URI, "mongodb://db.example.com:27017")
			g.cmds["late"] = func(ts *testscript.TestScript, _ bool, args []string) {
				var dataset struct {
					Samples string `bson:"sample_collection_name"`
				}
				ts.Check(db.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: args[0]}}).Decode(&dataset))
				_, err := db.Collection(dataset.Samples).InsertOne(t.Context(), bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: "/data/late.jpg"}})
				ts.Check(err)
			}
			return nil
		})
	})
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
