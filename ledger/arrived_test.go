package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
)

func TestArrived(t *testing.T) {
	dir := openDir(t)
	r := begin(t, dir, identity("s3://b"))
	plan(t, r, time.Unix(1, 0), row(0, "filepath", "/filepath", "/a/1"), row(1, "filepath", "/filepath", "/a/2"))
	files := pending(t, r)
	arrive(t, r, files[0])
	name := r.Name()
	must(t, r.Close())
	m, err := dir.Arrived(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for path, want := range map[string]string{
		files[0].Path:         files[0].URL,
		"/./" + files[0].Path: files[0].URL,
		files[0].URL:          files[0].URL,
		files[1].Path:         "",
		files[1].URL:          "",
		"/elsewhere":          "",
	} {
		to, err := m.Map(t.Context(), pathmap.Path{Path: path})
		if to != want || (want == "") != errors.Is(err, pathmap.ErrNoAnswer) {
			t.Errorf("%q: %q, %v, want %q", path, to, err, want)
		}
	}
	// Whatever a dataset calls a file, it is known by where it was.
	relative := begin(t, dir, identity("s3://r"))
	plan(t, relative, time.Unix(1, 0), row(0, "filepath", "/filepath", "data/1"))
	sentAs := pending(t, relative)[0]
	arrive(t, relative, sentAs)
	must(t, relative.Close())
	r2, err := dir.Arrived(t.Context(), relative.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer r2.Close()
	for path, want := range map[string]string{"data/1": sentAs.URL, "/export/data/1": sentAs.URL, "/other/data/1": ""} {
		if to, err := r2.Map(t.Context(), pathmap.Path{Path: path}); to != want || (want == "") != errors.Is(err, pathmap.ErrNoAnswer) {
			t.Errorf("%q: %q, %v, want %q", path, to, err, want)
		}
	}
	if _, err := dir.Arrived(t.Context(), "upload-none"); !errors.Is(err, ledger.ErrNoRun) {
		t.Error(err)
	}
	sent := begin(t, dir, ledger.Identity{Command: "rewrite", Dataset: "/x"})
	must(t, sent.Close())
	if _, err := dir.Arrived(t.Context(), sent.Name()); !errors.Is(err, ledger.ErrNoRun) {
		t.Error(err)
	}
}
