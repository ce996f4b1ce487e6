package dirstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

// changes makes one change of each row, and one that undoes it.
func changes(list []dataset.Row, f func(string) string) (there, back []dataset.Change) {
	for _, r := range list {
		there = append(there, dataset.Change{Part: r.Part, ID: r.ID, Sets: []dataset.Set{{At: r.At, Old: r.Value, New: f(r.Value)}}})
		back = append(back, dataset.Change{Part: r.Part, ID: r.ID,
			Sets: []dataset.Set{{At: r.At, Old: f(r.Value), New: r.Value, Spelling: r.Spelling}}})
	}
	return merge(there), merge(back)
}

// merge joins the changes of a document, which stand next to one another.
func merge(list []dataset.Change) (out []dataset.Change) {
	for _, c := range list {
		if n := len(out) - 1; n >= 0 && out[n].Part == c.Part && out[n].ID.Equal(c.ID) && out[n].Sets[0].At != c.Sets[0].At {
			out[n].Sets = append(out[n].Sets, c.Sets...)
			continue
		}
		out = append(out, c)
	}
	return out
}

func clouded(path string) string { return "s3://b" + path }

// outcomes runs the changes and returns the statuses in their order.
func outcomes(s *Store, list []dataset.Change) (statuses []dataset.Status, err error) {
	for o, err := range s.Update(context.Background(), slices.Values(list)) {
		if err != nil {
			return statuses, err
		}
		statuses = append(statuses, o.Status)
	}
	return statuses, nil
}

func allChanged(t *testing.T, s *Store, list []dataset.Change) {
	t.Helper()
	statuses, err := outcomes(s, list)
	if err != nil {
		t.Fatal(err)
	}
	if len(statuses) != len(list) {
		t.Errorf("%d outcomes of %d changes", len(statuses), len(list))
	}
	for i, status := range statuses {
		if status != dataset.Changed {
			t.Errorf("outcome %d: %v", i, status)
		}
	}
}

// TestByteIdentity: a change replaces its tokens and nothing else, and undoing
// it restores every byte.
func TestByteIdentity(t *testing.T) {
	tests := []struct{ name, file, before, after string }{
		{"plain", "samples.json", `{"samples": [{"_id": 1, "filepath": "/a"},{"_id": 2, "filepath": "/b"}]}`,
			`{"samples": [{"_id": 1, "filepath": "s3://b/a"},{"_id": 2, "filepath": "s3://b/b"}]}`},
		{"pretty", "samples.json", "{\r\n  \"info\": [{\"filepath\": \"/a\"}],\r\n  \"samples\" : [\r\n    {\r\n\t\"filepath\" : \"/a\" ,\r\n \"_id\": 1}\r\n ,\r\n{\"_id\":2 }],\"x\":\"/a\"\r\n}\r\n",
			"{\r\n  \"info\": [{\"filepath\": \"/a\"}],\r\n  \"samples\" : [\r\n    {\r\n\t\"filepath\" : \"s3://b/a\" ,\r\n \"_id\": 1}\r\n ,\r\n{\"_id\":2 }],\"x\":\"/a\"\r\n}\r\n"},
		{"spellings", "samples.json", `{"samples": [{"_id": 1, "filepath": "\/\u00E9é\u0041", "o": "\/\u00E9é\u0041"},{"_id": 1.0, "filepath": "/\ud83d\ude00"}]}`,
			`{"samples": [{"_id": 1, "filepath": "s3://b/\u00e9\u00e9A", "o": "\/\u00E9é\u0041"},{"_id": 1.0, "filepath": "s3://b/\ud83d\ude00"}]}`},
		{"values", "samples.json", `{"samples": [{"_id": {"$numberLong": "1"}, "a": [1e5, NaN, {"$date": 5}, 1E+2], "a": 1, "filepath": "/a", "filepath2": "/a"}]}`,
			`{"samples": [{"_id": {"$numberLong": "1"}, "a": [1e5, NaN, {"$date": 5}, 1E+2], "a": 1, "filepath": "s3://b/a", "filepath2": "/a"}]}`},
		{"equal ids", "samples.json", `{"samples": [{"_id": 1, "filepath": "/a"},{"_id": 2, "filepath": "/x"},{"_id": 1, "filepath": "/b"}]}`,
			`{"samples": [{"_id": 1, "filepath": "s3://b/a"},{"_id": 2, "filepath": "s3://b/x"},{"_id": 1, "filepath": "s3://b/b"}]}`},
		{"masks", "samples.json", `{"samples": [{"_id": 1, "filepath": "/a", "d": [{"mask_path": "/m"}, {"mask_path": null}, {"mask_path": "/n\/"}]}]}`,
			`{"samples": [{"_id": 1, "filepath": "s3://b/a", "d": [{"mask_path": "s3://b/m"}, {"mask_path": null}, {"mask_path": "s3://b/n/"}]}]}`},
		{"directory", "samples/1.json", "\r\n{\"filepath\":\"\\/a\",\r\n\"_id\":1}\r\n\r\n", "\r\n{\"filepath\":\"s3://b/a\",\r\n\"_id\":1}\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"metadata.json": metadata, tt.file: tt.before, "other.txt": "x", "samples/9.txt": "y"}
			dir := write(t, files)
			s := open(t, dir)
			there, back := changes(datasettest.Rows(t, s), clouded)
			allChanged(t, s, there)
			if got := read(t, dir)[tt.file]; got != tt.after {
				t.Errorf("changed:\ngot  %s\nwant %s", got, tt.after)
			}
			if statuses, err := outcomes(s, there); err != nil || slices.Contains(statuses, dataset.Changed) {
				t.Errorf("again: %v, %v", statuses, err)
			}
			allChanged(t, s, back)
			if got := read(t, dir); !maps.Equal(got, files) {
				t.Errorf("undone:\ngot  %q\nwant %q", got, files)
			}
		})
	}
}

