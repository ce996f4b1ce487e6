package dirstore

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// temporaryMark is part of the names of files and directories that are not
// finished. FiftyOne ignores files of such names.
const temporaryMark = ".medialift-tmp-"

// ErrChanged says that a file was changed by someone else while it was being rewritten.
// Nothing of the rewriting was kept.
var ErrChanged = errors.New("changed while being rewritten")

// A temporary is a file that will take the place of another. A nil *temporary
// may be removed and synced.
type temporary struct {
	path string
	f    *os.File
	w    *bufio.Writer
}

// newTemporary makes a file beside path with the permissions, and as far as
// possible the owner, of info.
func newTemporary(path string, info fs.FileInfo) (*temporary, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+temporaryMark+"*")
	if err != nil {
		return nil, fmt.Errorf("rewriting %q: %w", path, err)
	}
	t := &temporary{path: f.Name(), f: f, w: bufio.NewWriterSize(f, 1<<20)}
	takeOwner(f, info) // before the permissions: changing the owner clears bits
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		t.remove()
		return nil, fmt.Errorf("rewriting %q: %w", path, err)
	}
	return t, nil
}

// Write implements io.Writer.
func (t *temporary) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	if err != nil {
		err = fmt.Errorf("writing: %w", err)
	}
	return n, err
}

// sync makes what was written durable and closes the file.
func (t *temporary) sync() error {
	if t == nil {
		return nil
	}
	err := t.w.Flush()
	if err == nil {
		err = t.f.Sync()
	}
	err = errors.Join(err, t.f.Close())
	t.f = nil
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

// replace puts the file in the place of path, which must still be the file that
// info describes, and makes that durable.
func (t *temporary) replace(path string, info fs.FileInfo) error {
	if err := t.move(path, info); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// move is replace but for its durability.
func (t *temporary) move(path string, info fs.FileInfo) error {
	now, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("replacing a file: %w", err)
	}
	if !os.SameFile(now, info) || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return fmt.Errorf("%q: %w", path, ErrChanged)
	}
	if err := os.Rename(t.path, path); err != nil {
		return fmt.Errorf("replacing a file: %w", err)
	}
	t.path = ""
	return nil
}

// remove deletes the file unless it has moved to its place.
func (t *temporary) remove() {
	if t == nil || t.path == "" {
		return
	}
	if t.f != nil {
		_ = t.f.Close() // what it holds is not wanted
		t.f = nil
	}
	_ = os.Remove(t.path) // removeStale tries again
	t.path = ""
}

// removeStale deletes what killed runs left beside path. Should such a file be
// in use after all, its owner fails at renaming it and changes nothing.
func removeStale(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for unfinished files: %w", err)
	}
	for _, e := range entries {
		if name, _, ok := strings.Cut(e.Name(), temporaryMark); ok && strings.HasSuffix(name, jsonSuffix) && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("removing an unfinished file: %w", err)
			}
		}
	}
	return nil
}

// syncDir makes renames in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing a directory: %w", err)
	}
	err = errors.Join(ignoreUnsupported(d.Sync()), d.Close())
	if err != nil {
		return fmt.Errorf("syncing %q: %w", dir, err)
	}
	return nil
}
