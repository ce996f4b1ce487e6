package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// A hold keeps a ledger from being removed. It is a shared lock of a file beside the
// ledger, which ends with the process at the latest: SQLite itself locks the ledger
// only while it reads or writes.
type hold struct{ lock *flock.Flock }

// hold holds the ledger at path. Where the folder cannot be written to, or its file
// system has no locks, nothing is held: nobody can remove the ledger there either.
func newHold(path string) (hold, error) {
	for {
		lock := flock.New(holdFile(path), flock.SetPermissions(0o600))
		ok, err := lock.TryRLock()
		if err != nil {
			return hold{}, nil //nolint:nilerr // said above
		}
		if !ok {
			return hold{}, fmt.Errorf("%w: the ledger %q is just being removed", ErrLocked, path)
		}
		if current(lock) {
			return hold{lock}, nil
		}
		_ = lock.Close() // of a file that was removed meanwhile
	}
}

// current reports whether the file that is locked is the one that has the name.
func current(lock *flock.Flock) bool {
	mine, err := lock.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(lock.Path())
	return err == nil && os.SameFile(mine, now)
}

func (h hold) end() error {
	if h.lock == nil {
		return nil
	}
	return h.lock.Close()
}

func holdFile(path string) string { return path + ".lock" }

// Remove deletes the ledger of a run, unless a process has it open: that is ErrLocked.
// What it could undo can no longer be undone.
func (d *Dir) Remove(run string) error {
	path := d.file(run)
	lock := flock.New(holdFile(path), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("removing the ledger: %w", err)
	}
	if !ok {
		return fmt.Errorf("%w: it has the ledger %q open", ErrLocked, path)
	}
	err = os.Remove(path)
	_ = os.Remove(path + "-journal") // of SQLite
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		// While it is locked: who waits for it sees that it has gone. Where an open file
		// cannot be removed, it stays.
		_ = os.Remove(lock.Path())
	}
	if err = errors.Join(err, lock.Close()); err != nil {
		return fmt.Errorf("removing the ledger: %w", err)
	}
	return nil
}
