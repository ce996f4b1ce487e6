package rewrite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/rewrite"
)

// A bench is a state folder and a dataset in it.
type bench struct {
	*testing.T
	dir  *ledger.Dir
	data *memory
}

func newBench(t *testing.T, paths ...string) *bench {
	t.Helper()
	dir, err := ledger.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, dir, samples(paths...)}
}

func (b *bench) run(specs ...string) *ledger.Run {
	b.Helper()
	r, err := b.dir.Begin(b.Context(), ledger.Identity{Command: "rewrite", Dataset: "/exports/a", Settings: map[string][]string{"map": specs}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	return r
}

func (b *bench) job(specs ...string) rewrite.Job {
	b.Helper()
	job := rewrite.Job{Dataset: b.data, Ledger: b.run(specs...), Ledgers: b.dir}
	for _, s := range specs {
		m, err := pathmap.Parse(s, pathmap.Kinds())
		if err != nil {
			b.Fatal(err)
		}
		job.Maps = append(job.Maps, rewrite.Map{Spec: s, Mapper: m})
	}
	return job
}

// rewrite plans and commits.
func (b *bench) rewrite(opts rewrite.Options, specs ...string) (*rewrite.Plan, ledger.Applied) {
	b.Helper()
	p, err := rewrite.NewPlan(b.Context(), b.job(specs...), opts)
	if err != nil {
		b.Fatalf("planning %q: %v", specs, err)
	}
	a, err := p.Commit(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return p, a
}

// refused plans, wants a refusal of that kind, and nothing changed.
func (b *bench) refused(kind string, opts rewrite.Options, specs ...string) (*rewrite.Plan, *dataset.Refusal) {
	b.Helper()
	before := b.data.paths()
	p, err := rewrite.NewPlan(b.Context(), b.job(specs...), opts)
	var r *dataset.Refusal
	if !errors.As(err, &r) {
		b.Fatalf("planning %q: %v, want a refusal", specs, err)
	}
	if len(r.Problems) == 0 || r.Problems[0].Kind != kind || r.Hint == "" || r.Total < int64(len(r.Problems)) {
		b.Fatalf("refusal %+v, want kind %s", r, kind)
	}
	if _, err := p.Commit(b.Context()); err == nil {
		b.Error("a refused plan was committed")
	}
	if !slices.Equal(b.data.paths(), before) {
		b.Errorf("a refused plan changed %v to %v", before, b.data.paths())
	}
	return p, r
}

func (b *bench) want(paths ...string) {
	b.Helper()
	if got := b.data.paths(); !slices.Equal(got, paths) {
		b.Errorf("paths are %q, want %q", got, paths)
	}
}

func TestPrefix(t *testing.T) {
	b := newBench(t, "/data/1.jpg", "/data/2.jpg", "s3://b/data/3.jpg")
	b.data.set(0, "thumb", "/data/t/1.jpg")
	b.data.set(1, "thumb", nil)
	b.data.set(1, "gt", d{{Key: "detections", Value: bson.A{d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: "/data/m.png"}}}}})
	b.data.parts[dataset.Frames] = []bson.D{{{Key: "_id", Value: oid(9)}, {Key: "seg", Value: d{{Key: "mask_path", Value: "/data/f.png"}}}}}
	p, a := b.rewrite(rewrite.Options{}, "prefix:/data=s3://b/data")
	b.want("s3://b/data/1.jpg", "s3://b/data/t/1.jpg", "s3://b/data/2.jpg", "s3://b/data/m.png", "s3://b/data/3.jpg", "s3://b/data/f.png")
	if p.Rows != 4 || p.Values != 6 || p.Rewritten != 5 || p.Already != 1 || p.Unmatched != 0 || a.Changed != 3 || a.Values != 5 {
		t.Errorf("plan %+v, applied %+v", p, a)
	}
	if len(p.Fields) < 3 || p.Fields[0] != (rewrite.FieldReport{Field: "filepath", Values: 3, Rewritten: 2, Already: 1}) {
		t.Errorf("fields %+v", p.Fields)
	}
	m := p.Maps[0]
	if m.Rows != 5 || len(m.Examples) != 3 || m.Examples[0] != (rewrite.Example{Before: "/data/1.jpg", After: "s3://b/data/1.jpg"}) {
		t.Errorf("map report %+v", m)
	}
	if len(p.Views) != 1 || p.Views[0].View != "dogs" || p.Views[0].Exact() {
		t.Errorf("found the saved views %v", p.Views)
	}
	updates := b.data.updates
	p, a = b.rewrite(rewrite.Options{}, "prefix:/data=s3://b/data")
	if p.Rewritten != 0 || p.Already != 6 || a != (ledger.Applied{}) || b.data.updates != updates {
		t.Errorf("the second time: plan %+v, applied %+v", p, a)
	}
}

func TestFieldsNarrow(t *testing.T) {
	b := newBench(t, "/data/1.jpg")
	b.data.set(0, "thumb", "/elsewhere/1.jpg")
	b.rewrite(rewrite.Options{Fields: []string{"filepath"}}, "prefix:/data=s3://b")
	b.want("s3://b/1.jpg", "/elsewhere/1.jpg")
	_, err := rewrite.NewPlan(t.Context(), b.job("prefix:/data=s3://b"), rewrite.Options{Fields: []string{"nope"}})
	if !errors.Is(err, dataset.ErrUnknownField) {
		t.Errorf("error %v", err)
	}
}

func TestFirstMapWins(t *testing.T) {
	b := newBench(t, "/data/a/1", "/data/b/1")
	p, _ := b.rewrite(rewrite.Options{}, "prefix:/data/a=s3://a", "prefix:/data=s3://rest")
	b.want("s3://a/1", "s3://rest/b/1")
	if p.Maps[0].Rows != 1 || p.Maps[1].Rows != 1 {
		t.Errorf("maps %+v", p.Maps)
	}
}

func TestUnmatched(t *testing.T) {
	b := newBench(t, "/data/1", "/mnt/nas/x/1", "/mnt/nas/x/2", "gs://old/a/1", "1.jpg", `C:\d\e\f\1.jpg`, "/mnt/nas/y/z/3")
	p, r := b.refused("unmatched", rewrite.Options{}, "prefix:/data=s3://b")
	if r.Total != 6 || p.Unmatched != 6 || p.Rewritten != 1 {
		t.Errorf("total %d, plan %+v", r.Total, p)
	}
	want := []rewrite.PrefixReport{
		{Prefix: "/mnt/nas", Rows: 3, Example: "/mnt/nas/x/1"}, {Prefix: ".", Rows: 1, Example: "1.jpg"},
		{Prefix: `C:\d\e\f`, Rows: 1, Example: `C:\d\e\f\1.jpg`}, {Prefix: "gs://old/a", Rows: 1, Example: "gs://old/a/1"},
	}
	if !slices.Equal(p.Prefixes, want) {
		t.Errorf("prefixes %+v", p.Prefixes)
	}
	b.rewrite(rewrite.Options{KeepUnmatched: true}, "prefix:/data=s3://b")
	b.want("s3://b/1", "/mnt/nas/x/1", "/mnt/nas/x/2", "gs://old/a/1", "1.jpg", `C:\d\e\f\1.jpg`, "/mnt/nas/y/z/3")
}

func TestNothingMatched(t *testing.T) {
	for _, keep := range []bool{false, true} {
		b := newBench(t, "/mnt/1")
		_, r := b.refused("unmatched", rewrite.Options{KeepUnmatched: keep}, "prefix:/data=s3://b")
		if r.Reason != "no path is matched by any map" {
			t.Errorf("reason %q", r.Reason)
		}
	}
	newBench(t).refused("unmatched", rewrite.Options{}, "prefix:/data=s3://b")
}

func TestManyPlacesAreCountedTogether(t *testing.T) {
	paths := []string{"/data/1"}
	for i := range 1500 {
		paths = append(paths, fmt.Sprintf("/p%d/q/x", i))
	}
	p, r := newBench(t, paths...).refused("unmatched", rewrite.Options{}, "prefix:/data=s3://b")
	if len(p.Prefixes) != 1001 || p.Prefixes[0].Rows != 500 || r.Total != 1500 || len(r.Problems) != dataset.KeptProblems {
		t.Errorf("%d prefixes, the first %+v; total %d", len(p.Prefixes), p.Prefixes[0], r.Total)
	}
}

func TestEmptyAndMissingAreLeftAlone(t *testing.T) {
	b := newBench(t, "/data/1", "/data/2")
	b.data.set(0, "thumb", "")
	b.data.set(1, "filepath", nil)
	p, _ := b.rewrite(rewrite.Options{}, "prefix:/data=s3://b")
	b.want("s3://b/1", "", "")
	if p.Skipped != 2 || !strings.Contains(strings.Join(p.Warnings, "\n"), "2 values are empty") {
		t.Errorf("skipped %d, warnings %q", p.Skipped, p.Warnings)
	}
}

func TestNotIdempotent(t *testing.T) {
	for _, specs := range [][]string{
		{`regexp:^.*/([^/]*)$=/data/new-$1`},
		{"template:s3://b{{.Path}}/x"},
		{`regexp:^/data/=/mnt/`, "prefix:/mnt=s3://b"},
	} {
		_, r := newBench(t, "/data/1", "/data/2").refused("not-idempotent", rewrite.Options{}, specs...)
		if r.Total != 2 || r.Problems[0].Path != "/data/1" || r.Problems[0].URL == "" {
			t.Errorf("%q: %+v", specs, r)
		}
	}
	b := newBench(t, "/data/1")
	b.rewrite(rewrite.Options{}, `regexp:^/data/=s3://b/`)
	b.rewrite(rewrite.Options{KeepUnmatched: true}, `template:s3://c/{{.Base}}`)
	p, _ := b.rewrite(rewrite.Options{}, `template:s3://c/{{.Base}}`)
	b.want("s3://c/1")
	if p.Already != 1 {
		t.Errorf("plan %+v", p)
	}
}

func TestUnreadable(t *testing.T) {
	for _, to := range []string{
		"s3:/b/x", "s3:b/x", "s3://", "s3:///x", "s3://b", "s3://b/", "ftp://h/x", "S3://b/x", "file:///x", "x/y", "./x", "~/x",
		"C:x", "C:", `\x`, "/a\x00b", "/a\tb", "/a\x7f", "s3://b/\xff", "az2://c/x",
	} {
		b := newBench(t, "/data/1")
		job := b.job()
		job.Maps = []rewrite.Map{{Spec: "mine", Mapper: pathmap.Func(func(p string) (string, bool) { return to, p == "/data/1" })}}
		p, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{KeepUnmatched: true})
		var r *dataset.Refusal
		if !errors.As(err, &r) || r.Problems[0].Kind != "unreadable-path" || r.Problems[0].Hint == "" {
			t.Errorf("%q: %+v, %v", to, p, err)
		}
	}
	for _, to := range []string{
		"/x", "//host/x", `C:\x`, "C:/x", `\\host\share\x`, "s3://b/x", "gs://b/a b#?%", "az://c/x", "minio://b/x",
		"https://account.blob.core.windows.net/c/x", "http://host:9000/b/x", "az2://c/x", "/data/s3://x",
	} {
		b := newBench(t, "/data/1")
		job := b.job()
		job.Maps = []rewrite.Map{{Spec: "mine", Mapper: pathmap.Func(func(p string) (string, bool) { return to, p == "/data/1" })}}
		if _, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{Schemes: []string{"az2"}}); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestCollision(t *testing.T) {
	b := newBench(t, "/a/1.jpg", "/b/1.jpg", "/b/2.jpg", "/c/1.jpg", "/a/1.jpg")
	_, r := b.refused("collision", rewrite.Options{}, "template:s3://b/{{.Base}}")
	if r.Total != 3 {
		t.Errorf("total %d: %+v", r.Total, r.Problems)
	}
	for i, path := range []string{"/a/1.jpg", "/b/1.jpg", "/c/1.jpg"} {
		if p := r.Problems[i]; p.Path != path || p.URL != "s3://b/1.jpg" || p.ID == "" {
			t.Errorf("problem %d: %+v", i, p)
		}
	}
	b.refused("collision", rewrite.Options{}, "prefix:/a=s3://b", `regexp:^/[bc]/=s3://b/`)
	same := newBench(t, "/a//x/1", "/a/x/1", "/a/x/1")
	same.rewrite(rewrite.Options{}, "prefix:/a=s3://b", "prefix:/zzz=s3://b")
	same.want("s3://b/x/1", "s3://b/x/1", "s3://b/x/1")
	for _, specs := range [][]string{{`prefix:C:\d=s3://b`, "prefix:/a=s3://b", "prefix:/zzz=s3://b"}, {"prefix:C:/d=s3://b/windows", "template:s3://b/{{.Base}}"}} {
		p, err := rewrite.NewPlan(t.Context(), newBench(t, `C:\d\1`, "C:/d/1", "/a/2", "/a//2").job(specs...), rewrite.Options{})
		if err != nil || len(p.Warnings) != 0 {
			t.Errorf("%q: %+v, %v", specs, p, err)
		}
	}
}

func TestPrefixMapsMeet(t *testing.T) {
	b := newBench(t, "/mnt/data/1", "/data/1", "/data/2")
	p, _ := b.rewrite(rewrite.Options{}, "prefix:/mnt/data=s3://b", "prefix:/data=s3://b")
	b.want("s3://b/1", "s3://b/1", "s3://b/2")
	if w := strings.Join(p.Warnings, "\n"); !strings.Contains(w, "1 new paths") || !strings.Contains(w, `"/mnt/data/1"`) {
		t.Errorf("warnings %q", w)
	}
}

func TestMapperError(t *testing.T) {
	b := newBench(t, "/data/1")
	job := b.job()
	broken := errors.New("broken")
	job.Maps = []rewrite.Map{{Spec: "mine", Mapper: pathmap.MapperFunc(func(context.Context, pathmap.Path) (string, error) { return "", broken })}}
	_, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "/data/1") || !strings.Contains(err.Error(), "mine") {
		t.Errorf("error %v", err)
	}
}

