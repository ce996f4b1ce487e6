package importer

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/localfile"
)

// A relative path that is not refused becomes one below the directory.
func FuzzAbsolute(f *testing.F) {
	for _, stored := range []string{"data/1.png", "../x", "a/../../x", `..\..\x`, `a\..\..\x`, "..", ".", "./..", "a/..", "//etc", "..%2fx", "...", "..a/b", "a/./../..//x", "\x00/../.."} {
		f.Add("filepath", stored)
		f.Add("thumb", stored)
	}
	f.Fuzz(func(t *testing.T, field, stored string) {
		if stored == "" || localfile.IsAbsolute(stored) || leadsOut(stored) {
			return
		}
		for _, dir := range []string{"/data/export", "s3://media/export"} {
			a := &Absolute{dir: dir, all: true}
			_, to, _ := strings.Cut(a.path(field, stored), "://")
			if to == "" {
				to = a.path(field, stored)
			}
			_, root, _ := strings.Cut(dir, "://")
			if root == "" {
				root = dir
			}
			for _, spelled := range []string{to, strings.ReplaceAll(to, `\`, "/")} {
				clean := path.Clean(spelled)
				if rel, err := filepath.Rel(root, clean); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
					t.Errorf("%s %q becomes %q, outside of %s", field, stored, spelled, dir)
				}
			}
		}
	})
}
