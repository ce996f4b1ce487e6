package clean

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/scene"
)

// assets notes as named what 3D scenes need that the dataset names.
type assets struct {
	proof    *proof
	resolver localfile.Resolver
	searched map[digest]struct{}
}

// name notes what a file names, and what those name in turn. A file that is
// there and cannot be searched is an error: what it needs is not known.
func (a assets) name(file string, kind scene.Kind) error {
	key := digestOf(string(kind) + "\x00" + file)
	if _, done := a.searched[key]; done {
		return nil
	}
	a.searched[key] = struct{}{}
	open := func(path string) (io.ReadCloser, error) { return os.Open(path) }
	list, err := scene.References(open, file, kind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding out which media a 3D scene needs: %w", err)
	}
	for _, named := range list {
		a.proof.name(named.Path)
		at := named.Path
		if found, err := a.resolver.Resolve(at); err == nil {
			at = found.Path
			a.proof.name(at)
		}
		if named.Kind == scene.Opaque {
			continue
		}
		if err := a.name(at, named.Kind); err != nil {
			return err
		}
	}
	return nil
}