// TestExports changes and undoes what real FiftyOne exported.
func TestExports(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/exports/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want := read(t, dir)
			copied := write(t, want)
			s, err := Open(copied)
			if errors.Is(err, dataset.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			list := datasettest.Rows(t, s)
			there, back := changes(list, func(path string) string { return "s3://b/" + path })
			allChanged(t, s, there)
			for i, row := range datasettest.Rows(t, s) {
				if row.Value != "s3://b/"+list[i].Value || row.At != list[i].At || !row.ID.Equal(list[i].ID) {
					t.Errorf("row %d: got %+v of %+v", i, row, list[i])
				}
			}
			allChanged(t, s, back)
			if got := read(t, copied); !maps.Equal(got, want) {
				t.Error("undoing does not restore the directory")
			}
			w, err := Create(filepath.Join(t.TempDir(), "copy"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := dataset.Copy(context.Background(), w, s); err != nil {
				t.Fatal(err)
			}
			got := read(t, w.dir)
			for name, text := range want {
				if other, ok := got[name]; ok && !equalJSON(text, other) {
					t.Errorf("%s is not copied byte for byte", name)
				}
			}
		})
	}
}

// equalJSON tells whether a copy is equal byte for byte, or, as legacy files
// cannot be, is at least some JSON.
func equalJSON(a, b string) bool {
	return a == b || strings.Contains(a, `"$date": 1`) && json.Valid([]byte(b))
}

func TestNothingToDo(t *testing.T) {
	dir := write(t, map[string]string{"metadata.json": metadata, "samples.json": `{"samples": [{"_id": 1, "filepath": "/a"},{"_id": 2, "filepath": "/b", "filepath": "/b"}]}`})
	s := open(t, dir)
	path := filepath.Join(dir, "samples.json")
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	list := datasettest.Rows(t, s)
	already, _ := changes(list[:1], func(string) string { return "/a" })
	conflict, _ := changes(list[:1], clouded)
	conflict[0].Sets[0].Old = "/z"
	twice, _ := changes(list[1:2], clouded)
	got, err := outcomes(s, slices.Concat(already, conflict, twice))
	if want := []dataset.Status{dataset.Already, dataset.Conflict, dataset.NotFound}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(long) {
		t.Errorf("the file was rewritten: %v", err)
	}
}

