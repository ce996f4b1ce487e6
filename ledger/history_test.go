package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// sender makes a closed ledger of one file that has arrived.
func sender(t *testing.T, dir *ledger.Dir, of, url, path string) (run string, file ledger.File) {
	t.Helper()
	r := begin(t, dir, ledger.Identity{Command: "upload", Dataset: of, Settings: map[string][]string{"url": {url}}})
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", path))
	files := pending(t, r)
	arrive(t, r, files...)
	must(t, r.Close())
	for i := range files {
		files[i].State = ledger.FileArrived
	}
	return r.Name(), files[0]
}

// copies copies a ledger n times under other names.
func copies(t *testing.T, dir *ledger.Dir, run string, n int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir.Path(), run+".ledger"))
	must(t, err)
	for i := range n {
		name := filepath.Join(dir.Path(), fmt.Sprintf("upload-%010x.ledger", i))
		must(t, os.WriteFile(name, text, 0o600))
		long := time.Now().Add(-time.Hour)
		must(t, os.Chtimes(name, long, long))
	}
}

func history(t *testing.T, dir *ledger.Dir) *ledger.History {
	t.Helper()
	h := dir.History("")
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func sentBy(t *testing.T, h *ledger.History, url string) []string {
	t.Helper()
	list, err := h.Sent(t.Context(), url)
	must(t, err)
	var runs []string
	for _, s := range list {
		runs = append(runs, s.Dataset)
	}
	slices.Sort(runs)
	return runs
}

// TestHistoryFollowsTheLedgers: whatever becomes of them, a history that is made
// afterwards says what they say.
func TestHistoryFollowsTheLedgers(t *testing.T) {
	dir := openDir(t)
	expect := func(what, url string, want ...string) {
		t.Helper()
		h := history(t, dir)
		if got := sentBy(t, h, url); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q; unread %v", what, got, want, h.Unread())
		}
		must(t, h.Close())
	}
	expect("no ledger", "s3://b/1")
	a, _ := sender(t, dir, "/a", "s3://b", "/m/1")
	expect("one", "s3://b/1", "/a")
	sender(t, dir, "/b", "s3://b", "/m/1")
	expect("two", "s3://b/1", "/a", "/b")
	// Changed within the same tick of the clock, to the same size.
	r, err := dir.Open(t.Context(), a)
	must(t, err)
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/m/2"))
	arrive(t, r, pending(t, r)...)
	must(t, r.Close())
	expect("changed", "s3://b/2", "/a")
	must(t, dir.Remove(a))
	expect("removed", "s3://b/1", "/b")
	index, err := filepath.Glob(filepath.Join(dir.Path(), "history-*.index"))
	if err != nil || len(index) != 1 {
		t.Fatal(index, err)
	}
	text, err := os.ReadFile(index[0])
	must(t, err)
	for what, damage := range map[string]func([]byte) []byte{
		"no database": func([]byte) []byte { return []byte(strings.Repeat("nonsense", 1000)) },
		"cut off":     func(b []byte) []byte { return b[:len(b)/2] },
		"empty":       func([]byte) []byte { return nil },
		"one page overwritten": func(b []byte) []byte {
			return append(slices.Clone(b[:4096]), slices.Repeat([]byte{0xee}, len(b)-4096)...)
		},
	} {
		must(t, os.WriteFile(index[0], damage(text), 0o600))
		expect(what, "s3://b/1", "/b")
		expect(what+", again", "s3://b/1", "/b")
	}
	must(t, os.Remove(index[0]))
	expect("no index", "s3://b/1", "/b")
}

// TestHistoryOpensLedgersOnce: the number of questions costs no opening, and no
// more than a few ledgers are open at a time.
func TestHistoryOpensLedgersOnce(t *testing.T) {
	dir := openDir(t)
	run, _ := sender(t, dir, "/a", "s3://b", "/m/1")
	copies(t, dir, run, 60)
	h := history(t, dir)
	for range 200 {
		if got := sentBy(t, h, "s3://b/1"); len(got) != 1 {
			t.Fatalf("%q: what 61 ledgers say alike is said once", got)
		}
	}
	if n := h.Opened(); n != 61 {
		t.Errorf("%d ledgers were opened for 200 questions, of 61", n)
	}
	if open := openLedgers(t, dir); len(open) > 8 {
		t.Errorf("open: %q", open)
	}
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(dir.Path(), run+".ledger"), long, long))
	must(t, h.Close())
	for _, want := range []int64{1, 0} { // the one that bears another time, then none
		h = history(t, dir)
		sentBy(t, h, "s3://b/1")
		if n := h.Opened(); n != want {
			t.Errorf("%d ledgers were opened again, want %d", n, want)
		}
	}
}

// openLedgers are the ledgers of a folder that this process has open.
func openLedgers(t *testing.T, dir *ledger.Dir) (list []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("only Linux tells")
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir.Path()) && strings.HasSuffix(name, ".ledger") {
			list = append(list, name)
		}
	}
	return list
}

