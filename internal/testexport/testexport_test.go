package testexport

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every path that an export names must be a file of its copy, or the tests that
// use the copy test less than they seem to.
func TestCopyNamesFiles(t *testing.T) {
	want := map[string]int{
		"duplicates": 12, "group": 16, "group-local": 16,
		"image": 41, "image-dirs": 41, "image-local": 41, "image-reldir": 41, "legacy-v1": 41,
		"video": 22, "video-dirs": 22, "video-local": 22,
	}
	if got := Names(t); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("exports are %v", got)
	}
	for name, count := range want {
		t.Run(name, func(t *testing.T) {
			copied := Copy(t, name)
			paths := mediaPaths(t, copied.Dir)
			if len(paths) != count {
				t.Errorf("names %d media, want %d", len(paths), count)
			}
			for _, path := range paths {
				if !filepath.IsAbs(path) {
					path = filepath.Join(copied.Dir, path)
				}
				if _, err := os.Stat(path); err != nil {
					t.Error(err)
				}
				if strings.HasPrefix(path, Root) {
					t.Errorf("%q still stands for the media", path)
				}
			}
		})
	}
}

func mediaPaths(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"samples.json", "frames.json", "samples/*.json", "frames/*.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// Legacy JSON has bare numbers that the standard decoder refuses.
			text := strings.NewReplacer(": NaN", ": 0", "[NaN, NaN]", "[0, 0]", "Infinity", "0").Replace(string(content))
			var document any
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			paths = collect(document, paths)
		}
	}
	return paths
}

func collect(value any, paths []string) []string {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			path, isText := value[key].(string)
			if isText && slices.Contains([]string{"filepath", "thumbnail", "poster", "mask_path", "map_path"}, key) {
				paths = append(paths, path)
			} else {
				paths = collect(value[key], paths)
			}
		}
	case []any:
		for _, inner := range value {
			paths = collect(inner, paths)
		}
	}
	return paths
}
