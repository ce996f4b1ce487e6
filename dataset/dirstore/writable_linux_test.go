package dirstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/medialift/medialift/dataset"
)

// TestWritable: the directory in which a part's files are replaced counts, be it the
// export's or that of the documents, for root too; what was tried leaves nothing.
func TestWritable(t *testing.T) {
	for _, kind := range []string{"file", "directory"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			write("metadata.json", `{"name": "x", "version": "1.22.1"}`)
			closed := dir
			if kind == "file" {
				write("samples.json", `{"samples": []}`)
			} else {
				write("samples/1.json", `{}`)
				closed = filepath.Join(dir, "samples")
			}
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			try := func() error {
				err := s.Writable(t.Context(), dataset.Samples, false)
				if looked := s.Writable(t.Context(), dataset.Samples, true); errors.Is(looked, ErrReadOnly) != errors.Is(err, ErrReadOnly) {
					t.Errorf("looked: %v, tried: %v", looked, err)
				}
				return errors.Join(err, s.Writable(t.Context(), dataset.Frames, false))
			}
			if err := try(); err != nil {
				t.Error(err)
			}
			if left, err := filepath.Glob(filepath.Join(closed, "*"+temporaryMark+"*")); err != nil || len(left) > 0 {
				t.Errorf("left: %q, %v", left, err)
			}
			if os.Getuid() != 0 {
				t.Cleanup(func() { _ = os.Chmod(closed, 0o700) })
				if err := os.Chmod(closed, 0o500); err != nil {
					t.Fatal(err)
				}
			} else {
				if err := unix.Mount(closed, closed, "", unix.MS_BIND, ""); err != nil {
					t.Skipf("this process may not mount: %v", err)
				}
				t.Cleanup(func() { _ = unix.Unmount(closed, unix.MNT_DETACH) })
				if err := unix.Mount("", closed, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
					t.Skipf("this process may not mount: %v", err)
				}
			}
			if err := try(); !errors.Is(err, ErrReadOnly) {
				t.Error(err)
			}
		})
	}
}
