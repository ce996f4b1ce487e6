package runner

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// writeNew writes a file as a whole or not at all, in the place of no other.
func writeNew(name string, write func(io.Writer) error) error {
	return writeAs(name, write, func(temporary string) error {
		err := os.Link(temporary, name)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return errors.Join(err, os.Remove(temporary))
		}
		// The file system has no links: only this run writes here.
		if _, there := os.Lstat(name); there == nil {
			return errors.Join(fs.ErrExist, os.Remove(temporary))
		}
		return os.Rename(temporary, name)
	})
}

// writeFile writes a file that is either there and durable as a whole, or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	return writeAs(name, write, func(temporary string) error { return os.Rename(temporary, name) })
}

// writeAs writes a temporary file and has it placed once it is durable.
func writeAs(name string, write func(io.Writer) error, place func(temporary string) error) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "*.tmp")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err = errors.Join(err, w.Flush()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := place(f.Name()); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Where folders can't be synced, renames are durable without it.
	_ = f.Sync()
	return f.Close()
}

// A backup is one that is being read.
type backup struct {
	backupHead
	file string
	in   *bufio.Reader
	end  func() error
}

// openBackup reads the head of a backup, or of what a plan left.
func openBackup(file string) (*backup, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	b := &backup{file: file, in: bufio.NewReaderSize(f, 1<<20), end: f.Close}
	raw, err := bson.ReadDocument(b.in)
	if err == nil {
		err = bson.Unmarshal(raw, &b.backupHead)
	}
	if err == nil && b.Format != backupFormat {
		err = fmt.Errorf("format %d is not known", b.Format)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%q is no backup of a migration: %w", file, err), f.Close())
	}
	return b, nil
}

// items streams what follows the head. A file that is cut off is an error.
func (b *backup) items() iter.Seq2[backupItem, error] {
	return func(yield func(backupItem, error) bool) {
		for n := int64(0); ; n++ {
			raw, err := bson.ReadDocument(b.in)
			var item backupItem
			if err == nil {
				err = bson.Unmarshal(raw, &item)
			}
			switch {
			case err != nil:
				yield(item, fmt.Errorf("the backup %q is cut off or damaged: %w", b.file, err))
				return
			case item.Last && item.Items != n:
				yield(item, fmt.Errorf("the backup %q is damaged: %d items of %d", b.file, n, item.Items))
				return
			case item.Last || !yield(item, nil):
				return
			}
		}
	}
}
