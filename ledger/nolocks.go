package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// ErrNoLocks says that the file system of the state folder has no locks, as Lustre
// and some NFS mounts have none.
var ErrNoLocks = errors.New("the file system of the state folder has no locks")

// isLockless reports whether err says that the file system has no locks: errors of
// the system, and those of SQLite by their codes (IOERR_UNLOCK, _RDLOCK,
// _CHECKRESERVEDLOCK, _LOCK, and PROTOCOL).
func isLockless(err error) bool {
	if err == nil {
		return false
	}
	for _, errno := range []error{syscall.ENOLCK, syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP} {
		if errors.Is(err, errno) {
			return true
		}
	}
	text := err.Error()
	for _, code := range []string{"(2058)", "(2314)", "(3594)", "(3850)", "locking protocol"} {
		if strings.Contains(text, code) {
			return true
		}
	}
	return false
}

// hasLocks reports whether the file system of an existing file has locks. SQLite
// takes one that has none for a busy one.
func hasLocks(path string) bool {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	_, err := lock.TryRLock()
	_ = lock.Close()
	return !isLockless(err)
}

// Writable reports with an error why the folder at path cannot keep the state of
// runs: it cannot be made or written to, or its file system has no locks (ErrNoLocks).
func Writable(path string) error {
	if _, err := OpenDir(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(path, ".medialift-probe-*")
	if err != nil {
		return fmt.Errorf("writing to the state folder: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing to the state folder: %w", err)
	}
	if !hasLocks(f.Name()) {
		return fmt.Errorf("%w: %q", ErrNoLocks, path)
	}
	return nil
}

// OpenDirToRead opens the folder at path so that it stays as it is, whether it can be
// written to or is there at all: what would be written goes to the folder scratch,
// which the caller has made and removes in the end.
func OpenDirToRead(path, scratch string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the state folder: %w", err)
	}
	d := &Dir{path: scratch, base: path}
	names, err := d.Names()
	d.unlocked = err == nil && len(names) > 0 && !hasLocks(d.file(names[0]))
	return d, err
}

// borrow copies a ledger of the folder that stays as it is to where it may be
// written to, with what a killed run left beside it.
func (d *Dir) borrow(ctx context.Context, run string) error {
	if d.base == "" {
		return nil
	}
	to := filepath.Join(d.path, run+suffix)
	if _, err := os.Stat(to); err == nil {
		return nil // borrowed before
	}
	if _, err := os.Stat(d.path); err != nil {
		return fmt.Errorf("reading ledger %q: %w", run, err)
	}
	from := filepath.Join(d.base, run+suffix)
	before, err := stampOf(from)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	for _, name := range []string{"-journal", ""} { // the ledger last: it is there if all is
		if err == nil {
			err = copyFile(ctx, to+name, from+name)
		}
	}
	if err == nil {
		var after stamp
		if after, err = stampOf(from); err == nil && (after.size != before.size || after.mtime != before.mtime) {
			err = errors.Join(fmt.Errorf("%w: it changed while it was read", ErrLocked), os.Remove(to))
		}
	}
	if err != nil {
		return fmt.Errorf("reading ledger %q: %w", from, err)
	}
	return nil
}
