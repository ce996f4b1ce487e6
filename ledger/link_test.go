package ledger_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// linked makes a plan of rows in which each scene needs mesh.obj, and that
// wood.png. The copies of scenes are of that variant.
func linked(t *testing.T, r *ledger.Run, variant string, rows ...dataset.Row) {
	t.Helper()
	ctx := t.Context()
	d, err := r.Draft(ctx)
	must(t, err)
	for _, x := range rows {
		must(t, d.AddValue(ctx, x, x.Value, ""))
	}
	for f, err := range d.Paths(ctx) {
		must(t, err)
		f.Local, f.Size, f.ModTime = f.Path, 3, time.Unix(1, 0)
		must(t, d.AddFile(ctx, f))
	}
	n, err := d.BeginLinks(ctx, ".fo3d", "scene")
	must(t, err)
	asset := func(by ledger.File, path, kind string) {
		t.Helper()
		id, err := d.AddAsset(ctx, ledger.File{Path: path, Local: path, Field: by.Field, Size: 5, ModTime: time.Unix(2, 0), Kind: kind})
		must(t, err)
		must(t, d.AddLink(ctx, by.ID, id, filepath.Base(path)))
	}
	scenes := int64(0)
	for f, err := range d.OfKind(ctx, "scene") {
		must(t, err)
		scenes++
		asset(f, "/m/mesh.obj", "obj")
	}
	for f, err := range d.OfKind(ctx, "obj") {
		must(t, err)
		asset(f, "/m/wood.png", "")
		if _, err := d.AddAsset(ctx, ledger.File{Path: f.Path, Local: f.Local, Kind: "mtl"}); !errors.Is(err, ledger.ErrKind) {
			t.Errorf("%v, want ErrKind", err)
		}
	}
	assets, err := d.EndLinks(ctx)
	if must(t, err); assets != 2 || n != scenes {
		t.Errorf("%d assets of %d scenes", assets, n)
	}
	for f, err := range d.Files(ctx) {
		must(t, err)
		must(t, d.SetURL(ctx, f.ID, "s3://b/"+filepath.Base(f.Path), f.ID))
	}
	for f, err := range d.Linked(ctx) {
		must(t, err)
		if f.Kind == "obj" {
			v, err := d.FirstValue(ctx, f.Path)
			if must(t, err); v.Old != rows[0].Value {
				t.Errorf("%+v is said to need %q", v, f.Path)
			}
			continue
		}
		must(t, d.SetVariant(ctx, f.ID, variant, 9, map[string]string{"mesh.obj": "new" + variant}))
	}
	must(t, d.Commit(ctx))
}

func paths(files []ledger.File) (list []string) {
	for _, f := range files {
		list = append(list, f.Path)
	}
	slices.Sort(list)
	return list
}

