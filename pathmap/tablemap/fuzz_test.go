package tablemap_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/pathmap/tablemap"
)

// FuzzTable: what was written into a table is what it answers, and nothing else.
func FuzzTable(f *testing.F) {
	f.Add("/a", "s3://b/a", "/c", "s3://b/c", "/x")
	f.Add("a,\"b\"\n", "é", "a", "b", "a,\"b\"")
	f.Add("same", "1", "same", "1", "other")
	f.Add("same", "1", "same", "2", "other")
	f.Fuzz(func(t *testing.T, from1, to1, from2, to2, other string) {
		for _, s := range []string{from1, to1, from2, to2} {
			if s == "" || strings.Contains(s, "\r") { // CSV has one line break only
				t.Skip()
			}
		}
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		if err := w.WriteAll([][]string{{"from", "to"}, {from1, to1}, {from2, to2}}); err != nil {
			t.Fatal(err)
		}
		m, err := tablemap.Read(&text, tablemap.Options{})
		if from1 == from2 && to1 != to2 {
			if err == nil {
				t.Fatalf("%q has two answers", from1)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		want := map[string]string{from1: to1, from2: to2}
		for _, path := range []string{from1, from2, other} {
			if len(other) > 2 && other[1] == ':' && path == other {
				continue // a drive has more than one spelling
			}
			got, err := m.Map(t.Context(), pathmap.Path{Path: path})
			if got != want[path] || (want[path] == "") != errors.Is(err, pathmap.ErrNoAnswer) {
				t.Fatalf("%q: %q, %v, want %q", path, got, err, want[path])
			}
		}
	})
}
