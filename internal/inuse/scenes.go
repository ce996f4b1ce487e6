package inuse

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// A searched is a file that was searched for references.
type searched struct {
	path string
	kind scene.Kind
}

// scene reports what a file needs, if it is a 3D scene.
func (l *looker) scene(file string, row dataset.Row) error {
	if !strings.EqualFold(filepath.Ext(file), ".fo3d") {
		return nil
	}
	return l.search(file, scene.Document, row)
}

// search reports what a file names, and what those name in turn. A file that is
// there and cannot be searched is an error: what it needs is not known.
func (l *looker) search(file string, kind scene.Kind, row dataset.Row) error {
	key := searched{file, kind}
	if _, done := l.searched[key]; done {
		return nil
	}
	l.searched[key] = struct{}{}
	list, err := scene.References(func(path string) (io.ReadCloser, error) { return localfile.Open(path) }, file, kind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding out which media a 3D scene needs: %w", err)
	}
	for _, named := range list {
		at := named.Path
		there, err := l.name(at, row, true)
		if err != nil {
			return err
		}
		if !there {
			found, err := l.resolver.Resolve(at)
			if err != nil {
				continue
			}
			at = found.Path
			if _, err := l.name(at, row, true); err != nil {
				return err
			}
		}
		if named.Kind == scene.Opaque {
			continue
		}
		if err := l.search(at, named.Kind, row); err != nil {
			return err
		}
	}
	return nil
}
