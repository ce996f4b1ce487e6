package ledger_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

func identity(url string) ledger.Identity {
	return ledger.Identity{Command: "upload", Dataset: "/data/export", Settings: map[string][]string{"url": {url}}}
}

func begin(t *testing.T, dir *ledger.Dir, id ledger.Identity) *ledger.Run {
	t.Helper()
	r, err := dir.Begin(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func openDir(t *testing.T) *ledger.Dir {
	t.Helper()
	d, err := ledger.OpenDir(filepath.Join(t.TempDir(), "a folder # with? odd %20 name"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func id(n byte) bson.RawValue {
	oid := bson.ObjectID{11: n}
	return bson.RawValue{Type: bson.TypeObjectID, Value: oid[:]}
}

func row(seq int64, field, at, value string) dataset.Row {
	return dataset.Row{Part: dataset.Samples, Seq: seq, ID: id(byte(seq)),
		Found: dataset.Found{Field: field, At: dataset.Pointer(at), Value: value}}
}

// plan makes a plan of rows whose files all exist, with url + base name.
func plan(t *testing.T, r *ledger.Run, mtime time.Time, rows ...dataset.Row) {
	t.Helper()
	ctx := t.Context()
	d, err := r.Draft(ctx)
	must(t, err)
	for _, x := range rows {
		must(t, d.AddValue(ctx, x, x.Value, ""))
	}
	for f, err := range d.Paths(ctx) {
		must(t, err)
		f.Local, f.Size, f.ModTime = f.Path, 3, mtime
		if !strings.HasPrefix(f.Path, "/") {
			f.Local = "/export/" + f.Path
		}
		must(t, d.AddFile(ctx, f))
	}
	for f, err := range d.Files(ctx) {
		must(t, err)
		must(t, d.SetURL(ctx, f.ID, "s3://b/"+filepath.Base(f.Path), f.ID))
	}
	must(t, d.Commit(ctx))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, r *ledger.Run) (list []ledger.File) {
	t.Helper()
	for f, err := range r.Pending(t.Context()) {
		must(t, err)
		list = append(list, f)
	}
	return list
}

func arrive(t *testing.T, r *ledger.Run, files ...ledger.File) {
	t.Helper()
	for i := range files {
		files[i].State, files[i].Checksum, files[i].ETag = ledger.FileArrived, "MD5:x", "e"
	}
	must(t, r.Record(t.Context(), files))
}

// An updater holds the media values of documents by pointer.
type updater struct {
	docs map[string]map[dataset.Pointer]string
	fail error
}

func (u *updater) Manifest(context.Context) (dataset.Manifest, error) { return dataset.Manifest{}, nil }
func (u *updater) Rows(context.Context, dataset.Part, *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return nil
}

func (u *updater) Update(_ context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		for c := range changes {
			if u.fail != nil {
				yield(dataset.Outcome{}, u.fail)
				return
			}
			doc := u.docs[ledger.IDText(c.ID)]
			o := dataset.Outcome{Change: c, Status: dataset.Already}
			for _, s := range c.Sets {
				switch {
				case doc == nil:
					o.Status = dataset.NotFound
				case doc[s.At] == s.Old:
					doc[s.At], o.Status = s.New, dataset.Changed
				case doc[s.At] != s.New:
					o.Status = dataset.Conflict
				}
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

func TestRunIsFoundAgain(t *testing.T) {
	dir := openDir(t)
	a, b := begin(t, dir, identity("s3://b/x")), begin(t, dir, identity("s3://b/y"))
	if a.Name() == b.Name() {
		t.Fatalf("two targets share the run %s", a.Name())
	}
	if !strings.HasPrefix(a.Name(), "upload-") || len(a.Name()) != len("upload-")+10 {
		t.Errorf("the run is called %q", a.Name())
	}
	must(t, a.SetMeta(t.Context(), map[string]string{"note": "kept"}))
	must(t, a.Close())
	again := begin(t, dir, identity("s3://b/x"))
	if note, err := again.Meta(t.Context(), "note"); note != "kept" || err != nil {
		t.Errorf("note is %q, %v", note, err)
	}
	list, err := dir.Summaries(t.Context())
	if err != nil || len(list) != 2 || list[0].Command != "upload" || list[0].Status != ledger.Planned {
		t.Errorf("summaries %+v, %v", list, err)
	}
}

func TestOtherPlan(t *testing.T) {
	dir := openDir(t)
	a := begin(t, dir, identity("s3://b/x"))
	must(t, a.Close())
	other := filepath.Join(dir.Path(), identity("s3://b/y").Run()+".ledger")
	must(t, os.Rename(filepath.Join(dir.Path(), a.Name()+".ledger"), other))
	_, err := dir.Begin(t.Context(), identity("s3://b/y"))
	if !errors.Is(err, ledger.ErrOtherPlan) || !strings.Contains(err.Error(), "s3://b/x") {
		t.Errorf("error %v, want another plan and what differs", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := openDir(t)
	for _, name := range []string{"", "upload-0123456789", "../x", `a\b`} {
		if _, err := dir.Open(t.Context(), name); !errors.Is(err, ledger.ErrNoRun) {
			t.Errorf("%q: error %v", name, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir.Path(), "upload-ffffffffff.ledger"), []byte(strings.Repeat("junk ", 1000)), 0o600))
	if _, err := dir.Open(t.Context(), "upload-ffffffffff"); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("junk: error %v", err)
	}
	if list, err := dir.Summaries(t.Context()); err != nil || len(list) != 1 || list[0].Status != ledger.Unreadable {
		t.Errorf("summaries %+v, %v", list, err)
	}
}

func TestWhatArrivedIsNotSentAgain(t *testing.T) {
	r := begin(t, openDir(t), identity("u"))
	old := time.Unix(1000, 5)
	rows := []dataset.Row{row(1, "filepath", "/filepath", "/a/1"), row(2, "filepath", "/filepath", "/a/2")}
	plan(t, r, old, rows...)
	if got := pending(t, r); len(got) != 2 || !got[0].ModTime.Equal(old) {
		t.Fatalf("pending %+v", got)
	}
	arrive(t, r, pending(t, r)...)
	plan(t, r, old, rows...)
	if got := pending(t, r); len(got) != 0 {
		t.Errorf("pending after arrival: %+v", got)
	}
	plan(t, r, old.Add(1), rows...)
	got := pending(t, r)
	if len(got) != 2 || got[0].ETag != "e" {
		t.Errorf("pending after a change: %+v; the sent object must stay known", got)
	}
	files, err := r.Sent(t.Context(), "s3://b/1")
	if err != nil || len(files) != 1 || files[0].Path != "/a/1" {
		t.Errorf("sent %+v %v", files, err)
	}
}

func TestDocumentWaitsForAllItsFiles(t *testing.T) {
	r := begin(t, openDir(t), identity("u"))
	plan(t, r, time.Unix(1, 0),
		row(1, "filepath", "/filepath", "/a/1"), row(1, "seg", "/seg/mask_path", "/m/1m"),
		row(2, "filepath", "/filepath", "/a/2"), row(2, "seg", "/seg/mask_path", "/a/1"))
	for _, f := range pending(t, r) {
		if f.Path != "/m/1m" {
			arrive(t, r, f)
		}
	}
	u := &updater{docs: map[string]map[dataset.Pointer]string{
		ledger.IDText(id(1)): {"/filepath": "/a/1", "/seg/mask_path": "/m/1m"},
		ledger.IDText(id(2)): {"/filepath": "/a/2", "/seg/mask_path": "/a/1"},
	}}
	n, err := r.Attempt(t.Context())
	if err != nil || n != 2 {
		t.Fatalf("attempted %d values, %v; want those of document 2", n, err)
	}
	a, err := r.Apply(t.Context(), u)
	if err != nil || a.Changed != 1 || a.Values != 2 {
		t.Fatalf("applied %+v, %v", a, err)
	}
	want := map[dataset.Pointer]string{"/filepath": "s3://b/2", "/seg/mask_path": "s3://b/1"}
	if got := u.docs[ledger.IDText(id(2))]; got["/filepath"] != want["/filepath"] || got["/seg/mask_path"] != want["/seg/mask_path"] {
		t.Errorf("document 2 is %v", got)
	}
	if n, err := r.Remaining(t.Context()); n != 2 || err != nil {
		t.Errorf("%d values remain, %v", n, err)
	}
	undone, err := r.Revert(t.Context(), u)
	if err != nil || undone.Changed != 1 || u.docs[ledger.IDText(id(2))]["/filepath"] != "/a/2" {
		t.Errorf("reverted %+v, %v: %v", undone, err, u.docs)
	}
}

func TestConflictsAreListedAndOthersDone(t *testing.T) {
	r := begin(t, openDir(t), identity("u"))
	plan(t, r, time.Unix(1, 0), row(1, "filepath", "/filepath", "/a/1"), row(2, "filepath", "/filepath", "/a/2"), row(3, "filepath", "/filepath", "/a/3"))
	arrive(t, r, pending(t, r)...)
	u := &updater{docs: map[string]map[dataset.Pointer]string{
		ledger.IDText(id(1)): {"/filepath": "/somebody/else"},
		ledger.IDText(id(2)): {"/filepath": "/a/2"},
	}}
	_, err := r.Attempt(t.Context())
	must(t, err)
	u.fail = errors.New("disk full")
	if _, err := r.Apply(t.Context(), u); !errors.Is(err, u.fail) {
		t.Fatalf("error %v", err)
	}
	u.fail = nil
	a, err := r.Apply(t.Context(), u)
	if err != nil || a.Changed != 1 || a.Conflicts != 2 {
		t.Fatalf("applied %+v, %v", a, err)
	}
	rows, err := r.Rows(t.Context(), ledger.RowsChanged)
	must(t, err)
	var paths []string
	for x, err := range rows {
		must(t, err)
		paths = append(paths, x.Old)
	}
	if !slices.Equal(paths, []string{"/a/1", "/a/3"}) {
		t.Errorf("changed rows %q", paths)
	}
	if _, err := r.Rows(t.Context(), "nonsense"); err == nil {
		t.Error("an unknown kind of rows is accepted")
	}
	u.docs[ledger.IDText(id(2))]["/filepath"] = "/moved/on"
	undone, err := r.Revert(t.Context(), u)
	if err != nil || undone.Conflicts != 1 || undone.Changed != 0 {
		t.Fatalf("reverted %+v, %v", undone, err)
	}
	u.docs[ledger.IDText(id(2))]["/filepath"] = "s3://b/2"
	undone, err = r.Revert(t.Context(), u)
	if err != nil || undone.Changed != 1 || u.docs[ledger.IDText(id(2))]["/filepath"] != "/a/2" {
		t.Errorf("reverted again %+v, %v", undone, err)
	}
}

func TestUniqueURL(t *testing.T) {
	r := begin(t, openDir(t), identity("u"))
	ctx := t.Context()
	d, err := r.Draft(ctx)
	must(t, err)
	for i, p := range []string{"/a/1", "/b/1"} {
		must(t, d.AddValue(ctx, row(int64(i), "filepath", "/filepath", p), p, ""))
	}
	for f, err := range d.Paths(ctx) {
		must(t, err)
		f.Local = f.Path
		must(t, d.AddFile(ctx, f))
	}
	for f, err := range d.Files(ctx) {
		must(t, err)
		must(t, d.SetURL(ctx, f.ID, "s3://b/1", 7))
	}
	var clash []string
	for f, err := range d.Folded(ctx) {
		must(t, err)
		clash = append(clash, f.Path)
	}
	if !slices.Equal(clash, []string{"/a/1", "/b/1"}) {
		t.Errorf("clash %q", clash)
	}
	if err := d.Commit(ctx); err == nil {
		t.Error("two files on one URL are committed")
	}
}

func TestLock(t *testing.T) {
	dir := openDir(t)
	export := t.TempDir()
	must(t, os.WriteFile(filepath.Join(export, "metadata.json"), []byte("{}"), 0o600))
	l, err := dir.Lock(export)
	must(t, err)
	if _, err := dir.Lock(export); !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), "process") {
		t.Errorf("second lock: %v", err)
	}
	if _, err := openDir(t).Lock(export); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("lock from another state folder: %v", err)
	}
	must(t, l.Unlock())
	l, err = openDir(t).Lock(export)
	must(t, err)
	must(t, l.Unlock())
}

func TestOddIDsAndSpellings(t *testing.T) {
	r := begin(t, openDir(t), identity("u"))
	doc, err := bson.Marshal(bson.D{{Key: "a", Value: "text"}, {Key: "b", Value: int64(7)}})
	must(t, err)
	ctx := t.Context()
	d, err := r.Draft(ctx)
	must(t, err)
	text, number := bson.Raw(doc).Lookup("a"), bson.Raw(doc).Lookup("b")
	for i, v := range []bson.RawValue{text, number} {
		x := row(int64(i), "filepath", "/filepath", "/a/../ü")
		x.ID, x.Spelling = v, `"\/a\/..\/\u00fc"`
		must(t, d.AddValue(ctx, x, "/a/../ü", "s3://b/ü"))
	}
	must(t, d.Commit(ctx))
	must(t, r.AttemptAll(ctx))
	var seen []dataset.Change
	_, err = r.Apply(ctx, recorder(func(c dataset.Change) { seen = append(seen, c) }))
	must(t, err)
	if len(seen) != 2 || !seen[0].ID.Equal(text) || !seen[1].ID.Equal(number) {
		t.Errorf("ids did not survive: %v", seen)
	}
	seen = nil
	_, err = r.Revert(ctx, recorder(func(c dataset.Change) { seen = append(seen, c) }))
	must(t, err)
	if len(seen) != 2 || seen[0].Sets[0].Spelling != `"\/a\/..\/\u00fc"` || seen[0].Sets[0].New != "/a/../ü" {
		t.Errorf("reverting %v", seen)
	}
}

// A recorder says that every change was made.
type recorder func(dataset.Change)

func (f recorder) Manifest(context.Context) (dataset.Manifest, error) {
	return dataset.Manifest{}, nil
}
func (f recorder) Rows(context.Context, dataset.Part, *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return nil
}
func (f recorder) Update(_ context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		for c := range changes {
			f(c)
			if !yield(dataset.Outcome{Change: c}, nil) {
				return
			}
		}
	}
}
