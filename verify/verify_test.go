package verify_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/verify"
)

func TestEachPathIsLookedAtOnce(t *testing.T) {
	s := holding(map[string]string{"a": "aa", "b": "bb", "t": "tt", "f": "ff"})
	thumb := func(path string) bson.E { return bson.E{Key: "thumb", Value: path} }
	m := docs(
		sample("s3://b/a", -1, thumb("s3://b/t")), sample("s3://b/a", -1, thumb("s3://b/t")),
		sample("", -1, thumb("s3://b/b")), sample("s3://b/b", -1), sample("s3://b/gone", -1), sample("s3://b/gone", -1),
		d{thumb("s3://b/t")},
	)
	m.frames = func(yield func(d) bool) {
		yield(d{{Key: "_id", Value: oid(1000)}, {Key: "filepath", Value: "s3://b/f"}})
	}
	r := check(t, job(m, s), verify.Options{})
	for i, want := range []verify.Field{
		{Name: "filepath", Paths: 5, Empty: 2, Objects: 3, Existence: 2, Missing: 1, Bytes: 4},
		{Name: "thumb", Paths: 4, Objects: 1, Existence: 1, Bytes: 2},
		{Name: "frames.filepath", Paths: 1, Objects: 1, Existence: 1, Bytes: 2},
		{Paths: 10, Empty: 2, Objects: 5, Existence: 4, Missing: 1, Bytes: 8},
	} {
		if got := append(r.Fields, r.Total)[i]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for key, n := range s.stats {
		if n != 1 {
			t.Errorf("%q was looked at %d times", key, n)
		}
	}
	if r.Looked != 5 || s.checks != 1 || r.Wrong() != 1 {
		t.Errorf("looked at %d, %d wrong, %d checks", r.Looked, r.Wrong(), s.checks)
	}
	if p := r.Problems; len(p) != 1 || p[0].ID != oid(4).Hex() || p[0].Field != "filepath" || p[0].Kind != "missing" ||
		p[0].Path != "s3://b/gone" || !strings.Contains(p[0].Hint, "1 more values name it") {
		t.Errorf("problems %+v", p)
	}
}

func TestBestKnowledgeWins(t *testing.T) {
	const url = "s3://b/a"
	changed := sent(url, "aa")
	changed.State, changed.Size = ledger.FilePlanned, 777
	md5 := sent(url, "aa")
	md5.Checksum, md5.ETag = "MD5:xxxx", "other"
	etag := md5
	etag.ETag = "etag of a"
	for _, tt := range []struct {
		name  string
		known []ledger.File
		size  int64
		want  string
	}{
		{"nothing", nil, -1, "1 existence"},
		{"metadata", nil, 2, "1 size"},
		{"other metadata", nil, 3, "1 different"},
		{"ledger", []ledger.File{sent(url, "aa")}, -1, "1 checksum"},
		{"ledger and metadata", []ledger.File{sent(url, "aa")}, 2, "1 checksum"},
		{"metadata deny what a run sent", []ledger.File{sent(url, "aa")}, 3, "1 different"},
		{"other bytes", []ledger.File{sent(url, "ab")}, -1, "1 different"},
		{"other size", []ledger.File{sent(url, "aaa")}, -1, "1 different"},
		{"one of two runs", []ledger.File{sent(url, "ab"), sent(url, "aa")}, -1, "1 checksum"},
		{"the source changed since", []ledger.File{changed}, -1, "1 checksum"},
		{"another algorithm", []ledger.File{md5}, -1, "1 size"},
		{"the same ETag", []ledger.File{etag}, -1, "1 checksum"},
		{"another file", []ledger.File{sent("s3://b/z", "zz")}, -1, "1 existence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := holding(map[string]string{"a": "aa"})
			r := check(t, job(docs(sample(url, tt.size)), s, tt.known...), verify.Options{})
			if got := summary(r.Total); got != tt.want {
				t.Errorf("got %q, want %q: %+v", got, tt.want, r.Problems)
			}
		})
	}
}

