package dirstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// ErrOccupied says that a directory that is to be created exists and is not
// empty, or, where it may be overwritten, holds what no export writes.
var ErrOccupied = errors.New("the directory is not empty")

// exported lists what an export directory can hold at its top
// (fiftyone.utils.data.exporters, FiftyOneDatasetExporter).
func exported() []string {
	return []string{
		metadataFile, "samples.json", "frames.json", "tags.json", "samples", "frames", "annotations", "brain", "evaluations", "runs",
		"data", "fields", SidecarFile,
	}
}

// vacant fails unless dir can be created, is empty, or is an export that may be
// overwritten.
func vacant(dir string, overwrite bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("creating a dataset: %w", err)
	case len(entries) > 0 && !overwrite:
		return fmt.Errorf("creating a dataset: %q: %w", dir, ErrOccupied)
	}
	known := len(entries) == 0
	for _, e := range entries {
		name := e.Name()
		if file, _, ok := strings.Cut(name, temporaryMark); ok {
			name = file
		}
		if !slices.Contains(exported(), name) {
			return fmt.Errorf("overwriting %q: %w: it holds %q, which no export writes", dir, ErrOccupied, e.Name())
		}
		known = known || name == metadataFile
	}
	if !known {
		return fmt.Errorf("overwriting %q: %w: there is no %q in it, so it is no export", dir, ErrOccupied, metadataFile)
	}
	return nil
}

// A workplace is a directory beside the one that is being made. It is locked for
// as long as its maker lives.
type workplace struct {
	path string
	lock *flock.Flock
}

const (
	lockFile    = "lock"
	replacedDir = "replaced" // the export that was in the way
)

// newWorkplace makes one for dir, and removes those that killed processes left.
func newWorkplace(dir string) (workplace, error) {
	mark := "." + filepath.Base(dir) + temporaryMark
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return workplace{}, fmt.Errorf("creating a dataset: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), mark) {
			sweep(filepath.Join(filepath.Dir(dir), e.Name()), dir)
		}
	}
	path, err := os.MkdirTemp(filepath.Dir(dir), mark+"*")
	if err != nil {
		return workplace{}, fmt.Errorf("creating a dataset: %w", err)
	}
	p := workplace{path: path, lock: flock.New(filepath.Join(path, lockFile))}
	if _, err := p.lock.TryLock(); err != nil {
		return workplace{}, errors.Join(fmt.Errorf("creating a dataset: %w", err), os.RemoveAll(path))
	}
	return p, nil
}

// sweep removes a workplace whose maker is gone, after it has put back an export
// that was to be replaced by one that never took its place. What cannot be
// removed stays: it is in nobody's way.
func sweep(path, dir string) {
	file := filepath.Join(path, lockFile)
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if _, err := os.Stat(file); err != nil && time.Since(info.ModTime()) < time.Hour {
		return // it may be about to be locked
	}
	lock := flock.New(file)
	if locked, err := lock.TryLock(); err != nil || !locked {
		return
	}
	defer func() { _ = lock.Unlock() }()
	old := filepath.Join(path, replacedDir)
	if _, err := os.Stat(old); err == nil {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && os.Rename(old, dir) != nil {
			return
		}
	}
	if runtime.GOOS == "windows" { // where an open file cannot be removed
		_ = lock.Unlock()
	}
	_ = os.RemoveAll(path)
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
