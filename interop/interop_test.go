//go:build interop

package interop

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each export is one that FiftyOne made of a fresh dataset; media is how many it
// names, masks how many of them FiftyOne's API opens as masks or maps.
func TestUpload(t *testing.T) {
	fiftyone := start(t)
	made := t.TempDir()
	fiftyone.run(t, "make", made)
	for _, test := range []struct {
		export string
		media  int
		masks  int
		flags  []string
	}{
		{"image", 41, 30, nil},
		{"image-local", 41, 30, nil},
		{"image-dirs", 41, 30, nil},
		{"video", 22, 9, nil},
		{"video-local", 22, 9, nil},
		{"video-dirs", 22, 9, nil},
		{"group", 16, 4, []string{"--missing", "keep"}}, // FiftyOne leaves textures behind
		{"group-dirs", 16, 4, nil},
		{"duplicates", 12, 6, nil},
		{"duplicates-local", 12, 6, nil},
	} {
		t.Run(test.export, func(t *testing.T) {
			export := filepath.Join(made, "exports", test.export)
			before := fiftyone.describe(t, export)
			if len(before.Paths) != test.media || before.Masks != test.masks {
				t.Fatalf("before, FiftyOne finds %d media and opens %d masks, want %d and %d",
					len(before.Paths), before.Masks, test.media, test.masks)
			}
			original := documentsOf(t, export)
			target := filepath.Join(t.TempDir(), "target")
			state := t.TempDir()

			medialift(t, state, append([]string{"upload", export, target, "--update-filepaths"}, test.flags...)...)
			after := fiftyone.describe(t, export)
			sameDescription(t, before, after)
			if len(before.Assets) != len(after.Assets) || strings.HasPrefix(test.export, "group") == (len(after.Assets) == 0) {
				t.Errorf("FiftyOne finds %d assets of scenes before, %d after", len(before.Assets), len(after.Assets))
			}
			for _, path := range slices.Concat(after.Paths, after.Assets) {
				if !strings.HasPrefix(path, target+string(filepath.Separator)) {
					t.Errorf("path %q is not below the target %q", path, target)
				}
			}

			medialift(t, state, "undo", lastRun(t, state))
			sameDocuments(t, original, documentsOf(t, export))
		})
	}
}

// sameDescription fails where FiftyOne finds other documents after than before.
func sameDescription(t *testing.T, before, after description) {
	t.Helper()
	if before.MediaType != after.MediaType || before.Masks != after.Masks || len(before.Paths) != len(after.Paths) {
		t.Errorf("media type, masks opened, media named: %s, %d, %d before; %s, %d, %d after",
			before.MediaType, before.Masks, len(before.Paths), after.MediaType, after.Masks, len(after.Paths))
	}
	for _, part := range []struct {
		name          string
		before, after []string
	}{{"samples", before.Samples, after.Samples}, {"frames", before.Frames, after.Frames}} {
		if len(part.before) != len(part.after) {
			t.Errorf("%d %s before, %d after", len(part.before), part.name, len(part.after))
			continue
		}
		for i := range part.before {
			if part.before[i] != part.after[i] {
				t.Errorf("one of the %s changed\nbefore %s\nafter  %s", part.name, part.before[i], part.after[i])
			}
		}
	}
}

// documentsOf reads the JSON files of an export.
func documentsOf(t *testing.T, export string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{"*.json", "samples/*.json", "frames/*.json"} {
		names, err := filepath.Glob(filepath.Join(export, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if files[name], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

func sameDocuments(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	for name, content := range got {
		if !bytes.Equal(content, want[name]) {
			t.Errorf("after undo, %s is not what FiftyOne wrote", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("after undo there are %d JSON files, %d before: %v", len(got), len(want), slices.Sorted(maps.Keys(got)))
	}
}
