// Package testexport lays out the exports of testdata, which real FiftyOne
// wrote, for tests that change them.
//
// Some of their paths are absolute and start with Root, a directory that exists
// on no machine: in a copy they name the copy's own media. testdata/README.md
// says what each export holds.
package testexport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Root is the media directory that the exports of testdata name.
const Root = "/srv/vision"

// An Export is a copy of one export.
type Export struct {
	Dir   string // the export directory
	Media string // what Root became; every file that the export names is here or in Dir
}

// Copy copies the named export and the media into a new temporary directory.
func Copy(t testing.TB, name string) Export {
	t.Helper()
	made, err := CopyTo(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// CopyTo does as Copy does, below dir: the export goes to dir/export and the
// media to dir/media. The paths of a "-reldir" export are relative to the media
// and FiftyOne takes them to be below the export directory, so that its media go
// to dir/export instead.
func CopyTo(dir, name string) (Export, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Export{}, err
	}
	testdata, err := find("testdata")
	if err != nil {
		return Export{}, err
	}
	made := Export{Dir: filepath.Join(dir, "export"), Media: filepath.Join(dir, "media")}
	if strings.HasSuffix(name, "-reldir") {
		made.Media = made.Dir
	}
	if err := os.CopyFS(made.Dir, os.DirFS(filepath.Join(testdata, "exports", name))); err != nil {
		return Export{}, fmt.Errorf("copying the export %q: %w", name, err)
	}
	if err := os.CopyFS(made.Media, os.DirFS(filepath.Join(testdata, "media"))); err != nil {
		return Export{}, fmt.Errorf("copying the media: %w", err)
	}
	return made, rename(made.Dir, made.Media)
}

// Names lists the exports of testdata.
func Names(t testing.TB) []string {
	t.Helper()
	testdata, err := find("testdata")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(testdata, "exports"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// find answers a file of the module's root, from the directory of any of its
// packages, which is where tests run.
func find(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, name), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod at or above %q", start)
		}
		dir = parent
	}
}

// rename puts media in Root's place in every JSON file below dir.
func rename(dir, media string) error {
	quoted, err := json.Marshal(media)
	if err != nil {
		return err
	}
	to := quoted[1 : len(quoted)-1]
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed := bytes.ReplaceAll(content, []byte(Root), to)
		if bytes.Equal(changed, content) {
			return nil
		}
		return os.WriteFile(path, changed, 0o644)
	})
}
