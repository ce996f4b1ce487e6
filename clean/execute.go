package clean

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Execute deletes what the plan says: media first, then the documents,
// metadata.json last, so that a directory in which it was stopped is still an
// export and can be cleaned again. Directories go when they are empty. A file
// that came or changed since the plan was made stays, and ends it with ErrChanged:
// before anything is deleted, if it is seen by then.
func (p *Plan) Execute(ctx context.Context) (Report, error) {
	var r Report
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return r, fmt.Errorf("opening the export: %w", err)
	}
	defer root.Close()
	if err := walk(ctx, root, p.unchanged); err != nil {
		return r, err
	}
	err = walk(ctx, root, func(e entry) error {
		switch e.kind {
		case unknown:
			return nil
		case directory:
			return removeEmpty(root, e.path)
		}
		if err := p.remove(root, e); err != nil {
			return err
		}
		r.Bytes += e.size()
		if r.Files++; r.Files%100 == 0 {
			p.opts.Progress(Progress{Phase: "deleting", Files: r.Files, Total: p.Files, Bytes: r.Bytes})
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	p.opts.Progress(Progress{Phase: "deleting", Files: r.Files, Total: p.Files, Bytes: r.Bytes})
	if left, err := fs.ReadDir(root.FS(), "."); err == nil && len(left) == 0 {
		r.Gone = os.Remove(p.dir) == nil // it may be a mount, or below a directory that is not ours: empty will do
	}
	return r, nil
}

// unchanged fails unless e is as it was when its deletion was decided.
func (p *Plan) unchanged(e entry) error {
	if e.kind != media && e.kind != document {
		return nil
	}
	if _, same := p.seen[e.stamp()]; !same {
		return fmt.Errorf("%q: %w; it stays", e.path, ErrChanged)
	}
	return nil
}

// remove removes a file or a link, if it is still the one that was seen.
func (p *Plan) remove(root *os.Root, e entry) error {
	name := filepath.FromSlash(e.path)
	info, err := root.Lstat(name)
	if err != nil {
		return fmt.Errorf("cleaning: %w", err)
	}
	if err := p.unchanged(entry{kind: e.kind, path: e.path, info: info}); err != nil {
		return err
	}
	if err := root.Remove(name); err != nil {
		return fmt.Errorf("cleaning: %w", err)
	}
	return nil
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