// TestHistoryOfAFolderThatCannotBeWritten is made for the occasion.
func TestHistoryOfAFolderThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("as root, who may write everywhere, the folder is only made to look so")
	}
	dir := openDir(t)
	sender(t, dir, "/a", "s3://b", "/m/1")
	must(t, os.Mkdir(filepath.Join(dir.Path(), "history-3.index"), 0o700)) // no file can be made
	must(t, os.Chmod(dir.Path(), 0o500))
	t.Cleanup(func() { _ = os.Chmod(dir.Path(), 0o700) })
	before, err := os.ReadDir(dir.Path())
	must(t, err)
	h := history(t, dir)
	if got := sentBy(t, h, "s3://b/1"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	after, err := os.ReadDir(dir.Path())
	if err != nil || len(after) != len(before) {
		t.Errorf("%v, %v: nothing is to be written", after, err)
	}
}

func TestLineage(t *testing.T) {
	dir := openDir(t)
	sender(t, dir, "/a", "s3://b", "/m/1")
	sender(t, dir, "/other", "s3://b", "/n/1")
	lifted, err := dir.Begin(t.Context(), ledger.Identity{Command: "lift", Dataset: "/a"})
	must(t, err)
	must(t, lifted.SetMeta(t.Context(), map[string]string{ledger.NoteMade: "65", ledger.NoteMadeIn: "fiftyone"}))
	must(t, lifted.Close())
	must(t, dir.NoteOrigin(ledger.Origin{Dataset: "db:x/1", Of: "/a"}))
	must(t, dir.NoteOrigin(ledger.Origin{Dataset: "/again", Of: "db:x/1"}))
	f, err := os.OpenFile(filepath.Join(dir.Path(), "origins.jsonl"), os.O_WRONLY|os.O_APPEND, 0o600)
	must(t, err)
	_, err = io.WriteString(f, `{"dataset": "db:torn`)
	must(t, errors.Join(err, f.Close()))
	must(t, dir.NoteOrigin(ledger.Origin{Dataset: "/loop", Of: "/loop"}))
	h := history(t, dir)
	for key, want := range map[string][]string{
		"/a": {"/a"}, "/other": {"/other"}, "/unknown": nil, ledger.DatabaseKey("fiftyone", "65"): {"/a"},
		"db:x/1": {"/a"}, "/again": {"/a"}, "/loop": nil,
	} {
		l, err := h.Of(t.Context(), key, "")
		must(t, err)
		var got []string
		for s, err := range l.Sent(t.Context(), "s3://b/1") {
			must(t, err)
			got = append(got, s.Dataset)
			if s.Row != ledger.KeyOf(dataset.Samples, id(0), "filepath") || s.Made || s.Checksum != "MD5:x" {
				t.Errorf("%+v", s)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestConfirmAndFrom(t *testing.T) {
	dir := openDir(t)
	run, _ := sender(t, dir, "/a", "s3://b", "/m/deep/1")
	sender(t, dir, "/b", "s3://b", "/m2/1")
	h := history(t, dir)
	from := func(path string) (list []ledger.Sent) {
		for s, err := range h.From(t.Context(), path) {
			must(t, err)
			list = append(list, s)
		}
		return list
	}
	for path, want := range map[string]int{"/m": 1, "/m/": 1, "/": 2, "/m/deep/1": 1, "/m/dee": 0, "/m/deep": 1, "/x": 0} {
		if got := from(path); len(got) != want {
			t.Errorf("from %q: %+v", path, got)
		}
	}
	s := from("/m")[0]
	if s.Run != run || s.Dataset != "/a" || s.URL != "s3://b/1" || s.State != ledger.FileArrived || s.Checksum == "" || s.Local != "/m/deep/1" {
		t.Errorf("%+v", s)
	}
	told, err := h.Sent(t.Context(), "s3://b/1")
	must(t, err)
	for _, s := range append(told, s) {
		if ok, err := h.Confirm(t.Context(), s); !ok || err != nil {
			t.Errorf("%+v: %v, %v", s, ok, err)
		}
		s.Checksum = "MD5:y"
		if ok, err := h.Confirm(t.Context(), s); ok || err != nil {
			t.Errorf("%+v: %v, %v", s, ok, err)
		}
	}
	r, err := dir.Open(t.Context(), run)
	must(t, err)
	f := s.File
	for g, err := range r.Objects(t.Context()) {
		must(t, err)
		f.ID = g.ID
	}
	f.Checksum = "MD5:z"
	must(t, r.Record(context.WithoutCancel(t.Context()), []ledger.File{f}))
	must(t, r.Close())
	if ok, err := h.Confirm(t.Context(), s); ok || err != nil {
		t.Errorf("the ledger says otherwise by now: %v, %v", ok, err)
	}
}