func TestSamplesThatDisagree(t *testing.T) {
	s := holding(map[string]string{"a": "aa", "s.fo3d": "{}"})
	m := docs(sample("s3://b/a", 2), sample("s3://b/a", -1), sample("s3://b/a", 5), sample("s3://b/s.fo3d", 77))
	r := check(t, job(m, s), verify.Options{})
	if got := summary(r.Total); got != "1 existence 1 different" || !strings.Contains(r.Problems[0].Hint, "say 5") {
		t.Errorf("%s %+v", got, r.Problems)
	}
}

func TestScenesAreSentRewritten(t *testing.T) {
	s := holding(map[string]string{"s.fo3d": "rewritten"})
	f := sent("s3://b/s.fo3d", "rewritten")
	f.Variant, f.LocalSize, f.Local = "v", 3, filepath.Join(t.TempDir(), "none")
	r := check(t, job(docs(sample(f.URL, 3)), s, f), verify.Options{Source: true, Download: true})
	if got := summary(r.Total); got != "1 checksum" || r.NoSource != 1 {
		t.Errorf("%s %+v", got, r)
	}
}

func TestAssetsOfScenes(t *testing.T) {
	s := holding(map[string]string{"s.fo3d": "{}", "t.fo3d": "{}", "m.obj": "mesh", "c.pcd": "changed"})
	files := []ledger.File{sent("s3://b/m.obj", "mesh"), sent("s3://b/c.pcd", "cloud"), sent("s3://b/gone.png", "x")}
	m := docs(sample("s3://b/s.fo3d", 1), sample("s3://b/t.fo3d", 1), sample("s3://b/c.pcd", 5))
	j := job(m, s, files...)
	j.Needed = func(_ context.Context, url string) (list []ledger.Sent, err error) {
		if !strings.HasSuffix(url, ".fo3d") {
			t.Errorf("asked for what %s needs", url)
		}
		for _, f := range files {
			list = append(list, ledger.Sent{File: f})
		}
		return list, nil
	}
	r := check(t, j, verify.Options{})
	if got := summary(r.Total); got != "1 checksum 2 existence 1 missing 1 different" || r.Total.Paths != 3 || r.Total.Objects != 5 || r.Total.Assets != 2 {
		t.Errorf("%s %+v", got, r)
	}
	if len(r.Problems) != 2 || r.Problems[0].Path != "s3://b/c.pcd" || strings.Contains(r.Problems[0].Hint, "an asset") ||
		r.Problems[1].ID == "" || !strings.Contains(r.Problems[1].Hint, "an asset of s3://b/s.fo3d") {
		t.Errorf("%+v", r.Problems)
	}
	j.Needed = func(context.Context, string) ([]ledger.Sent, error) { return nil, ledger.ErrFull }
	if _, err := verify.Verify(t.Context(), j, verify.Options{}); !errors.Is(err, ledger.ErrFull) {
		t.Error(err)
	}
}

func TestWhatCannotBeSeenIsNotMissing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		check  error
		n      int
		stats  int
		checks int
	}{
		{"denied", bucket.ErrDenied, nil, 3, 3, 1},
		{"denied, as is the bucket", bucket.ErrDenied, bucket.ErrDenied, 3, 3, 1},
		{"stays temporary", bucket.ErrTemporary, nil, 2, 4, 1},
		{"no bucket", nil, bucket.ErrNoBucket, 3, 0, 1},
		{"unreachable from the beginning", nil, bucket.ErrUnreachable, 3, 0, 2},
		{"unreachable on the way", bucket.ErrUnreachable, nil, 500, 101, 1},
		{"anything else", errors.New("x"), nil, 1, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := holding(nil)
			s.check = tt.check
			var list []d
			for i := range tt.n {
				key := fmt.Sprint(i)
				if tt.err != nil {
					s.objects[key] = object{err: tt.err}
				}
				list = append(list, sample("s3://b/"+key, -1))
			}
			r := check(t, job(docs(list...), s), verify.Options{Tries: 2, Workers: 1})
			stats := 0
			for _, n := range s.stats {
				stats += n
			}
			if got := summary(r.Total); got != fmt.Sprintf("%d unseen", tt.n) || stats != tt.stats || s.checks != tt.checks {
				t.Errorf("%s after %d lookups and %d checks", got, stats, s.checks)
			}
			if len(r.Problems) != min(tt.n, 100) || r.Problems[0].Kind != "unseen" || r.Problems[0].ID != oid(0).Hex() || r.Problems[0].Hint == "" {
				t.Errorf("%d problems, the first %+v", len(r.Problems), r.Problems[0])
			}
		})
	}
}