func TestPermissionsAndLinks(t *testing.T) {
	dir := write(t, map[string]string{"metadata.json": metadata, "real.json": `{"samples": [{"_id": 1, "filepath": "/a"}]}`,
		"samples.json.medialift-tmp-123": "left by a killed run"})
	if err := os.Chmod(filepath.Join(dir, "real.json"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.json", filepath.Join(dir, "samples.json")); err != nil {
		t.Skip(err)
	}
	s := open(t, dir)
	there, _ := changes(datasettest.Rows(t, s), clouded)
	allChanged(t, s, there)
	info, err := os.Lstat(filepath.Join(dir, "samples.json"))
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	info, err = os.Stat(filepath.Join(dir, "real.json"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions: %v, %v", info, err)
	}
	if got := read(t, dir); len(got) != 3 {
		t.Errorf("files: %v", slices.Collect(maps.Keys(got)))
	}
}

func many(n int) string {
	var b strings.Builder
	b.WriteString(`{"samples": [`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"_id": %d, "filepath": "/data/%d"}`, i, i)
	}
	b.WriteString("]}")
	return b.String()
}

// TestInterrupted: whatever goes wrong on the way, the directory is as before.
func TestInterrupted(t *testing.T) {
	broken := many(50)
	broken = broken[:len(broken)-20]
	tests := []struct {
		name, text string
		want       error
		during     func(t *testing.T, n int, path string, cancel func()) (leave bool)
	}{
		{"truncated file", broken, dataset.ErrMalformed, nil},
		{"cancelled", many(50), context.Canceled, func(_ *testing.T, n int, _ string, cancel func()) bool { cancel(); return false }},
		{"left", many(50), nil, func(_ *testing.T, n int, _ string, _ func()) bool { return n == 30 }},
		{"left at the end", many(50), nil, func(_ *testing.T, n int, _ string, _ func()) bool { return n == 50 }},
		{"touched", many(50), ErrChanged, func(t *testing.T, n int, path string, _ func()) bool {
			if now := time.Now().Add(time.Hour); n == 50 {
				if err := os.Chtimes(path, now, now); err != nil {
					t.Error(err)
				}
			}
			return false
		}},
		{"replaced", many(50), ErrChanged, func(t *testing.T, n int, path string, _ func()) bool {
			if n == 50 {
				text, err := os.ReadFile(path)
				err = errors.Join(err, os.WriteFile(path+"2", text, 0o666), os.Rename(path+"2", path))
				if err != nil {
					t.Error(err)
				}
			}
			return false
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"metadata.json": metadata, "samples.json": many(50)}
			list := datasettest.Rows(t, open(t, write(t, files)))
			files["samples.json"] = tt.text
			dir := write(t, files)
			there, _ := changes(list, clouded)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n := 0
			var last error
			for _, err := range open(t, dir).Update(ctx, slices.Values(there)) {
				if last = err; err != nil {
					continue
				}
				if n++; tt.during != nil && tt.during(t, n, filepath.Join(dir, "samples.json"), cancel) {
					break
				}
			}
			if !errors.Is(last, tt.want) {
				t.Errorf("got %v", last)
			}
			if got := read(t, dir); !maps.Equal(got, files) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestBadSets(t *testing.T) {
	for _, sets := range [][]dataset.Set{
		{{At: "/filepath", Old: "/data/0", New: "x", Spelling: `"y"`}},
		{{At: "/filepath", Old: "/data/0", New: "x", Spelling: `x`}},
		{{At: "/filepath", Old: "/data/0", New: "\xff"}},
		{{At: "/filepath", Old: "/data/0", New: "x"}, {At: "/filepath", Old: "/data/0", New: "y"}},
	} {
		files := map[string]string{"metadata.json": metadata, "samples.json": many(2)}
		dir := write(t, files)
		s := open(t, dir)
		change := dataset.Change{Part: dataset.Samples, ID: datasettest.Rows(t, s)[0].ID, Sets: sets}
		if got, err := outcomes(s, []dataset.Change{change}); err == nil {
			t.Errorf("%v: got %v", sets, got)
		}
		if got := read(t, dir); !maps.Equal(got, files) {
			t.Errorf("%v: got %q", sets, got)
		}
	}
}

// TestPartsAreDoneInTurn: samples are in place before frames are asked for.
func TestPartsAreDoneInTurn(t *testing.T) {
	dir := write(t, map[string]string{"metadata.json": metadata, "samples.json": many(3),
		"frames.json": `{"frames": [{"_id": 1, "seg": {"mask_path": "/f"}}]}`})
	s := open(t, dir)
	there, _ := changes(datasettest.Rows(t, s), clouded)
	asked := func() iter.Seq[dataset.Change] {
		return func(yield func(dataset.Change) bool) {
			for _, c := range there {
				if !yield(c) {
					return
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "samples.json"))
			if err != nil || !bytes.Contains(text, []byte("s3://")) {
				t.Errorf("samples are not in place yet: %s, %v", text, err)
			}
		}
	}
	for o, err := range s.Update(context.Background(), asked()) {
		if err != nil || o.Status != dataset.Changed {
			t.Errorf("got %+v, %v", o, err)
		}
	}
	if got := read(t, dir)["frames.json"]; got != `{"frames": [{"_id": 1, "seg": {"mask_path": "s3://b/f"}}]}` {
		t.Errorf("frames: %s", got)
	}
}
