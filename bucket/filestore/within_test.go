package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// The target may be behind a link, which is its user's; no link below it leads what
// is written elsewhere.
func TestLinksLeadNowhere(t *testing.T) {
	top := t.TempDir()
	write(t, filepath.Join(top, "outside", "old"), "old")
	write(t, filepath.Join(top, "big", "target", "in", "x"), "x")
	for link, to := range map[string]string{"alias": "big/target", "big/target/out": "../../outside", "big/target/absolute": filepath.Join(top, "outside"), "big/target/within": "in"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(top, link)); err != nil {
			t.Skip(err)
		}
	}
	s := New(top).Below("alias")
	for key, want := range map[string]error{
		"alias/a": nil, "alias/b/c": nil, "alias/in/y": nil, "alias/within/z": nil, "alias/out/new": bucket.ErrDenied, "alias/out/deep/new": bucket.ErrDenied,
		"alias/absolute/new": bucket.ErrDenied, "other/x": bucket.ErrKey, "alias2/x": bucket.ErrKey,
	} {
		for _, cond := range []bucket.Condition{{}, {Overwrite: true}} {
			if _, err := s.Put(t.Context(), key, buckettest.Source([]byte("new")), cond); !errors.Is(err, want) && !errors.Is(err, bucket.ErrExists) {
				t.Errorf("%s: %v, want %v", key, err, want)
			}
		}
	}
	if err := s.Delete(t.Context(), "alias/out/old"); err == nil {
		t.Error("deleted through a link")
	}
	content(t, filepath.Join(top, "outside", "old"), "old")
	content(t, filepath.Join(top, "big", "target", "in", "z"), "new")
	for dir, want := range map[string]int{"outside": 1, ".": 3} {
		if entries, err := os.ReadDir(filepath.Join(top, dir)); err != nil || len(entries) != want {
			t.Errorf("%s holds %v, %v", dir, entries, err)
		}
	}
	leftovers(t, top)
}
