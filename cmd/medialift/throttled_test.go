package main

import (
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// Commands that only look wait for a store that asks to slow down.
func TestLookingWaits(t *testing.T) {
	c := clouds()["s3"](t)
	var slow atomic.Int64
	m := newTool(t, inFrontOf(t, c.endpoint, c.environ, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead && r.Method != http.MethodGet || slow.Add(-1) < 0 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})...)
	dir := t.TempDir()
	writeLarge(t, dir, 1000)
	export := filepath.Join(dir, "export")
	const times = 4 // more than failures of other kinds are tried again
	for _, args := range [][]string{
		{"doctor", c.target + "/x", "--read-only"},
		{"upload", export, c.target + "/x"},
		{"rewrite", export, "--map", "prefix:" + filepath.Dir(imagePath(dir, 0)) + "=" + c.target + "/x", "--check"},
		{"verify", export},
	} {
		slow.Store(times)
		m.run(0, args...)
		if left := slow.Load(); left > 0 {
			t.Errorf("%s asked %d times to no avail, want %d", args[0], times-left, times)
		}
	}
}