func TestURLsOfNoStore(t *testing.T) {
	m := docs(sample("ftp://h/a", -1), sample("s3://b", -1), sample("s3://b/", -1), sample("https://h/a/b", -1), sample("s3:///a", -1))
	r := check(t, job(m, holding(nil)), verify.Options{})
	if got := summary(r.Total); got != "5 unseen" {
		t.Errorf("%s %+v", got, r.Problems)
	}
}

func TestDownload(t *testing.T) {
	const url = "s3://b/a"
	for _, tt := range []struct {
		name   string
		known  []ledger.File
		change func(*object)
		want   string
	}{
		{"well", []ledger.File{sent(url, "aa")}, func(*object) {}, "1 checksum"},
		{"in no ledger", nil, func(*object) {}, "1 existence"},
		{"other bytes than the store says", []ledger.File{sent(url, "aa")}, func(o *object) { o.text = "ab" }, "1 different"},
		{"other bytes, in no ledger", nil, func(o *object) { o.text = "ab" }, "1 different"},
		{"other bytes, and the store says nothing", []ledger.File{sent(url, "aa")},
			func(o *object) { o.text, o.Checksums, o.ETag = "ab", nil, "" }, "1 different"},
		{"the store says nothing", []ledger.File{sent(url, "aa")}, func(o *object) { o.Checksums, o.ETag = nil, "" }, "1 checksum"},
		{"shorter", []ledger.File{sent(url, "aa")}, func(o *object) { o.text = "a" }, "1 different"},
		{"cut off", []ledger.File{sent(url, "aa")}, func(o *object) { o.read = bucket.ErrTemporary }, "1 unseen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := holding(map[string]string{"a": "aa"})
			s.change("a", tt.change)
			r := check(t, job(docs(sample(url, -1)), s, tt.known...), verify.Options{Download: true, Tries: 2})
			if got := summary(r.Total); got != tt.want {
				t.Errorf("got %q, want %q: %+v", got, tt.want, r.Problems)
			}
		})
	}
}

