package dirstore

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A mount point is filled, and filled again, as any directory, where this process may
// mount: a directory elsewhere, which is on the same device, and another file system,
// with what such a one keeps at its top.
func TestMountPoints(t *testing.T) {
	for _, kind := range []string{"bind", "tmpfs"} {
		t.Run(kind, func(t *testing.T) {
			top := t.TempDir()
			dir, source := filepath.Join(top, "mount"), filepath.Join(top, "source")
			if err := errors.Join(os.Mkdir(dir, 0o777), os.Mkdir(source, 0o777)); err != nil {
				t.Fatal(err)
			}
			fstype, flags := kind, uintptr(0)
			if kind == "bind" {
				fstype, flags = "", unix.MS_BIND
			}
			if isMount(dir) {
				t.Error("a directory is taken for a mount point")
			}
			if err := unix.Mount(source, dir, fstype, flags, ""); err != nil {
				t.Skipf("this process may not mount: %v", err)
			}
			t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
			if !isMount(dir) {
				t.Error("a mount point is not seen")
			}
			if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				w, err := Create(dir, Options{Overwrite: true})
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				if err := exportTo(t, dir, Options{Overwrite: true}, isMount(dir)); err != nil {
					t.Fatal(err)
				}
				if got := read(t, dir); !maps.Equal(got, fresh()) {
					t.Errorf("got %v", got)
				}
				if _, err := os.Stat(filepath.Join(dir, "lost+found")); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
