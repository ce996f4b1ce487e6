package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/internal/mongotest"
	"github.com/medialift/medialift/internal/testexport"
)

// An export with relative paths, as FiftyOne writes it with its media, is imported
// with the URLs of the run that sent them; and a database made on the way is one of
// FiftyOne's from then on.
func TestImportByRun(t *testing.T) {
	db := mongotest.Database(t)
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "HOME="+t.TempDir())
	export, out := testexport.Copy(t, "image").Dir, filepath.Join(t.TempDir(), "out")
	run := m.run(exitDone, "upload", export, out).Run
	m.run(exitRefused, "import", export, "--name", "none", "--map", "run:"+run)
	doc := m.run(exitDone, "import", export, "--name", "byrun", "--map", "run:"+run, "--create-database")
	if doc.Counts.Rewritten != 41 {
		t.Errorf("%+v", doc.Counts)
	}
	for _, path := range pathsOf(t, db, "byrun") {
		if !strings.HasPrefix(path, out+"/") {
			t.Errorf("imported %q", path)
		}
	}
	m.run(exitDone, "import", export, "--name", "again", "--map", "run:"+run)
}

// A directory with a bare name is not taken for a dataset that is not there.
func TestBareDirectory(t *testing.T) {
	db := mongotest.Database(t)
	export := testexport.Copy(t, "image").Dir
	m := newTool(t, "FIFTYONE_DATABASE_URI="+mongotest.URI(t), "FIFTYONE_DATABASE_NAME="+db.Name(), "HOME="+t.TempDir())
	inside := func(want int, args ...string) string {
		cmd := m.command(args...)
		cmd.Dir = filepath.Dir(export)
		said, _ := cmd.CombinedOutput() // its exit code is checked
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("%v: exit %d: %s", args, code, said)
		}
		return string(said)
	}
	name := filepath.Base(export)
	if said := inside(exitUsage, "info", name); !strings.Contains(said, "no dataset") || !strings.Contains(said, "./"+name) || strings.Contains(said, "both") {
		t.Error(said)
	}
	inside(exitDone, "import", name, "--name", name, "--create-database")
	if said := inside(exitUsage, "info", name); !strings.Contains(said, "both the name of a dataset and of a directory") {
		t.Error(said)
	}
	inside(exitRefused, "clean", name, "--dry-run")
}
