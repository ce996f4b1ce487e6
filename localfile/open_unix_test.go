//go:build unix

package localfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/medialift/medialift/localfile"
)

// A pipe that nobody writes to is not waited for, and a device is not read.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	pipe, file, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for path, opens := range map[string]bool{pipe: false, "/dev/zero": false, dir: false, filepath.Join(dir, "none"): false, file: true, link: true} {
		f, err := localfile.Open(path)
		if opens != (err == nil) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
}
