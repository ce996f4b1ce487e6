// Package clean deletes an export directory, and in it only what an export
// wrote: what it does not know stays.
//
// Media inside the export are deleted only where a ledger proves that the same
// bytes have arrived elsewhere and the export's dataset names them no longer.
// Symbolic links are removed as links and never followed.
package clean

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// Options of a clean; with the zero value, a directory with media in it is
// refused.
type Options struct {
	// Ledgers holds the runs that can prove what has arrived.
	Ledgers *ledger.Dir
	// Dataset opens the export's dataset, to find out which media it names. It
	// is only called where there are media.
	Dataset func(ctx context.Context) (dataset.Updater, error)
	// Progress, if set, is told how many files have been deleted.
	Progress func(files int64)
}

// A Plan is what a clean is going to delete.
type Plan struct {
	// Files counts the files and links to delete, Media those of them that are
	// media; Bytes is what the files hold.
	Files, Media, Bytes int64
	// Unknown are the first of what is there, stays, and was not written by an
	// export, by paths below the directory; UnknownTotal counts all.
	Unknown      []string
	UnknownTotal int64

	dir   string // without symbolic links
	opts  Options
	proof proof
}

// A Report says what Execute did.
type Report struct {
	Files, Bytes int64
	// Gone: the directory itself was left empty and is deleted too.
	Gone bool
}

// ErrChanged says that a file is no longer what it was when the clean was planned.
var ErrChanged = errors.New("changed since the clean was planned")

// NewPlan looks at the export in dir. What is no export is
// dataset.ErrNotDataset; media that must not be deleted are a *dataset.Refusal.
// Nothing is deleted yet.
func NewPlan(ctx context.Context, dir string, opts Options) (*Plan, error) {
	if opts.Progress == nil {
		opts.Progress = func(int64) {}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding directory %q: %w", dir, err)
	}
	if err := recognise(abs); err != nil {
		return nil, err
	}
	p := &Plan{opts: opts}
	if p.dir, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, fmt.Errorf("finding directory: %w", err)
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the export: %w", err)
	}
	defer root.Close()
	if err := p.gather(ctx, root, abs); err != nil {
		return nil, err
	}
	return p, p.count(ctx, root)
}

// count walks over everything and refuses media that must stay.
func (p *Plan) count(ctx context.Context, root *os.Root) error {
	refusal := &dataset.Refusal{
		Reason: "media inside the export that must not be deleted",
		Hint:   "upload them with --update-filepaths first, or move them out of the export",
	}
	err := walk(ctx, root, func(e entry) error {
		switch e.kind {
		case unknown:
			p.UnknownTotal++
			if len(p.Unknown) < dataset.KeptProblems {
				p.Unknown = append(p.Unknown, e.path)
			}
			return nil
		case directory:
			return nil
		case media:
			if kind, why := p.proof.keeps(e); kind != "" {
				refusal.Add(dataset.Problem{Kind: kind, Path: filepath.Join(p.dir, filepath.FromSlash(e.path)), Hint: why})
				return nil
			}
			p.Media++
		}
		p.Files++
		p.Bytes += e.size()
		return nil
	})
	if err == nil && refusal.Total > 0 {
		return refusal
	}
	return err
}

// Execute deletes what the plan says: media first, then the documents,
// metadata.json last, so that a directory in which it was stopped is still an
// export and can be cleaned again. Directories go when they are empty. A file
// that came or changed since the plan was made ends it with ErrChanged.
func (p *Plan) Execute(ctx context.Context) (Report, error) {
	var r Report
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return r, fmt.Errorf("opening the export: %w", err)
	}
	defer root.Close()
	err = walk(ctx, root, func(e entry) error {
		switch e.kind {
		case unknown:
			return nil
		case directory:
			return removeEmpty(root, e.path)
		case media:
			if _, why := p.proof.keeps(e); why != "" {
				return fmt.Errorf("%q: %w: %s", e.path, ErrChanged, why)
			}
		}
		if err := root.Remove(filepath.FromSlash(e.path)); err != nil {
			return fmt.Errorf("cleaning: %w", err)
		}
		r.Bytes += e.size()
		if r.Files++; r.Files%100 == 0 {
			p.opts.Progress(r.Files)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	p.opts.Progress(r.Files)
	if left, err := fs.ReadDir(root.FS(), "."); err == nil && len(left) == 0 {
		r.Gone = os.Remove(p.dir) == nil // it may be a mount, or below a directory that is not ours: empty will do
	}
	return r, nil
}

func removeEmpty(root *os.Root, dir string) error {
	left, err := fs.ReadDir(root.FS(), dir)
	if err == nil && len(left) == 0 {
		err = root.Remove(filepath.FromSlash(dir))
	}
	if err != nil {
		return fmt.Errorf("cleaning: %w", err)
	}
	return nil
}
