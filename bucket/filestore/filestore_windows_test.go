package filestore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// Windows would make something else of these names, and say nothing.
func TestWindowsKeys(t *testing.T) {
	s := New(t.TempDir())
	for _, key := range []string{"a:b", `a\b`, `..\x`, "a.", "a./b", "what?", "x/con", "nul", "COM1.txt"} {
		if _, err := s.Put(context.Background(), key, buckettest.Source(nil), bucket.Condition{}); !errors.Is(err, bucket.ErrKey) {
			t.Errorf("%q: %v, want that it is no key", key, err)
		}
	}
	if strings.Contains(s.Naming().Base, `\`) {
		t.Errorf("what is written starts with %q", s.Naming().Base)
	}
}
