package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/medialift/medialift/dataset"
)

// ErrReadOnly says that the documents of an export cannot be replaced by this process.
var ErrReadOnly = errors.New("the export cannot be written to")

// Writable fails with ErrReadOnly where Update could not replace the documents of part,
// and with a *dataset.Refusal where they lie outside of the export. It makes a file
// beside them and removes it, as only that tells for root too. With look it makes
// none, and asks the system what it allows.
func (s *Store) Writable(ctx context.Context, part dataset.Part, look bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l, err := s.layout(part)
	if err != nil || l.kind == absent {
		return err
	}
	path := l.path
	if l.kind == manyFile {
		names, err := documentFiles(path)
		if err != nil || len(names) == 0 {
			return err
		}
		path = filepath.Join(path, names[0])
	}
	at, err := s.spot(path)
	if err != nil {
		return err
	}
	defer at.root.Close()
	dir := filepath.Dir(at.path())
	if look {
		err = mayWrite(dir)
	} else {
		err = at.try()
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %q: %w", ErrReadOnly, dir, err)
	}
	return err
}

// try makes what would take the place of a file, and removes it.
func (s spot) try() error {
	info, err := s.root.Stat(s.name)
	if err != nil {
		return fmt.Errorf("opening documents: %w", err)
	}
	t, err := newTemporary(s, info)
	if err != nil {
		return err
	}
	name := t.at.name
	t.remove()
	if _, err := s.root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %q: %w", filepath.Join(s.root.Name(), name), os.ErrPermission)
	}
	return nil
}
