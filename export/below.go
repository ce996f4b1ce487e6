package export

import (
	"path/filepath"
	"strings"
)

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