func TestSource(t *testing.T) {
	local := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(local, []byte("aa"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := func(path string, change func(*ledger.File)) []ledger.File {
		f := sent("s3://b/a", "aa")
		f.Local = path
		change(&f)
		return []ledger.File{f}
	}
	same := func(*ledger.File) {}
	for _, tt := range []struct {
		name     string
		known    []ledger.File
		text     string
		silent   bool // the store tells no checksum
		want     string
		noSource int64
		reads    int
	}{
		{"well", from(local, same), "aa", false, "1 checksum", 0, 0},
		{"in no ledger", nil, "aa", false, "1 existence", 1, 0},
		{"the store tells no checksum", from(local, func(f *ledger.File) { f.Checksum = "" }), "aa", true, "1 checksum", 0, 1},
		{"the store tells an ETag", from(local, func(f *ledger.File) { f.ETag = "etag of a" }), "aa", true, "1 checksum", 0, 0},
		{"gone", from(local+"x", same), "aa", false, "1 unseen", 0, 0},
		{"a directory", from(filepath.Dir(local), same), "aa", false, "1 unseen", 0, 0},
		{"changed since", from(local, func(f *ledger.File) { f.State, f.Checksum = ledger.FilePlanned, "CRC64NVME:"+crc64("ab") }), "ab", false, "1 different", 0, 0},
		{"longer since", from(local, func(f *ledger.File) { f.State, f.Checksum = ledger.FilePlanned, "CRC64NVME:"+crc64("abc") }), "abc", false, "1 different", 0, 0},
		{"other bytes of the same size", from(local, func(f *ledger.File) { f.Checksum = "" }), "ab", true, "1 different", 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := holding(map[string]string{"a": tt.text})
			if tt.silent {
				s.change("a", func(o *object) { o.Checksums = nil })
			}
			r := check(t, job(docs(sample("s3://b/a", -1)), s, tt.known...), verify.Options{Source: true})
			if got := summary(r.Total); got != tt.want || r.NoSource != tt.noSource || s.stats["open a"] != tt.reads {
				t.Errorf("got %q, %d without source, %d reads: %+v", got, r.NoSource, s.stats["open a"], r.Problems)
			}
		})
	}
}

func TestLocalFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, []byte("aa"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := docs(sample("a.png", 2), sample("./a.png", 2), sample(path, 3), sample("gone.png", -1), sample(".", -1), sample(`C:\x`, -1))
	j := job(m, nil)
	j.Dir = dir
	if got := summary(check(t, j, verify.Options{}).Total); got != "1 size 2 missing 1 different 1 unseen" {
		t.Errorf("%s", got)
	}
	for text, want := range map[string]string{"aa": "1 checksum", "ab": "1 different"} {
		j = job(docs(sample(path, -1)), nil, sent(path, text))
		if got := summary(check(t, j, verify.Options{}).Total); got != "1 size" {
			t.Errorf("%s", got)
		}
		if got := summary(check(t, j, verify.Options{Download: true}).Total); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestSampleAndFields(t *testing.T) {
	var list []d
	objects := map[string]string{}
	for i := range 50 {
		objects[fmt.Sprint(i)] = "x"
		list = append(list, sample(fmt.Sprintf("s3://b/%d", i), -1, bson.E{Key: "thumb", Value: "s3://b/0"}))
	}
	s := holding(objects)
	var last verify.Progress
	r := check(t, job(docs(list...), s), verify.Options{Sample: 7, Progress: func(p verify.Progress) { last = p }})
	if r.Looked != 7 || len(s.stats) != 7 || r.Total.Objects != 50 || r.Total.Paths != 100 || last.Total != 7 || last.Done != 7 {
		t.Errorf("%+v, %d looked at, %+v", r, len(s.stats), last)
	}
	if r := check(t, job(docs(list...), s), verify.Options{Sample: 70}); r.Looked != 50 {
		t.Errorf("%+v", r)
	}
	if r := check(t, job(docs(list...), s), verify.Options{Fields: []string{"thumb"}}); r.Looked != 1 || len(r.Fields) != 1 {
		t.Errorf("%+v", r)
	}
	_, err := verify.Verify(t.Context(), job(docs(list...), s), verify.Options{Fields: []string{"nope"}})
	if !errors.Is(err, dataset.ErrUnknownField) {
		t.Error(err)
	}
}

func TestStopped(t *testing.T) {
	var list []d
	s := holding(nil)
	for i := range 3000 {
		list = append(list, sample(fmt.Sprintf("s3://b/%d", i), -1))
	}
	asked := errors.New("asked to")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := verify.Verify(ctx, job(docs(list...), s), verify.Options{Progress: func(p verify.Progress) {
		if p.Phase == "verifying" && p.Done == 10 {
			cancel(asked)
		}
	}})
	if !errors.Is(err, asked) || r.Looked != 10 || r.Total.Missing != 10 || len(s.stats) > 100 {
		t.Errorf("%v after %d, %d lookups", err, r.Looked, len(s.stats))
	}
	broken := job(docs(list...), s)
	broken.Sent = func(context.Context, string) iter.Seq2[ledger.Sent, error] {
		return func(yield func(ledger.Sent, error) bool) { yield(ledger.Sent{}, ledger.ErrFull) }
	}
	s.objects = holding(map[string]string{"5": "x"}).objects
	if _, err := verify.Verify(t.Context(), broken, verify.Options{}); !errors.Is(err, ledger.ErrFull) {
		t.Error(err)
	}
}
