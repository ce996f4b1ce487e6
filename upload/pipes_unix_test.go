//go:build unix

package upload_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/upload"
)

// What a scene names may be a pipe that nobody writes to, however it is written.
func TestAssetsThatArePipes(t *testing.T) {
	for _, name := range []string{`a.obj`, `.\\a.obj`} {
		dir := t.TempDir()
		s := write(t, dir, "s.fo3d", `{"children": [{"objPath": "`+name+`"}]}`)
		if err := syscall.Mkfifo(filepath.Join(dir, "a.obj"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := upload.NewPlan(t.Context(), newJob(t, dir, t.TempDir(), sample{"filepath": s}), upload.Options{})
		if refusal, ok := errors.AsType[*dataset.Refusal](err); !ok || refusal.Total != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
