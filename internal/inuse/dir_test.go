package inuse

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Whatever a path leads through below the directory is found: links on the way, and
// the end of it.
func TestThrough(t *testing.T) {
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(rel string) string { return filepath.Join(work, filepath.FromSlash(rel)) }
	for _, dir := range []string{"x/data/sub", "o", "far"} {
		if err := os.MkdirAll(at(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"x/data/1.jpg", "x/data/sub/2.jpg", "far/3.jpg", "o/4.jpg"} {
		if err := os.WriteFile(at(file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"alias": "x", "o/dir": "../x/data", "o/file": at("x/data/1.jpg"), "x/data/out": at("far"), "x/data/leaf": "../../far/3.jpg",
		"o/chain": "dir/leaf", "o/loop": "loop", "x/data/a": "b", "x/data/b": "a", "o/broken": at("x/data/none"),
	} {
		if err := os.Symlink(target, at(link)); err != nil {
			t.Skip(err)
		}
	}
	d, err := NewDir(at("alias"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path  string
		there bool
		want  []string
	}{
		{"x/data/1.jpg", true, []string{"data/1.jpg"}},
		{"alias/data/1.jpg", true, []string{"data/1.jpg"}},
		{"alias/data/none", false, []string{"data/none"}},
		{"o/4.jpg", true, nil},
		{"o/dir/1.jpg", true, []string{"data/1.jpg"}},
		{"o/dir/sub/2.jpg", true, []string{"data/sub/2.jpg"}},
		{"o/file", true, []string{"data/1.jpg"}},
		{"o/dir/out/3.jpg", true, []string{"data/out"}},
		{"x/data/out/3.jpg", true, []string{"data/out", "data/out/3.jpg"}},
		{"o/chain", true, []string{"data/leaf"}},
		{"o/broken", false, []string{"data/none"}},
		{"o/loop", false, nil},
		{"x/data/a", false, []string{"data/a", "data/b"}},
		{"x", true, nil},
	} {
		got, there := d.through(at(tt.path))
		if there != tt.there || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q, %v", tt.path, got, there, tt.want, tt.there)
		}
	}
	// ".." behind a link is the parent of what the link leads to.
	if got, _ := d.through(at("o/dir") + "/../data/1.jpg"); !slices.Contains(got, "data/1.jpg") {
		t.Errorf("%q", got)
	}
	if !d.Is(at("x")) || d.Is(at("o")) || d.Is(at("none")) || !d.Inside(at("o/dir/1.jpg")) || d.Inside(at("o/4.jpg")) {
		t.Error("inside is wrong")
	}
}
