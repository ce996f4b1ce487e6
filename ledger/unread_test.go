package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/medialift/medialift/ledger"
)

// exclusively opens a ledger as a process does that is writing to it.
func exclusively(t *testing.T, path string) (end func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file::memory:")
	must(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), `ATTACH ? AS other`, path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `BEGIN EXCLUSIVE; UPDATE other.meta SET value = value`)
	must(t, err)
	return func() { must(t, db.Close()) }
}

// TestLockedLedgersCostNoWaitAPath: ledgers that are being written are waited for
// once, however many there are and however much is asked, and named.
func TestLockedLedgersCostNoWaitAPath(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for locks: not in short mode")
	}
	dir := openDir(t)
	var locked []string
	for i := range 12 {
		run, _ := sender(t, dir, fmt.Sprintf("/locked/%d", i), "s3://b", "/m/1")
		t.Cleanup(exclusively(t, filepath.Join(dir.Path(), run+".ledger")))
		locked = append(locked, run)
	}
	sender(t, dir, "/free", "s3://b", "/m/1")
	h := history(t, dir)
	for range 300 {
		if got := sentBy(t, h, "s3://b/1"); len(got) != 1 || got[0] != "/free" {
			t.Fatalf("%q", got)
		}
	}
	if n := h.Opened(); n != 13 {
		t.Errorf("%d ledgers were opened for 300 questions, of 13", n)
	}
	if n := h.Waited(); n > 3 {
		t.Errorf("%d ledgers were waited for", n)
	}
	unread := h.Unread()
	for _, run := range locked {
		if !errors.Is(unread[run], ledger.ErrLocked) {
			t.Errorf("%s: %v", run, unread[run])
		}
	}
	if len(unread) != len(locked) {
		t.Errorf("%v", unread)
	}
}

// TestUnreadLedgers: what is no ledger, or a damaged one, is named, and keeps nobody
// from reading the others.
func TestUnreadLedgers(t *testing.T) {
	dir := openDir(t)
	run, _ := sender(t, dir, "/a", "s3://b", "/m/1")
	good := filepath.Join(dir.Path(), run+".ledger")
	text, err := os.ReadFile(good)
	must(t, err)
	torn := append([]byte{}, text[:8192]...)
	for len(torn) < len(text) {
		torn = append(torn, 0xee)
	}
	for name, text := range map[string][]byte{"text": []byte("not a ledger at all, but of some length"), "empty": nil, "half": text[:len(text)/2], "torn": torn} {
		must(t, os.WriteFile(filepath.Join(dir.Path(), name+".ledger"), text, 0o600))
	}
	h := history(t, dir)
	if got := sentBy(t, h, "s3://b/1"); len(got) != 1 || got[0] != "/a" {
		t.Errorf("%q", got)
	}
	unread := h.Unread()
	for _, name := range []string{"text", "empty", "half", "torn"} {
		if unread[name] == nil {
			t.Errorf("%s: nobody says that it cannot be read", name)
		}
	}
	if len(unread) != 4 {
		t.Errorf("%v", unread)
	}
}

// TestHistoriesAtOnce: many processes, here connections, make and ask the index at
// the same time.
func TestHistoriesAtOnce(t *testing.T) {
	dir := openDir(t)
	for i := range 12 {
		sender(t, dir, fmt.Sprintf("/%02d", i), "s3://b", "/m/1")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 2 {
				h := dir.History("")
				list, err := h.Sent(t.Context(), "s3://b/1")
				if err != nil || len(list) != 12 || len(h.Unread()) != 0 {
					t.Errorf("%d files, %v; unread %v", len(list), err, h.Unread())
				}
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// TestLedgerOfAKilledRun: what it had not finished writing is taken back, and what
// it had is known.
func TestLedgerOfAKilledRun(t *testing.T) {
	dir := openDir(t)
	run, _ := sender(t, dir, "/a", "s3://b", "/m/1")
	path := filepath.Join(dir.Path(), run+".ledger")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x"))
	must(t, err)
	db.SetMaxOpenConns(1)
	for _, text := range []string{`ATTACH '` + path + `' AS other`, `PRAGMA other.cache_size = 1`, `BEGIN IMMEDIATE`,
		`UPDATE other.file SET url = 's3://b/elsewhere'`, `CREATE TABLE other.big(x)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO other.big SELECT hex(zeroblob(500)) FROM n`} {
		_, err := db.ExecContext(t.Context(), text)
		must(t, err)
	}
	// As a kill leaves it: half of it written, and a journal beside it.
	killed := filepath.Join(t.TempDir(), "state")
	must(t, os.CopyFS(killed, os.DirFS(dir.Path())))
	must(t, db.Close())
	if info, err := os.Stat(filepath.Join(killed, run+".ledger-journal")); err != nil || info.Size() == 0 {
		t.Fatalf("no journal: %v, %v", info, err)
	}
	scratch := t.TempDir()
	for _, tt := range []struct {
		what string
		open func() (*ledger.Dir, error)
	}{
		{"a folder that stays as it is", func() (*ledger.Dir, error) { return ledger.OpenDirToRead(killed, scratch) }},
		{"the folder itself", func() (*ledger.Dir, error) { return ledger.OpenDir(killed) }},
	} {
		d, err := tt.open()
		must(t, err)
		h := history(t, d)
		if got := sentBy(t, h, "s3://b/1"); len(got) != 1 {
			t.Errorf("%s: %q; unread %v", tt.what, got, h.Unread())
		}
		must(t, h.Close())
		list, err := d.Summaries(t.Context())
		if err != nil || len(list) != 1 || list[0].Dataset != "/a" {
			t.Errorf("%s: %+v, %v", tt.what, list, err)
		}
	}
}

// TestFolderThatStaysAsItIs: everything can be read and planned, nothing is written.
func TestFolderThatStaysAsItIs(t *testing.T) {
	dir := openDir(t)
	run, _ := sender(t, dir, "/data/export", "s3://b", "/m/1")
	before := names(t, dir.Path())
	for what, path := range map[string]string{"there": dir.Path(), "absent": filepath.Join(t.TempDir(), "none"), "below a file": filepath.Join(dir.Path(), run+".ledger", "x")} {
		d, err := ledger.OpenDirToRead(path, t.TempDir())
		must(t, err)
		want := map[string]int{"there": 1}[what]
		h := history(t, d)
		if got := sentBy(t, h, "s3://b/1"); len(got) != want {
			t.Errorf("%s: %q", what, got)
		}
		if list, err := d.Summaries(t.Context()); err != nil || len(list) != want {
			t.Errorf("%s: %+v, %v", what, list, err)
		}
		lock, err := d.Lock("/data/export")
		must(t, err)
		again, err := d.Begin(t.Context(), identity("s3://b"))
		must(t, err)
		arrived := 0
		for _, err := range again.Files(t.Context(), ledger.FileArrived) {
			must(t, err)
			arrived++
		}
		if arrived != want {
			t.Errorf("%s: %d files of the run have arrived", what, arrived)
		}
		plan(t, again, time.Unix(1, 0), row(0, "filepath", "/filepath", "/m/2"))
		must(t, errors.Join(again.Close(), lock.Unlock()))
	}
	if after := names(t, dir.Path()); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%v, before %v", after, before)
	}
}

// names are the files of a folder, with their sizes and times.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		list = append(list, fmt.Sprint(e.Name(), info.Size(), info.ModTime()))
	}
	return list
}
