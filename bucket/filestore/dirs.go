package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// maxDirs bounds what dirs remembers.
const maxDirs = 1 << 14

// dirs makes directories durably and remembers which ones are. Without it a
// Put could finish in a directory that another one has made but not yet synced.
type dirs struct {
	mu    sync.Mutex
	known map[string]bool
}

// make makes dir and its parents. Each that is new is synced in its parent.
func (d *dirs) make(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[dir] {
		return nil
	}
	if err := makeAll(dir, os.Stat, os.MkdirAll, syncDir); err != nil {
		return err
	}
	d.note(dir)
	return nil
}

// makeBelow is make for a directory that no symbolic link below the root leads to.
func (d *dirs) makeBelow(w within) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[w.path()] {
		return nil
	}
	sync := func(dir string) error { return syncDir(filepath.Join(w.root.Name(), dir)) }
	if err := makeAll(w.name, w.root.Stat, w.root.MkdirAll, sync); err != nil {
		return err
	}
	d.note(w.path())
	return nil
}

func makeAll(dir string, stat func(string) (os.FileInfo, error), mkdirAll func(string, os.FileMode) error, sync func(string) error) error {
	var missing []string // deepest first
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := stat(at); !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	if err := mkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, at := range missing {
		if err := sync(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
}

func (d *dirs) note(dir string) {
	if d.known == nil || len(d.known) >= maxDirs {
		d.known = make(map[string]bool)
	}
	d.known[dir] = true
}

func (d *dirs) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, dir)
}

// syncDir makes the names in dir durable, where the system can.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
