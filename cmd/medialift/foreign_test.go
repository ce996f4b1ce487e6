package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// A dataset with names of macOS and of Windows goes through a database: media are
// exported whatever form their names have on the disk, and an import with a map
// gives Windows paths their places.
func TestForeignNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere a file may have both names")
	}
	const nfc, nfd = "caf\u00e9", "cafe\u0301"
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "HOME="+t.TempDir())
	made := testexport.Copy(t, "image-local")
	export, samples := made.Dir, filepath.Join(made.Dir, "samples.json")
	edit := func(old, to string) {
		t.Helper()
		text, err := os.ReadFile(samples)
		if err != nil || !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%q is not in %s (%v)", old, text, err)
		}
		write(t, samples, "%s", bytes.ReplaceAll(text, []byte(old), []byte(to)))
	}
	edit(made.Media+"/images/", made.Media+"/"+nfc+"/")
	if err := os.Rename(filepath.Join(made.Media, "images"), filepath.Join(made.Media, nfd)); err != nil {
		t.Fatal(err)
	}
	m.run(exitDone, "import", export, "--name", "mac", "--create-database")
	if doc := m.run(exitDone, "info", "mac"); doc.Counts.Missing != 0 {
		t.Errorf("info: %+v", doc.Counts)
	}
	out := filepath.Join(t.TempDir(), "out")
	m.run(exitDone, "export", "mac", out, "--export-media")
	if got, want := sha(t, filepath.Join(out, "data", "000001.png")), sha(t, filepath.Join(made.Media, nfd, "train", "000001.png")); got != want {
		t.Errorf("exported: %s, want %s", got, want)
	}

	edit(made.Media+"/"+nfc, `c:\\data\\images`)
	edit(made.Media, `C:/data`)
	m.run(exitDone, "import", export, "--name", "windows", "--create-database")
	m.run(exitRefused, "export", "windows", filepath.Join(t.TempDir(), "out"), "--export-media")
	doc := m.run(exitRefused, "upload", "windows", filepath.Join(t.TempDir(), "target"))
	if len(doc.Problems) == 0 || doc.Problems[0].Kind != "missing" || !strings.Contains(doc.Problems[0].Hint, "Windows path") {
		t.Errorf("upload: %+v", doc.Problems)
	}
	m.run(exitDone, "import", export, "--name", "moved", "--create-database", "--map", `prefix:C:\data=s3://bucket/data`)
	moved := filepath.Join(t.TempDir(), "moved")
	m.run(exitDone, "export", "moved", moved)
	text, err := os.ReadFile(filepath.Join(moved, "samples.json"))
	for _, want := range []string{`"s3://bucket/data/images/train/000001.png"`, `"s3://bucket/data/segmentations/`} {
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in %s (%v)", want, text, err)
		}
	}
}
