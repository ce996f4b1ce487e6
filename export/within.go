package export

import (
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/localfile"
)

// A within tells which stored paths are below a directory, by their text or once
// symbolic links are followed.
type within struct {
	dirs []string // the directory, and what it is without symbolic links
	seen map[string]bool
}

// rememberedDirs bounds the memory that directories of paths take.
const rememberedDirs = 10_000

func newWithin(dir string) *within {
	w := &within{dirs: []string{dir}, seen: map[string]bool{}}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil && resolved != dir {
		w.dirs = append(w.dirs, resolved)
	}
	return w
}

func (w *within) holds(stored string) bool {
	if !filepath.IsAbs(stored) || localfile.IsRemote(stored) {
		return false
	}
	stored = filepath.Clean(stored)
	if w.below(stored) {
		return true
	}
	dir := filepath.Dir(stored)
	below, known := w.seen[dir]
	if !known {
		resolved, err := filepath.EvalSymlinks(dir)
		below = err == nil && w.below(filepath.Join(resolved, "x"))
		if len(w.seen) >= rememberedDirs {
			clear(w.seen)
		}
		w.seen[dir] = below
	}
	return below
}

func (w *within) below(path string) bool {
	for _, dir := range w.dirs {
		if _, inside := below(dir, path); inside {
			return true
		}
	}
	return false
}

// below is the path of a file from a directory, if it is inside, by whole
// elements.
func below(dir, file string) (rel string, inside bool) {
	if !filepath.IsAbs(file) {
		return "", false
	}
	rel, err := filepath.Rel(dir, filepath.Clean(file))
	if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}
