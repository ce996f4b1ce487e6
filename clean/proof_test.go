package clean_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/clean"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/ledger"
)

// What a ledger says proves nothing unless the store says so now, of the bytes that
// the file has now.
func TestProof(t *testing.T) {
	const name = "data/1.jpg"
	for _, tt := range []struct {
		name, want string // kind of refusal, empty where it is proven
		to         string
		do         func(b *bench, run *ledger.Run, to string)
	}{
		{"sound", "", "mem://b", func(*bench, *ledger.Run, string) {}},
		{"sound on disk", "", "", func(*bench, *ledger.Run, string) {}},
		{"gone", "gone", "mem://b", func(b *bench, _ *ledger.Run, to string) { b.drop(to + "/" + name) }},
		{"gone from disk", "gone", "", func(b *bench, _ *ledger.Run, to string) { b.must(os.RemoveAll(to)) }},
		{"replaced", "changed", "mem://b", func(b *bench, _ *ledger.Run, to string) { b.store(to+"/"+name, "another size") }},
		{"replaced by as many bytes", "changed", "mem://b", func(b *bench, _ *ledger.Run, to string) { b.store(to+"/"+name, "ONE") }},
		{"replaced on disk with its time kept", "changed", "", func(b *bench, _ *ledger.Run, to string) { b.swap(filepath.Join(to, name), "ONE") }},
		{"equal bytes again", "", "mem://b", func(b *bench, _ *ledger.Run, to string) { b.store(to+"/"+name, "one") }},
		{"equal bytes again on disk", "", "", func(b *bench, _ *ledger.Run, to string) { b.store(to+"/"+name, "one") }},
		{"another file of that size and time", "unproven", "mem://b", func(b *bench, _ *ledger.Run, _ string) { b.swap(b.path(name), "ONE") }},
		{"both replaced alike", "unproven", "mem://b", func(b *bench, _ *ledger.Run, to string) {
			b.swap(b.path(name), "ONE")
			b.store(to+"/"+name, "ONE")
		}},
		{"touched", "", "mem://b", func(b *bench, _ *ledger.Run, _ string) {
			b.must(os.Chtimes(b.path(name), time.Time{}, time.Unix(1, 0)))
		}},
		{"never confirmed", "unproven", "mem://b", func(b *bench, run *ledger.Run, _ string) {
			b.record(run, func(f *ledger.File) { f.Checksum, f.ETag = "", "" })
		}},
		{"only a version confirmed", "", "mem://b", func(b *bench, run *ledger.Run, _ string) { b.record(run, func(f *ledger.File) { f.Checksum = "" }) }},
		{"not sent", "unproven", "mem://b", func(b *bench, run *ledger.Run, _ string) {
			b.record(run, func(f *ledger.File) { f.State = ledger.FileFailed })
		}},
		{"the object is the file, by a link", "unproven", "", func(b *bench, _ *ledger.Run, to string) {
			b.must(os.Remove(filepath.Join(to, name)))
			b.must(os.Symlink(b.path(name), filepath.Join(to, name)))
		}},
		{"the object is the file, by a second name", "unproven", "", func(b *bench, _ *ledger.Run, to string) {
			b.must(os.Remove(filepath.Join(to, name)))
			b.must(os.Link(b.path(name), filepath.Join(to, name)))
		}},
		{"the target is the export, by a link", "unproven", "", func(b *bench, _ *ledger.Run, to string) {
			b.must(os.RemoveAll(to))
			b.must(os.Symlink(b.dir, to))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, "s3://b/1.jpg")
			b.put(name, "one")
			to := tt.to
			if to == "" {
				to = filepath.Join(t.TempDir(), "target")
			}
			tt.do(b, b.send(b.dir, to, name), to)
			if tt.want != "" {
				b.refused(tt.want + " " + name)
			} else if r := b.clean(); !r.Gone {
				t.Errorf("report %+v, left %q", r, b.list())
			}
		})
	}
}

// drop removes an object.
func (b *bench) drop(url string) {
	b.Helper()
	store, key, err := b.clouds.Object(b.Context(), url)
	b.must(err)
	b.must(store.Delete(b.Context(), key))
}

// swap puts other bytes into a file, whose time stays.
func (b *bench) swap(path, text string) {
	b.Helper()
	info, err := os.Stat(path)
	b.must(err)
	b.must(os.WriteFile(path, []byte(text), 0o600))
	b.must(os.Chtimes(path, info.ModTime(), info.ModTime()))
}

