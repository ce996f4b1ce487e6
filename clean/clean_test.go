package clean_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/clean"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
)

// A bench is an export with its state folder.
type bench struct {
	*testing.T
	dir     string
	ledgers *ledger.Dir
	clouds  *open.Opener
	opts    clean.Options // more than the usual
}

// newBench makes an export of samples with these filepaths.
func newBench(t *testing.T, paths ...string) *bench {
	t.Helper()
	ledgers, err := ledger.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, dir: filepath.Join(t.TempDir(), "export"), ledgers: ledgers, clouds: open.New(open.Options{})}
	b.put("metadata.json", `{"version": "1.22.1", "name": "x", "sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}]}`)
	var docs []string
	for i, p := range paths {
		docs = append(docs, `{"_id": {"$oid": "65a00000000000000000000`+string(rune('0'+i))+`"}, "filepath": "`+p+`"}`)
	}
	b.put("samples.json", `{"samples": [`+strings.Join(docs, ",")+`]}`)
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

func (b *bench) put(name, content string) {
	b.Helper()
	b.must(os.MkdirAll(filepath.Dir(b.path(name)), 0o755))
	b.must(os.WriteFile(b.path(name), []byte(content), 0o644))
}

func (b *bench) link(name, target string) {
	b.Helper()
	b.must(os.MkdirAll(filepath.Dir(b.path(name)), 0o755))
	if err := os.Symlink(target, b.path(name)); err != nil {
		b.Skip(err)
	}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// arrive sends these files of the export, in a run that knows it as dir.
func (b *bench) arrive(dir string, names ...string) {
	b.Helper()
	b.send(dir, "mem://b", names...)
}

// send sends files of the export to a place, and returns its run.
func (b *bench) send(dir, to string, names ...string) *ledger.Run {
	b.Helper()
	ctx := b.Context()
	run, err := b.ledgers.Begin(ctx, ledger.Identity{Command: "upload", Dataset: dir, Settings: map[string][]string{"files": names, "url": {to}}})
	b.must(err)
	b.Cleanup(func() { _ = run.Close() })
	d, err := run.Draft(ctx)
	b.must(err)
	slices.Sort(names)
	for _, name := range names {
		info, err := os.Stat(b.path(name))
		b.must(err)
		local := filepath.Join(dir, filepath.FromSlash(name))
		b.must(d.AddFile(ctx, ledger.File{Path: name, Local: local, Size: info.Size(), ModTime: info.ModTime(), Refs: 1}))
	}
	for f, err := range d.Files(ctx) {
		b.must(err)
		b.must(d.SetURL(ctx, f.ID, to+"/"+f.Path, f.ID))
	}
	b.must(d.Commit(ctx))
	var files []ledger.File
	for f, err := range run.Pending(ctx) {
		b.must(err)
		obj := b.store(f.URL, b.read(f.Path))
		f.State, f.Checksum, f.ETag = ledger.FileArrived, obj.Checksums.String(), obj.ETag
		files = append(files, f)
	}
	b.must(run.Record(ctx, files))
	return run
}

func (b *bench) read(name string) string {
	b.Helper()
	text, err := os.ReadFile(b.path(name))
	b.must(err)
	return string(text)
}

// store puts an object at url, over whatever is there.
func (b *bench) store(url, text string) bucket.Object {
	b.Helper()
	store, key, err := b.clouds.Object(b.Context(), url)
	b.must(err)
	src := bucket.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
	obj, err := store.Put(b.Context(), key, src, bucket.Condition{Overwrite: true})
	b.must(err)
	return obj
}

func (b *bench) options() clean.Options {
	o := b.opts
	o.Ledgers = b.ledgers
	if o.Object == nil {
		o.Object = func(ctx context.Context, _ ledger.Identity, url string) (bucket.Store, string, error) {
			return b.clouds.Object(ctx, url)
		}
	}
	o.Dataset = func(context.Context) (dataset.Updater, error) { return dirstore.Open(b.dir) }
	return o
}

func (b *bench) plan() *clean.Plan {
	b.Helper()
	p, err := clean.NewPlan(b.Context(), b.dir, b.options())
	b.must(err)
	return p
}

func (b *bench) clean() clean.Report {
	b.Helper()
	r, err := b.plan().Execute(b.Context())
	b.must(err)
	return r
}

// refused wants a refusal whose problems are of these kinds and paths.
func (b *bench) refused(want ...string) {
	b.Helper()
	before := b.list()
	_, err := clean.NewPlan(b.Context(), b.dir, b.options())
	var r *dataset.Refusal
	if !errors.As(err, &r) {
		b.Fatalf("error %v, want a refusal", err)
	}
	var got []string
	for _, p := range r.Problems {
		rel, err := filepath.Rel(b.dir, p.Path)
		b.must(err)
		got = append(got, p.Kind+" "+filepath.ToSlash(rel))
	}
	if !slices.Equal(got, want) || int(r.Total) != len(want) || r.Hint == "" {
		b.Errorf("refused %q (%d), want %q", got, r.Total, want)
	}
	if after := b.list(); !slices.Equal(before, after) {
		b.Errorf("a refused clean left %q of %q", after, before)
	}
}

// list lists everything below the export, directories with a slash.
func (b *bench) list() []string {
	b.Helper()
	var list []string
	err := filepath.WalkDir(b.dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == b.dir {
			return err
		}
		rel, err := filepath.Rel(b.dir, p)
		if e.IsDir() {
			rel += "/"
		}
		list = append(list, filepath.ToSlash(rel))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Fatal(err)
	}
	return list
}

func (b *bench) want(list ...string) {
	b.Helper()
	if got := b.list(); !slices.Equal(slices.Sorted(slices.Values(got)), list) {
		b.Errorf("there is %q, want %q", got, list)
	}
}

func TestNoMedia(t *testing.T) {
	b := newBench(t, "/elsewhere/1.jpg")
	for _, name := range []string{
		"frames.json", "tags.json", "samples/000000-a.json", "frames/000000-a.json", "annotations/a.json", "brain/b.json",
		"evaluations/e.json", "runs/r.json", "samples.json.medialift-tmp-123", "samples/a.json.medialift-tmp-9",
	} {
		b.put(name, "{}")
	}
	b.must(os.MkdirAll(b.path("fields/thumb"), 0o755))
	p, err := clean.NewPlan(t.Context(), b.dir, clean.Options{})
	if err != nil || p.Files != 12 || p.Media != 0 || p.UnknownTotal != 0 || p.Bytes < 100 {
		t.Fatalf("plan %+v, %v", p, err)
	}
	r, err := p.Execute(t.Context())
	if err != nil || r.Files != 12 || r.Bytes != p.Bytes || !r.Gone {
		t.Errorf("report %+v, %v", r, err)
	}
	if _, err := os.Lstat(b.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestUnknownStays(t *testing.T) {
	b := newBench(t, "/elsewhere/1.jpg")
	stay := []string{
		".hidden", "data.csv", "mine/", "mine/metadata.json", "notes.json", "notes.json.medialift-tmp-1", "runs/",
		"runs/log.txt", "runs/sub/", "runs/sub/r.json", "samples.json.medialift-tmp-1x", "samples/", "samples/.a.json", "tags.json/",
	}
	for _, name := range stay {
		if strings.HasSuffix(name, "/") {
			b.must(os.MkdirAll(b.path(name), 0o755))
		} else {
			b.put(name, "mine")
		}
	}
	b.put("runs/r.json", "{}")
	p := b.plan()
	want := []string{"runs/log.txt", "runs/sub", "samples/.a.json", ".hidden", "data.csv", "mine", "notes.json",
		"notes.json.medialift-tmp-1", "samples.json.medialift-tmp-1x", "tags.json"}
	if !slices.Equal(p.Unknown, want) || p.UnknownTotal != int64(len(want)) || p.Files != 3 {
		t.Errorf("plan %+v", p)
	}
	r, err := p.Execute(t.Context())
	if err != nil || r.Gone || r.Files != 3 {
		t.Errorf("report %+v, %v", r, err)
	}
	b.want(stay...)
}

func TestMediaNeedProof(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.put("fields/seg/1.png", "mask")
	b.refused("unproven data/1.jpg", "unproven fields/seg/1.png")
	b.arrive(b.dir, "data/1.jpg")
	b.refused("unproven fields/seg/1.png")
	b.arrive(b.dir, "fields/seg/1.png")
	if p := b.plan(); p.Media != 2 || p.Files != 4 {
		t.Errorf("plan %+v", p)
	}
	if r := b.clean(); !r.Gone {
		t.Errorf("report %+v, left %q", r, b.list())
	}
}

func TestChangedMediaAreNotProven(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.arrive(b.dir, "data/1.jpg")
	p := b.plan()
	b.put("data/1.jpg", "changed")
	b.refused("unproven data/1.jpg")
	if _, err := p.Execute(t.Context()); !errors.Is(err, clean.ErrChanged) {
		t.Errorf("error %v", err)
	}
	b.want("data/", "data/1.jpg", "metadata.json", "samples.json")
}

func TestNamedMediaStay(t *testing.T) {
	b := newBench(t, "data/1.jpg", "s3://b/2.jpg")
	b.put("data/1.jpg", "one")
	b.put("data/2.jpg", "two")
	b.arrive(b.dir, "data/1.jpg", "data/2.jpg")
	b.refused("named data/1.jpg")
	absolute := newBench(t)
	absolute.put("data/1.jpg", "one")
	absolute.put("samples.json", `{"samples": [{"_id": 1, "filepath": "`+absolute.dir+`/./data//1.jpg"}]}`)
	absolute.arrive(absolute.dir, "data/1.jpg")
	absolute.refused("named data/1.jpg")
}

func TestThroughLinks(t *testing.T) {
	// The same directory under another name, in the dataset, the ledger and the argument.
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(b.dir, alias); err != nil {
		t.Skip(err)
	}
	b.put("samples.json", `{"samples": [{"_id": 1, "filepath": "`+alias+`/data/1.jpg"}]}`)
	b.arrive(alias, "data/1.jpg")
	b.refused("named data/1.jpg")
	b.put("samples.json", `{"samples": [{"_id": 1, "filepath": "s3://b/1.jpg"}]}`)
	p, err := clean.NewPlan(t.Context(), alias, b.options())
	b.must(err)
	if r, err := p.Execute(t.Context()); err != nil || !r.Gone {
		t.Errorf("report %+v, %v, left %q", r, err, b.list())
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	b := newBench(t, "s3://b/1.jpg")
	b.must(os.WriteFile(filepath.Join(outside, "a.json"), []byte(`{"frames": []}`), 0o644))
	b.link("samples", outside)
	b.link("frames.json", filepath.Join(outside, "a.json"))
	b.link("runs/r.json", filepath.Join(outside, "a.json"))
	b.link("data/x.jpg", filepath.Join(outside, "a.json"))
	b.link("data/deep/dir", outside)
	b.link("fields", outside)
	b.link("mine", outside)
	if p := b.plan(); p.Files != 8 || p.Media != 3 || p.UnknownTotal != 1 {
		t.Errorf("plan %+v", p)
	}
	b.clean()
	b.want("mine")
	if text, err := os.ReadFile(filepath.Join(outside, "a.json")); err != nil || string(text) != `{"frames": []}` {
		t.Errorf("a link was followed: %q, %v", text, err)
	}
}

func TestNamedLinksStay(t *testing.T) {
	outside := t.TempDir()
	b := newBench(t, "data/a.jpg", "fields/thumb/1.jpg")
	b.must(os.WriteFile(filepath.Join(outside, "1.jpg"), []byte("one"), 0o644))
	b.link("data/a.jpg", filepath.Join(outside, "1.jpg"))
	b.link("fields/thumb", outside)
	b.refused("named data/a.jpg", "named fields/thumb")
}

// What a scene needs stays as long as the dataset names the scene.
func TestAssetsOfNamedScenes(t *testing.T) {
	b := newBench(t, "data/s.fo3d")
	b.put("data/s.fo3d", `{"children": [{"objPath": "m.obj"}]}`)
	b.put("data/m.obj", "mtllib m.mtl\n")
	b.put("data/m.mtl", "map_Kd t.png\nmap_Ks gone.png\n")
	b.put("data/t.png", "t")
	b.put("data/other.png", "o")
	b.arrive(b.dir, "data/s.fo3d", "data/m.obj", "data/m.mtl", "data/t.png", "data/other.png")
	b.refused("named data/m.mtl", "named data/m.obj", "named data/s.fo3d", "named data/t.png")
	b.put("samples.json", `{"samples": [{"_id": {"$oid": "65a000000000000000000000"}, "filepath": "s3://b/data/s.fo3d"}]}`)
	b.put("data/u.png", "has not arrived")
	b.refused("unproven data/u.png")
	b.must(os.Remove(b.path("data/u.png")))
	if r := b.clean(); !r.Gone {
		t.Errorf("%+v, %q is left", r, b.list())
	}
	b = newBench(t, "data/s.fo3d")
	b.put("data/s.fo3d", "{")
	if _, err := clean.NewPlan(t.Context(), b.dir, b.options()); err == nil || !strings.Contains(err.Error(), "which media a 3D scene needs") {
		t.Error(err)
	}
}

func TestStoppedAndCleanedAgain(t *testing.T) {
	for stop := 1; ; stop++ {
		b := newBench(t, "s3://b/1.jpg")
		for _, name := range []string{"data/1.jpg", "data/a/2.jpg", "samples/1.json", "runs/r.json", "frames.json"} {
			b.put(name, `{"frames": []}`)
		}
		b.arrive(b.dir, "data/1.jpg", "data/a/2.jpg")
		ctx := &dying{Context: t.Context(), left: stop}
		_, err := b.plan().Execute(ctx)
		if err == nil {
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		left := b.list()
		if !slices.Contains(left, "metadata.json") || slices.Contains(left, "data/a/2.jpg") && !slices.Contains(left, "samples.json") {
			t.Fatalf("stopped at %d, there is %q", stop, left)
		}
		if r := b.clean(); !r.Gone {
			t.Errorf("stopped at %d, cleaned again: %+v, left %q", stop, r, b.list())
		}
	}
}

// dying is a context that ends after some questions.
type dying struct {
	context.Context
	left int
}

func (d *dying) Err() error {
	if d.left--; d.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestNotAnExport(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "metadata.json")
	if err := os.WriteFile(other, []byte(`{"license": "MIT"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, file, filepath.Dir(other)} {
		if _, err := clean.NewPlan(t.Context(), d, clean.Options{}); !errors.Is(err, dataset.ErrNotDataset) {
			t.Errorf("%q: error %v", d, err)
		}
	}
	if _, err := clean.NewPlan(t.Context(), filepath.Join(dir, "gone"), clean.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// Whatever FiftyOne writes without media is deleted to the last file.
func TestRealExports(t *testing.T) {
	for _, name := range testexport.Names(t) {
		t.Run(name, func(t *testing.T) {
			e := testexport.Copy(t, name)
			b := &bench{T: t, dir: e.Dir}
			var media bool
			for _, dir := range []string{"data", "fields"} {
				_, err := os.Stat(b.path(dir))
				media = media || err == nil
			}
			p, err := clean.NewPlan(t.Context(), e.Dir, b.options())
			var r *dataset.Refusal
			if media {
				if !errors.As(err, &r) {
					t.Errorf("media inside: %v", err)
				}
				return
			}
			b.must(err)
			if report, err := p.Execute(t.Context()); err != nil || !report.Gone && p.UnknownTotal == 0 {
				t.Errorf("report %+v, %v, left %q", report, err, b.list())
			}
		})
	}
}
