package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/medialift/medialift/bucket/buckettest"
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
