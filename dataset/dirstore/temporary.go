package dirstore

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/medialift/medialift/dataset"
)

// temporaryMark is part of the names of files and directories that are not
// finished. FiftyOne ignores files of such names.
const temporaryMark = ".medialift-tmp-"

// ErrChanged says that a file was changed by someone else while it was being rewritten.
// Nothing of the rewriting was kept.
var ErrChanged = errors.New("changed while being rewritten")

// ErrAtWork says that another process is rewriting the same export: it has removed
// what this one wrote, as it removes what killed ones leave. Nothing of the rewriting
// was kept.
var ErrAtWork = errors.New("another run is at work on this export")

// A spot is a file of a dataset that is to be replaced, below the directory that no
// symbolic link leads out of.
type spot struct {
	root *os.Root
	name string
}

// spot finds where a file of the dataset really is: a link within the directory
// stays, and what it names is replaced. A link that leads out of it is refused. The
// caller closes the root.
func (s *Store) spot(path string) (spot, error) {
	dir, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return spot{}, fmt.Errorf("opening documents: %w", err)
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return spot{}, fmt.Errorf("opening documents: %w", err)
	}
	name, err := filepath.Rel(dir, target)
	if err != nil || !filepath.IsLocal(name) {
		return spot{}, &dataset.Refusal{
			Reason: fmt.Sprintf("%q is a symbolic link to %q, outside of the export", path, target),
			Hint:   "put the file itself in the place of the link, or work on a copy of the export",
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return spot{}, fmt.Errorf("opening documents: %w", err)
	}
	return spot{root, name}, nil
}

func (s spot) path() string { return filepath.Join(s.root.Name(), s.name) }

// A temporary is a file that will take the place of another. A nil *temporary
// may be removed and synced.
type temporary struct {
	at spot // where it is now; no name once it has moved
	f  *os.File
	w  *bufio.Writer
}

// newTemporary makes a file beside that at a spot with the permissions, and as far as
// possible the owner, of info.
func newTemporary(beside spot, info fs.FileInfo) (*temporary, error) {
	at := spot{beside.root, beside.name + temporaryMark + strconv.FormatUint(rand.Uint64(), 10)}
	f, err := at.root.OpenFile(at.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("rewriting %q: %w", beside.path(), err)
	}
	t := &temporary{at, f, bufio.NewWriterSize(f, 1<<20)}
	takeOwner(f, info) // before the permissions: changing the owner clears bits
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		t.remove()
		return nil, fmt.Errorf("rewriting %q: %w", beside.path(), err)
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

// replace puts the file in the place of that at a spot, which must still be the file
// that info describes, and makes that durable.
func (t *temporary) replace(there spot, info fs.FileInfo) error {
	if err := t.move(there, info); err != nil {
		return err
	}
	return syncDir(filepath.Dir(there.path()))
}

// move is replace but for its durability.
func (t *temporary) move(there spot, info fs.FileInfo) error {
	now, err := there.root.Stat(there.name)
	if err != nil {
		return fmt.Errorf("replacing a file: %w", err)
	}
	if !os.SameFile(now, info) || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return fmt.Errorf("%q: %w", there.path(), ErrChanged)
	}
	if err := t.at.root.Rename(t.at.name, there.name); err != nil {
		if _, gone := t.at.root.Stat(t.at.name); errors.Is(gone, fs.ErrNotExist) {
			return fmt.Errorf("%w: %q has gone before it could become %q", ErrAtWork, t.at.path(), there.path())
		}
		return fmt.Errorf("replacing a file: %w", err)
	}
	t.at.name = ""
	return nil
}

// remove deletes the file unless it has moved to its place.
func (t *temporary) remove() {
	if t == nil || t.at.name == "" {
		return
	}
	if t.f != nil {
		_ = t.f.Close() // what it holds is not wanted
		t.f = nil
	}
	_ = t.at.root.Remove(t.at.name) // removeStale tries again
	t.at.name = ""
}

// removeStale deletes what killed runs left beside the file at a spot. Should such a
// file be in use after all, its owner fails at renaming it and changes nothing.
func removeStale(at spot) error {
	dir := filepath.Dir(at.name)
	entries, err := fs.ReadDir(at.root.FS(), filepath.ToSlash(dir))
	if err != nil {
		return fmt.Errorf("looking for unfinished files: %w", err)
	}
	for _, e := range entries {
		if name, _, ok := strings.Cut(e.Name(), temporaryMark); ok && strings.HasSuffix(name, jsonSuffix) && e.Type().IsRegular() {
			if err := at.root.Remove(filepath.Join(dir, e.Name())); err != nil {
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
