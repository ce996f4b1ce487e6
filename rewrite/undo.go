package rewrite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// UndoOptions change what Undo does.
type UndoOptions struct {
	// DryRun only counts.
	DryRun bool
	// Files finds the files that relative paths name; the zero value finds those
	// of absolute paths.
	Files localfile.Resolver
	// MovedFrom is where the export directory was in the time of the run, if it is
	// elsewhere now. What is found there is of another dataset: only paths that name
	// it by themselves count.
	MovedFrom string
}

// An UndoReport says what Undo did.
type UndoReport struct {
	// Undoable is how many values the run had changed, or may have.
	Undoable int64
	// Missing is how many documents stay as they are because a file that they named
	// is not there any more, or holds other bytes than were sent; none on a dry run.
	// run.Rows(ctx, ledger.RowsMissing) lists their values.
	Missing int64
	// Reverted counts what was put back; nothing on a dry run. Its Conflicts
	// were changed by somebody else since and stay: they are what
	// run.Rows(ctx, ledger.RowsChanged) lists.
	Reverted ledger.Applied
}

// Undo puts back every path that a run changed, whichever verb's it was, byte
// for byte where nobody changed the value since. Objects are left where they
// are. Where the run has sent files, a document whose files are gone keeps the paths
// of its objects: the old ones would name nothing.
func Undo(ctx context.Context, ds dataset.Updater, run *ledger.Run, opts UndoOptions) (UndoReport, error) {
	var u UndoReport
	var err error
	if u.Undoable, err = run.Undoable(ctx); err != nil || opts.DryRun {
		return u, err
	}
	u.Missing, err = run.Withhold(ctx, func(f ledger.File) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		return opts.holds(ctx, f)
	})
	if err != nil {
		return u, fmt.Errorf("looking for the files that were sent: %w", err)
	}
	if u.Reverted, err = run.Revert(ctx, ds); err != nil {
		return u, fmt.Errorf("putting paths back: %w", err)
	}
	if u.Reverted.Conflicts+u.Reverted.Refused+u.Missing > 0 {
		return u, run.SetStatus(ctx, ledger.Partial)
	}
	return u, run.SetStatus(ctx, ledger.Undone)
}

// holds reports whether the file that was sent is still there, where its path leads
// now or where it was.
func (o UndoOptions) holds(ctx context.Context, f ledger.File) (bool, error) {
	if found, err := o.Files.Resolve(f.Path); err == nil {
		if same, err := isSent(ctx, found.Path, f); same || err != nil {
			return same, err
		}
	}
	if o.MovedFrom != "" && isBelow(f.Local, o.MovedFrom) {
		return false, nil
	}
	return isSent(ctx, f.Local, f)
}

// isBelow reports whether a path lies in a directory, by their spelling.
func isBelow(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// isSent reports whether a file has the bytes that were sent: by its size and time, else by
// the checksum of its object.
func isSent(ctx context.Context, name string, f ledger.File) (bool, error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false, nil //nolint:nilerr // a file that cannot be seen is not there for the dataset either
	}
	if f.State == ledger.FileArrived { // else size and time are of a later plan
		switch {
		case info.Size() != f.LocalSize:
			return false, nil
		case info.ModTime().Equal(f.ModTime):
			return true, nil
		}
	}
	if f.Variant != "" {
		return false, nil // what was sent is a copy with other bytes
	}
	for algorithm, want := range bucket.ParseChecksum(f.Checksum) {
		h := bucket.NewHash(algorithm)
		if h == nil {
			continue
		}
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		src := bucket.Source{ReaderAt: file, Size: info.Size()}
		err = src.Blocks(ctx, make([]byte, 1<<20), func(b []byte) error {
			_, err := h.Write(b)
			return err
		})
		_ = file.Close() // only read
		if errors.Is(err, bucket.ErrSourceChanged) {
			return false, nil
		}
		return err == nil && bucket.Digest(h) == want, err
	}
	return false, nil
}
