package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// A Lock keeps other runs off a dataset. It ends with the process at the
// latest, however that ends.
type Lock struct {
	held  []*flock.Flock
	claim *claim // where the file system of an export has no locks
}

// Lock locks the dataset of that name (see Identity) for this process. Where the dataset is a directory, its
// metadata.json is locked too, so that runs with another state folder are kept
// off as well, but not on Windows. ErrLocked says who holds it.
func (d *Dir) Lock(dataset string) (*Lock, error) {
	sum := sha256.Sum256([]byte(dataset))
	path := filepath.Join(d.path, hex.EncodeToString(sum[:8])+".lock")
	mine := flock.New(path)
	ok, err := mine.TryLock()
	if err != nil {
		return nil, cannotLock(path, err)
	}
	if !ok {
		owner, _ := os.ReadFile(ownerFile(path))
		return nil, fmt.Errorf("%w %q: %s", ErrLocked, dataset, ownerText(string(owner)))
	}
	l := &Lock{held: []*flock.Flock{mine}}
	host, _ := os.Hostname()
	owner := fmt.Sprintf("process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime))
	if err := os.WriteFile(ownerFile(path), []byte(owner), 0o600); err != nil {
		return nil, errors.Join(cannotLock(path, err), l.Unlock())
	}
	metadata := filepath.Join(dataset, "metadata.json")
	if runtime.GOOS == "windows" {
		return l, nil // nobody, this process included, could read a file that is locked
	}
	if _, err := os.Stat(metadata); err != nil || !filepath.IsAbs(metadata) {
		return l, nil //nolint:nilerr // no export yet, or no more: nothing to lock
	}
	theirs := flock.New(metadata, flock.SetFlag(os.O_RDONLY))
	ok, err = theirs.TryLock()
	switch {
	case err != nil: // a file system without locks
		if l.claim, err = newClaim(dataset); err != nil {
			return nil, errors.Join(err, l.Unlock())
		}
		return l, nil
	case !ok:
		return nil, errors.Join(fmt.Errorf("%w %q: one with another state folder", ErrLocked, dataset), l.Unlock())
	}
	l.held = append(l.held, theirs)
	return l, nil
}

// cannotLock says why the state folder's file at path cannot be locked.
func cannotLock(path string, err error) error {
	switch {
	case isLockless(err):
		return fmt.Errorf("%w: locking %q: %w", ErrNoLocks, path, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: locking %q: %w", ErrNoState, path, err)
	}
	return fmt.Errorf("locking %q: %w", path, err)
}

// Unlock ends the lock.
func (l *Lock) Unlock() error {
	var errs []error
	if l.claim != nil {
		errs = append(errs, l.claim.end())
		l.claim = nil
	}
	for _, f := range l.held {
		errs = append(errs, f.Unlock())
	}
	return errors.Join(errs...)
}

// ownerFile says who holds the lock file at path. On Windows it is another file,
// since a locked one is neither read nor written.
func ownerFile(path string) string {
	if runtime.GOOS == "windows" {
		return path + ".owner"
	}
	return path
}

func ownerText(s string) string {
	if s = strings.TrimSpace(s); s != "" {
		return "held by " + s
	}
	return "held by another process"
}
