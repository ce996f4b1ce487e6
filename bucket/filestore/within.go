package filestore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// A within is a file below the directory that nothing that is written leaves.
type within struct {
	root *os.Root
	name string
}

func (w within) path() string { return filepath.Join(w.root.Name(), w.name) }

// beside is another file of the same directory.
func (w within) beside(name string) within {
	return within{w.root, filepath.Join(filepath.Dir(w.name), name)}
}

// enter opens the directory that path is in; the caller closes the root.
func (s *Store) enter(path string) (within, error) {
	name, err := filepath.Rel(s.top, path)
	if err != nil || !filepath.IsLocal(name) {
		return within{}, fmt.Errorf("%w: %q is not below %q", bucket.ErrKey, path, s.top)
	}
	root, err := os.OpenRoot(s.top)
	if err != nil {
		return within{}, err
	}
	return within{root, name}, nil
}

// leadsOut tells the error of an os.Root for a symbolic link that leads out of it.
func leadsOut(err error) bool {
	return err != nil && strings.HasSuffix(err.Error(), "path escapes from parent") // it has no name of its own
}
