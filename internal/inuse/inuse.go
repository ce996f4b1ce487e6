// Package inuse finds out which files below a directory a dataset names: by their
// own paths, through symbolic links and other mounts, in another Unicode form, or
// because a 3D scene that it names needs them.
package inuse

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
)

// A Named is a dataset that may name files.
type Named struct {
	// Name is what people know it by.
	Name string
	// Dataset is a dataset.Updater, the rows of which are asked for, or else a
	// dataset.Source.
	Dataset Manifester
	// Dir is what its relative paths are relative to: the directory of an export.
	// Without one they name nothing.
	Dir string
}

// A Manifester is what a dataset.Updater and a dataset.Source have in common.
type Manifester interface {
	Manifest(ctx context.Context) (dataset.Manifest, error)
}

// A Use is one way in which a dataset names a file, a link or a directory below a
// Dir.
type Use struct {
	// Rel is the path below the directory, with slashes.
	Rel string
	// Row holds the value that names it.
	Row dataset.Row
	// Scene tells that a 3D scene which the value names needs it.
	Scene bool
}

// Uses calls use for everything below d that a dataset names, also in the copies
// that FiftyOne keeps behind its views. One thing may be used many times.
func (d *Dir) Uses(ctx context.Context, n Named, use func(Use) error) error {
	manifest, err := n.Dataset.Manifest(ctx)
	if err != nil {
		return err
	}
	finder, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		return err
	}
	l := looker{dir: d, use: use, base: n.Dir, searched: map[searched]struct{}{}}
	if n.Dir != "" {
		if l.resolver, err = localfile.New(n.Dir, nil); err != nil {
			return err
		}
	}
	parts := dataset.MediaParts()
	if deriver, ok := n.Dataset.(dataset.Deriver); ok {
		derived, err := deriver.Derived(ctx)
		if err != nil {
			return err
		}
		parts = append(parts, derived...)
	}
	for _, part := range parts {
		for row, err := range rows(ctx, n.Dataset, part, finder) {
			if err != nil {
				return fmt.Errorf("reading %s: %w", part, err)
			}
			if err := l.look(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows are the media values of a part.
func rows(ctx context.Context, of Manifester, part dataset.Part, finder *dataset.Finder) iter.Seq2[dataset.Row, error] {
	switch d := of.(type) {
	case dataset.Updater:
		return d.Rows(ctx, part, finder)
	case dataset.Source:
		return func(yield func(dataset.Row, error) bool) {
			for doc, err := range d.Documents(ctx, part) {
				var found []dataset.Found
				if err == nil {
					found, err = finder.Find(part, doc)
				}
				if err != nil {
					yield(dataset.Row{}, err)
					return
				}
				for _, f := range found {
					if !yield(dataset.Row{Part: part, ID: doc.Lookup("_id"), Found: f}, nil) {
						return
					}
				}
			}
		}
	}
	return func(yield func(dataset.Row, error) bool) {
		yield(dataset.Row{}, fmt.Errorf("%T gives no documents", of))
	}
}

// A looker goes through the rows of one dataset.
type looker struct {
	dir      *Dir
	use      func(Use) error
	base     string
	resolver localfile.Resolver
	searched map[searched]struct{} // files of scenes
}

// look finds out what one value names.
func (l *looker) look(row dataset.Row) error {
	stored := strings.TrimPrefix(row.Value, "file://")
	if row.Missing || stored == "" || localfile.IsRemote(stored) || localfile.IsForeign(stored) {
		return nil
	}
	file := filepath.FromSlash(stored)
	if !filepath.IsAbs(file) {
		if l.base == "" {
			return nil
		}
		file = l.base + string(filepath.Separator) + file
	}
	there, err := l.name(file, row, false)
	if err != nil {
		return err
	}
	if !there {
		// It may be there in another Unicode form.
		if found, err := l.resolver.Resolve(stored); err == nil {
			file = found.Path
			if _, err := l.name(file, row, false); err != nil {
				return err
			}
		}
	}
	return l.scene(file, row)
}

// name reports what of d a path leads through, and whether anything is there.
func (l *looker) name(file string, row dataset.Row, scene bool) (there bool, err error) {
	list, there := l.dir.through(file)
	for _, rel := range list {
		if err := l.use(Use{Rel: rel, Row: row, Scene: scene}); err != nil {
			return there, err
		}
	}
	return there, nil
}
