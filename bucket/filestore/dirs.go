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
	var missing []string // deepest first
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, at := range missing {
		if err := syncDir(filepath.Dir(at)); err != nil {
			return err
		}
	}
	if d.known == nil || len(d.known) >= maxDirs {
		d.known = make(map[string]bool)
	}
	d.known[dir] = true
	return nil
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
