package dirstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A workplace is a directory in which an export is made: beside its place, or
// within where that is a directory already, which may be a mount point, or all
// that a user may write to. It is locked for as long as its maker lives.
type workplace struct {
	path   string
	within string // the directory that it is in and whose place is taken; else empty
	lock   *flock.Flock
}

const (
	lockFile    = "lock"
	stageDir    = "export"
	replacedDir = "replaced" // the export that was in the way
	// placingFile is there while the entries of a directory are exchanged one by one.
	placingFile = "placing"
	// withinMark begins the names of workplaces within their place.
	withinMark = ".export" + temporaryMark
)

// isNobodys tells what a directory may hold and still be empty to its user: a workplace,
// and what a file system keeps at its top.
func isNobodys(e fs.DirEntry) bool {
	return e.IsDir() && (strings.HasPrefix(e.Name(), withinMark) || e.Name() == "lost+found")
}

// workFor makes a workplace for what is to take the place of what is there.
func workFor(dir string, there standing, isMount func(string) bool) (workplace, error) {
	switch {
	case there == emptyDir, there == oldExport && isMount(dir):
		return newWorkplace(dir, true)
	case there == oldExport:
		if p, err := newWorkplace(dir, false); !errors.Is(err, fs.ErrPermission) {
			return p, err
		}
		return newWorkplace(dir, true) // the parent is not to be written to
	}
	return newWorkplace(dir, false)
}

// newWorkplace makes a workplace beside dir, or within.
func newWorkplace(dir string, within bool) (workplace, error) {
	p := workplace{}
	parent, mark := filepath.Dir(dir), besideMark(dir)
	if within {
		p.within, parent, mark = dir, dir, withinMark
	}
	path, err := os.MkdirTemp(parent, mark+"*")
	if err != nil {
		return p, fmt.Errorf("creating a dataset: %w", err)
	}
	p.path, p.lock = path, flock.New(filepath.Join(path, lockFile))
	if _, err := p.lock.TryLock(); err != nil {
		return p, errors.Join(fmt.Errorf("creating a dataset: %w", err), os.RemoveAll(path))
	}
	if !within {
		return p, nil
	}
	// Of two that begin at once, the one that looks later sees the other; both may.
	others, err := workplaces(dir, withinMark)
	for _, other := range others {
		if other != path && err == nil {
			err = fmt.Errorf("creating a dataset: %q: %w", dir, ErrBusy)
		}
	}
	if err != nil {
		return p, errors.Join(err, p.remove())
	}
	return p, nil
}

func besideMark(dir string) string { return "." + filepath.Base(dir) + temporaryMark }

// workplaces lists those in a directory.
func workplaces(dir, mark string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("creating a dataset: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), mark) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// sweepAll removes the workplaces that killed processes left for dir, after it has
// put back what was to be replaced.
func sweepAll(dir string) error {
	beside, err := workplaces(filepath.Dir(dir), besideMark(dir))
	if errors.Is(err, fs.ErrPermission) {
		err = nil // the directory itself may do
	}
	if err != nil {
		return err
	}
	for _, path := range beside {
		if err := sweep(workplace{path: path}, dir); err != nil {
			return err
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil //nolint:nilerr // nothing to sweep; what is wrong is found soon
	}
	within, err := workplaces(dir, withinMark)
	if err != nil {
		return err
	}
	for _, path := range within {
		if err := sweep(workplace{path: path, within: dir}, dir); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes a workplace whose maker is gone, after it has put back what was to
// be replaced by an export that never took its place. What cannot be removed stays:
// it is in nobody's way.
func sweep(p workplace, dir string) error {
	file := filepath.Join(p.path, lockFile)
	info, err := os.Stat(p.path)
	if err != nil {
		return nil // another process has removed it
	}
	if _, err := os.Stat(file); err != nil && time.Since(info.ModTime()) < time.Hour {
		return nil // it may be about to be locked
	}
	p.lock = flock.New(file)
	if locked, err := p.lock.TryLock(); err != nil || !locked {
		return nil // its maker lives
	}
	defer func() { _ = p.lock.Unlock() }()
	if p.within != "" {
		if err := p.putBack(); err != nil {
			return fmt.Errorf("putting back what an export that was killed has left in %q: %w", dir, err)
		}
	} else {
		old := filepath.Join(p.path, replacedDir)
		if _, err := os.Stat(old); err == nil {
			if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && os.Rename(old, dir) != nil {
				return nil
			}
		}
	}
	_ = p.remove()
	return nil
}

// remove ends the work.
func (p workplace) remove() error {
	if p.path == "" {
		return nil
	}
	if runtime.GOOS == "windows" { // where an open file cannot be removed
		return errors.Join(p.lock.Unlock(), os.RemoveAll(p.path))
	}
	return errors.Join(os.RemoveAll(p.path), p.lock.Unlock())
}

// otherDevice tells whether a directory is on another file system than the one that
// it is in.
func otherDevice(dir string) bool {
	at, err := os.Stat(dir)
	if err != nil {
		return false
	}
	above, err := os.Stat(filepath.Dir(dir))
	return err == nil && device(at) != device(above)
}