// record changes what a ledger says of its files.
func (b *bench) record(run *ledger.Run, change func(*ledger.File)) {
	b.Helper()
	var files []ledger.File
	for f, err := range run.Objects(b.Context()) {
		b.must(err)
		change(&f)
		files = append(files, f)
	}
	b.must(run.Record(b.Context(), files))
}

// A target in the export is no proof, and its objects are in use.
func TestTargetInside(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.send(b.dir, b.path("data/copy"), "data/1.jpg")
	b.refused("named data/copy/data/1.jpg")
	b.must(os.RemoveAll(b.path("data/copy")))
	b.refused("unproven data/1.jpg")
}

// The objects that are still in the export are in use however many others were there, and
// whatever proves that their bytes are elsewhere too.
func TestManyObjectsInside(t *testing.T) {
	const n = 2*dataset.KeptProblems + 50
	b := newBench(t, "s3://b/1.jpg")
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("data/%03d.jpg", i))
		b.put(names[i], fmt.Sprint(i))
	}
	b.send(b.dir, b.path("data/copy"), names...)
	for _, name := range names[:n-1] {
		b.must(os.Remove(b.path(name)))
		b.must(os.Remove(b.path("data/copy/" + name)))
	}
	last := "data/copy/" + names[n-1]
	b.must(os.Remove(b.path(names[n-1])))
	b.arrive(b.dir, last)
	b.refused("named " + last)
}

// One row of several is enough; which ledger has it does not matter.
func TestSeveralRows(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	for _, to := range []string{"mem://b/x", "mem://b/y", "mem://b/z"} {
		b.send(b.dir, to, "data/1.jpg")
	}
	b.drop("mem://b/x/data/1.jpg")
	b.store("mem://b/z/data/1.jpg", "ONE")
	p := b.plan()
	b.drop("mem://b/y/data/1.jpg")
	if _, err := clean.NewPlan(t.Context(), b.dir, b.options()); err == nil {
		t.Error("no object is left, and it is planned all the same")
	}
	if r, err := p.Execute(t.Context()); err != nil || !r.Gone {
		t.Errorf("%+v, %v", r, err)
	}
}

// A blind store answers nothing but an error.
type blind struct {
	bucket.Store
	err error
}

func (s blind) Stat(context.Context, string) (bucket.Object, error) { return bucket.Object{}, s.err }

// A mute store describes its objects without a checksum, and lets none be read.
type mute struct{ bucket.Store }

func (s mute) Stat(ctx context.Context, key string) (bucket.Object, error) {
	obj, err := s.Store.Stat(ctx, key)
	obj.Checksums, obj.ETag = nil, "opaque"
	return obj, err
}

func (mute) Open(context.Context, string) (io.ReadCloser, error) {
	return nil, fmt.Errorf("%w: it is archived", bucket.ErrDenied)
}

// What cannot be seen is no proof.
func TestUnseen(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.arrive(b.dir, "data/1.jpg")
	for _, err := range []error{bucket.ErrDenied, bucket.ErrUnreachable, bucket.ErrNoBucket, errors.New("whatever")} {
		b.opts.Object = func(ctx context.Context, _ ledger.Identity, url string) (bucket.Store, string, error) {
			store, key, err2 := b.clouds.Object(ctx, url)
			return &blind{store, err}, key, err2
		}
		b.refused("unseen data/1.jpg")
	}
	b.opts.Object = func(ctx context.Context, by ledger.Identity, url string) (bucket.Store, string, error) {
		if by.Dataset != b.dir {
			t.Errorf("sent by %+v", by)
		}
		store, key, err := b.clouds.Object(ctx, url)
		return &mute{store}, key, err
	}
	b.refused("unseen data/1.jpg")
	b.opts.Object = func(context.Context, ledger.Identity, string) (bucket.Store, string, error) {
		return nil, "", errors.New("no credentials")
	}
	b.refused("unseen data/1.jpg")
}

// reach has the clean ask these datasets too.
func (b *bench) reach(list ...clean.Named) {
	b.opts.Reach = func(yield func(clean.Named, error) bool) {
		for _, n := range list {
			if !yield(n, nil) {
				return
			}
		}
	}
}

