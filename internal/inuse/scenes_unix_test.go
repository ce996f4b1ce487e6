//go:build unix

package inuse

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// A scene that names a pipe is not waited for, and one that names a device is not read
// without end: what such a file needs cannot be found out.
func TestEndlessAssets(t *testing.T) {
	for _, what := range []string{"pipe", "device"} {
		dir := t.TempDir()
		asset := filepath.Join(dir, "a.obj")
		var err error
		if what == "pipe" {
			err = syscall.Mkfifo(asset, 0o600)
		} else {
			err = os.Symlink("/dev/zero", asset)
		}
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		l := looker{dir: d, use: func(Use) error { return nil }, resolver: localfile.Resolver{}, searched: map[searched]struct{}{}}
		if err := l.search(asset, scene.OBJ, dataset.Row{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