func TestMapperIsToldWhere(t *testing.T) {
	b := newBench(t, "/data/1")
	b.rewrite(rewrite.Options{}, `template:s3://b/{{.Field}}/{{.ID}}/{{.Base}}`)
	b.want("s3://b/filepath/" + oid(0).Hex() + "/1")
}

func TestCheck(t *testing.T) {
	paths := []string{"/data/gone", "/data/gone"}
	for i := range 300 {
		paths = append(paths, fmt.Sprint("/data/", i))
	}
	var calls atomic.Int64
	check := func(_ context.Context, p string) error {
		calls.Add(1)
		if filepath.Base(p) == "gone" {
			return errors.New("no such object")
		}
		return nil
	}
	b := newBench(t, paths...)
	_, r := b.refused("missing", rewrite.Options{Check: check}, "prefix:/data=s3://b")
	if r.Total != 1 || r.Problems[0].URL != "s3://b/gone" || r.Problems[0].Hint != "no such object" || calls.Load() != 301 {
		t.Errorf("%d calls, refusal %+v", calls.Load(), r)
	}
	calls.Store(0)
	_, err := rewrite.NewPlan(t.Context(), b.job("prefix:/data=s3://b"), rewrite.Options{CheckSample: 7,
		Check: func(context.Context, string) error { calls.Add(1); return nil }})
	if err != nil || calls.Load() != 7 {
		t.Errorf("a sample of 7: %d calls, %v", calls.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = rewrite.NewPlan(ctx, b.job("prefix:/data=s3://b"), rewrite.Options{
		Check: func(ctx context.Context, _ string) error { cancel(); return ctx.Err() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