// Media that another dataset names stay, however it names them.
func TestNamedElsewhere(t *testing.T) {
	links := t.TempDir()
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.arrive(b.dir, "data/1.jpg")
	if err := os.Symlink(b.path("data"), filepath.Join(links, "dir")); err != nil {
		t.Skip(err)
	}
	b.must(os.Symlink(b.path("data/1.jpg"), filepath.Join(links, "file.jpg")))
	b.must(os.Symlink(filepath.Join(links, "file.jpg"), filepath.Join(links, "again.jpg")))
	b.must(os.WriteFile(filepath.Join(links, "s.fo3d"), []byte(`{"children": [{"pcdPath": "`+b.path("data/1.jpg")+`"}]}`), 0o600))
	rel, err := filepath.Rel(links, b.path("data/1.jpg"))
	b.must(err)
	for _, value := range []string{
		b.path("data/1.jpg"), b.path("data/./1.jpg"), "file://" + b.path("data/1.jpg"), filepath.Join(links, "dir", "1.jpg"),
		filepath.Join(links, "file.jpg"), filepath.Join(links, "again.jpg"), filepath.Join(links, "s.fo3d"), rel,
		links + "/dir/../data/1.jpg", strings.ToUpper(b.path("data")) + "/1.jpg",
	} {
		other := newBench(t, value)
		if strings.HasPrefix(value, strings.ToUpper(b.dir[:len(b.dir)/2])) {
			continue // only where the file system folds case
		}
		store, err := dirstore.Open(other.dir)
		b.must(err)
		b.reach(clean.Named{Name: "other", Dataset: store, Dir: links})
		b.refused("named data/1.jpg")
	}
	other := newBench(t, links+"/nothing.jpg", "s3://b/data/1.jpg", b.dir+"/../elsewhere/1.jpg")
	store, err := dirstore.Open(other.dir)
	b.must(err)
	b.reach(clean.Named{Name: "other", Dataset: store})
	if r := b.clean(); !r.Gone {
		t.Errorf("%+v", r)
	}
}

// A dataset that cannot be read may name anything.
func TestUnreadableReach(t *testing.T) {
	b := newBench(t, "s3://b/1.jpg")
	b.put("data/1.jpg", "one")
	b.arrive(b.dir, "data/1.jpg")
	other := newBench(t, "x.jpg")
	other.put("samples.json", `{"samples": [{"_id": 1, "filepath": "a`)
	store, err := dirstore.Open(other.dir)
	b.must(err)
	b.reach(clean.Named{Name: "other", Dataset: store})
	var r *dataset.Refusal
	if _, err := clean.NewPlan(t.Context(), b.dir, b.options()); !errors.As(err, &r) || !strings.Contains(r.Reason, "other") {
		t.Error(err)
	}
	away := errors.New("the database is away")
	b.opts.Reach = func(yield func(clean.Named, error) bool) { yield(clean.Named{}, away) }
	if _, err := clean.NewPlan(t.Context(), b.dir, b.options()); !errors.Is(err, away) {
		t.Error(err)
	}
	b.want("data/", "data/1.jpg", "metadata.json", "samples.json")
}

// What changes behind the proof stays, even if its size and time do not tell.
func TestChangedBehindTheProof(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(b *bench)
	}{
		{"bytes", func(b *bench) { b.swap(b.path("data/2.jpg"), "TWO") }},
		{"another file", func(b *bench) {
			b.must(os.Remove(b.path("data/2.jpg")))
			b.put("data/2.jpg", "two")
		}},
		{"one more", func(b *bench) { b.put("data/3.jpg", "three") }},
		{"documents", func(b *bench) {
			b.put("samples.json", `{"samples": [{"_id": {"$oid": "65a000000000000000000000"}, "filepath": "data/1.jpg"}]}`)
		}},
		{"one more document", func(b *bench) { b.put("runs/r.json", "{}") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, "s3://b/1.jpg", "s3://b/2.jpg")
			b.put("data/1.jpg", "one")
			b.put("data/2.jpg", "two")
			b.arrive(b.dir, "data/1.jpg", "data/2.jpg")
			p := b.plan()
			tt.do(b)
			before := b.list()
			if _, err := p.Execute(t.Context()); !errors.Is(err, clean.ErrChanged) {
				t.Error(err)
			}
			if after := b.list(); len(after) != len(before) {
				t.Errorf("%q is left of %q", after, before)
			}
		})
	}
}
