package localfile

import "path/filepath"

// Roots are directories that files have to lie in once symbolic links are followed.
type Roots []string

// NewRoots follows the symbolic links of directories; empty names are skipped.
func NewRoots(dirs ...string) Roots {
	var roots Roots
	for _, dir := range dirs {
		if dir != "" {
			roots = append(roots, Real(dir))
		}
	}
	return roots
}

// Hold tells whether a file that is at where, as Real has it, lies in one of the
// directories.
func (r Roots) Hold(where string) bool {
	for _, root := range r {
		if rel, err := filepath.Rel(root, where); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// Real is where a path leads once symbolic links are followed. Of one that is not there, the directories that are
// count: a link among them leads where it leads.
func Real(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	rest := ""
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		if resolved, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(resolved, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
