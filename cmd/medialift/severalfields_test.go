package main

import (
	"slices"
	"testing"

	"github.com/medialift/medialift/internal/testexport"
)

// A field that one of several datasets lacks keeps the rest of it from nothing.
func TestSeveralFields(t *testing.T) {
	image, video := testexport.Copy(t, "image"), testexport.Copy(t, "video")
	m := newTool(t, "MEDIALIFT_JSON=1", "HOME="+t.TempDir(), "FIFTYONE_DATABASE_URI=")
	for _, c := range []struct {
		flags   []string
		objects int64 // of both
	}{
		{[]string{"--media-field", "filepath"}, m.run(exitDone, "upload", image.Dir, t.TempDir(), "--media-field", "filepath").Counts.Objects +
			m.run(exitDone, "upload", video.Dir, t.TempDir(), "--media-field", "filepath").Counts.Objects},
		{[]string{"--media-field", "filepath", "--media-field", "thumbnail"}, m.run(exitDone, "upload", image.Dir, t.TempDir(), "--media-field", "filepath", "--media-field", "thumbnail").Counts.Objects +
			m.run(exitDone, "upload", video.Dir, t.TempDir(), "--media-field", "filepath").Counts.Objects},
		{[]string{"--leave-field", "thumbnail"}, m.run(exitDone, "upload", image.Dir, t.TempDir(), "--leave-field", "thumbnail").Counts.Objects +
			m.run(exitDone, "upload", video.Dir, t.TempDir()).Counts.Objects},
	} {
		args := slices.Concat([]string{"upload", image.Dir, video.Dir, t.TempDir() + "/{dataset}"}, c.flags)
		if doc := m.run(exitDone, args...); doc.Counts.Objects != c.objects || c.objects == 0 {
			t.Errorf("%q: %d objects, want %d", c.flags, doc.Counts.Objects, c.objects)
		}
	}
}