func TestLinks(t *testing.T) {
	ctx := t.Context()
	r := begin(t, openDir(t), identity("s3://b"))
	rows := []dataset.Row{row(0, "filepath", "/filepath", "/m/a.fo3d"), row(1, "filepath", "/filepath", "/m/b.fo3d"), row(2, "filepath", "/filepath", "/m/x.png")}
	linked(t, r, "v", rows...)
	files := pending(t, r)
	if got := paths(files); !slices.Equal(got, []string{"/m/a.fo3d", "/m/b.fo3d", "/m/mesh.obj", "/m/wood.png", "/m/x.png"}) {
		t.Fatalf("pending are %q", got)
	}
	byPath := map[string]ledger.File{}
	for _, f := range files {
		byPath[f.Path] = f
	}
	a, wood := byPath["/m/a.fo3d"], byPath["/m/wood.png"]
	if a.Size != 9 || a.LocalSize != 3 || a.Variant != "v" || a.Kind != "scene" || wood.Refs != 0 || wood.Size != 5 || wood.Kind != "" {
		t.Errorf("%+v, %+v", a, wood)
	}
	refs, err := r.References(ctx, a.ID)
	if must(t, err); len(refs) != 1 || refs["mesh.obj"] != "newv" {
		t.Errorf("%q", refs)
	}

	// Without the texture, which failed, only the image's row goes on.
	wood.State, wood.Err = ledger.FileFailed, "no route"
	must(t, r.Record(ctx, []ledger.File{wood}))
	arrive(t, r, a, byPath["/m/b.fo3d"], byPath["/m/mesh.obj"], byPath["/m/x.png"])
	if n, err := r.Attempt(ctx); n != 1 || err != nil {
		t.Errorf("%d values attempted, %v", n, err)
	}
	list, err := r.Rows(ctx, ledger.RowsFailed)
	must(t, err)
	n := 0
	for failed, err := range list {
		must(t, err)
		if n++; !strings.HasSuffix(failed.Old, ".fo3d") || failed.Reason != "its asset /m/wood.png: no route" {
			t.Errorf("%+v", failed)
		}
	}
	if n != 2 {
		t.Errorf("%d failed rows", n)
	}
	needed, err := r.Needed(ctx, "s3://b/a.fo3d")
	if must(t, err); !slices.Equal(paths(needed), []string{"/m/mesh.obj"}) {
		t.Errorf("sent and needed are %q", paths(needed))
	}
	arrive(t, r, wood)
	if n, err := r.Attempt(ctx); n != 2 || err != nil {
		t.Errorf("%d values attempted, %v", n, err)
	}

	// Planned again, nothing is to be sent; but a scene with other words is.
	linked(t, r, "v", rows[:2]...)
	if left := pending(t, r); len(left) != 0 {
		t.Errorf("pending are %q", paths(left))
	}
	linked(t, r, "w", rows[:1]...)
	if left := paths(pending(t, r)); !slices.Equal(left, []string{"/m/a.fo3d"}) {
		t.Errorf("pending are %q", left)
	}
	// What is no longer in the plan keeps what it needs.
	needed, err = r.Needed(ctx, "s3://b/b.fo3d")
	if must(t, err); !slices.Equal(paths(needed), []string{"/m/mesh.obj", "/m/wood.png"}) {
		t.Errorf("needed are %q", paths(needed))
	}
}

// A large copy goes on in parts only if it is the same copy.
func TestUploadOfVariant(t *testing.T) {
	r := begin(t, openDir(t), identity("s3://b"))
	rows := []dataset.Row{row(0, "filepath", "/filepath", "/m/a.fo3d")}
	linked(t, r, "v", rows...)
	scene := func() ledger.File {
		for _, f := range pending(t, r) {
			if f.Path == "/m/a.fo3d" {
				return f
			}
		}
		t.Fatal("no scene")
		return ledger.File{}
	}
	_, err := r.BeginUpload(t.Context(), scene(), "name")
	must(t, err)
	if _, _, ok, err := r.Upload(t.Context(), scene()); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	linked(t, r, "w", rows...)
	_, _, ok, err := r.Upload(t.Context(), scene())
	list, err2 := r.Abandoned(t.Context())
	if ok || err != nil || err2 != nil || len(list) != 1 {
		t.Errorf("%t, %v, %v, %+v", ok, err, err2, list)
	}
}

// A ledger of format 2 is brought to this format when it is opened.
func TestFormat2(t *testing.T) {
	ctx, dir := t.Context(), openDir(t)
	r := begin(t, dir, identity("s3://b"))
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/media/a.fo3d"))
	arrive(t, r, pending(t, r)...)
	must(t, r.Close())
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x"))
	must(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `ATTACH ? AS l`, filepath.Join(dir.Path(), r.Name()+".ledger"))
	must(t, err)
	for _, s := range []string{
		`DROP TABLE l.link`, `ALTER TABLE l.file DROP COLUMN kind`, `ALTER TABLE l.file DROP COLUMN variant`, `ALTER TABLE l.file DROP COLUMN osize`,
		`ALTER TABLE l.upload DROP COLUMN variant`, `UPDATE l.meta SET value = '2' WHERE key = 'format'`,
	} {
		_, err := db.ExecContext(ctx, s)
		must(t, err)
	}
	must(t, db.Close())
	for range 2 {
		old, err := dir.Open(ctx, r.Name())
		must(t, err)
		sent, err := old.Sent(ctx, "s3://b/a.fo3d")
		needed, err2 := old.Needed(ctx, "s3://b/a.fo3d")
		if len(sent) != 1 || sent[0].Size != 3 || err != nil || err2 != nil || len(needed) != 0 {
			t.Errorf("%+v, %v, %+v, %v", sent, err, needed, err2)
		}
		must(t, old.Close())
	}
	linked(t, begin(t, dir, identity("s3://b")), "v", row(0, "filepath", "/filepath", "/media/a.fo3d"))
}
