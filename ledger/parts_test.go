package ledger_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/medialift/medialift/ledger"
)

// unsent returns the files that are still to be sent.
func unsent(t *testing.T, r *ledger.Run) []ledger.File {
	t.Helper()
	var files []ledger.File
	for f, err := range r.Pending(t.Context()) {
		must(t, err)
		files = append(files, f)
	}
	return files
}

func TestUploadsInParts(t *testing.T) {
	ctx, dir, when := t.Context(), openDir(t), time.Unix(1700000000, 5)
	r := begin(t, dir, identity("s3://b"))
	rows := row(0, "filepath", "/filepath", "/media/a.mp4")
	plan(t, r, when, rows)
	f := unsent(t, r)[0]
	if _, _, ok, err := r.Upload(ctx, f); ok || err != nil {
		t.Fatalf("an upload before the first: %v, %v", ok, err)
	}
	u, err := r.BeginUpload(ctx, f, "name")
	must(t, err)
	want := []ledger.Part{
		{Upload: u.ID, N: 1, Size: 8, Checksum: "c1", ETag: "e1"}, {Upload: u.ID, N: 3, Size: 2, Checksum: "c3", ETag: "e3"},
	}
	must(t, r.RecordParts(ctx, []ledger.Part{want[1], {Upload: u.ID, N: 1, Size: 7, Checksum: "x", ETag: "x"}}))
	must(t, r.RecordParts(ctx, want))
	must(t, r.Close())

	r = begin(t, dir, identity("s3://b")) // another process
	plan(t, r, when, rows)
	got, parts, ok, err := r.Upload(ctx, unsent(t, r)[0])
	if err != nil || !ok || got != u || !slices.Equal(parts, want) {
		t.Fatalf("%+v %+v %v %v; want %+v %+v", got, parts, ok, err, u, want)
	}
	abandoned(t, r)

	plan(t, r, when.Add(time.Nanosecond), rows) // the file has changed
	if _, _, ok, err := r.Upload(ctx, unsent(t, r)[0]); ok || err != nil {
		t.Errorf("the upload of a changed file is offered: %v", err)
	}
	abandoned(t, r, u.ID)
	newer, err := r.BeginUpload(ctx, unsent(t, r)[0], "newer")
	must(t, err)
	abandoned(t, r, u.ID)
	plan(t, r, when) // no such file any more
	abandoned(t, r, u.ID, newer.ID)

	must(t, r.EndUpload(ctx, u.ID))
	must(t, r.RecordParts(ctx, want)) // too late
	abandoned(t, r, newer.ID)
	plan(t, r, when, rows)
	if _, parts, ok, _ := r.Upload(ctx, unsent(t, r)[0]); ok || len(parts) > 0 {
		t.Errorf("an ended upload is offered: %+v", parts)
	}
}

func TestUploadOfArrivedFileIsAbandoned(t *testing.T) {
	ctx := t.Context()
	r := begin(t, openDir(t), identity("s3://b"))
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/media/a.mp4"))
	f := unsent(t, r)[0]
	u, err := r.BeginUpload(ctx, f, "name")
	must(t, err)
	abandoned(t, r)
	f.State = ledger.FileArrived
	must(t, r.Record(ctx, []ledger.File{f}))
	abandoned(t, r, u.ID)
}

func abandoned(t *testing.T, r *ledger.Run, want ...int64) {
	t.Helper()
	list, err := r.Abandoned(t.Context())
	must(t, err)
	var got []int64
	for _, u := range list {
		got = append(got, u.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("abandoned are %v, want %v", got, want)
	}
}

// Ledgers of format 1 know no uploads; others are refused.
func TestOlderFormat(t *testing.T) {
	ctx, dir := t.Context(), openDir(t)
	r := begin(t, dir, identity("s3://b"))
	path := filepath.Join(dir.Path(), r.Name()+".ledger")
	must(t, r.Close())
	older := func(version string) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x"))
		must(t, err)
		defer db.Close()
		for _, s := range []string{`ATTACH ? AS l`, `DROP TABLE IF EXISTS l.upload`, `DROP TABLE IF EXISTS l.part`, `UPDATE l.meta SET value = ? WHERE key = 'format'`} {
			var args []any
			switch s[0] {
			case 'A':
				args = []any{path}
			case 'U':
				args = []any{version}
			}
			_, err := db.ExecContext(ctx, s, args...)
			must(t, err)
		}
	}
	older("1")
	listed, err := dir.Open(ctx, r.Name())
	must(t, err)
	must(t, listed.Close())
	r = begin(t, dir, identity("s3://b"))
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/media/a.mp4"))
	_, err = r.BeginUpload(ctx, unsent(t, r)[0], "name")
	must(t, err)
	must(t, r.Close())
	older("99")
	for _, open := range []func() (*ledger.Run, error){
		func() (*ledger.Run, error) { return dir.Begin(ctx, identity("s3://b")) },
		func() (*ledger.Run, error) { return dir.Open(ctx, r.Name()) },
	} {
		if _, err := open(); !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("%v, want ErrDamaged", err)
		}
	}
}
