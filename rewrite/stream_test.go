package rewrite_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/rewrite"
)

// A late mapper answers when it has been asked everything, as a program that
// holds its output back does. Asked about a single path, it fails.
type late struct {
	f     func(string) string
	short int // answers left out
	asked *[]string
}

func (late) Map(context.Context, pathmap.Path) (string, error) {
	return "", errors.New("asked one by one")
}

func (m late) Stream(_ context.Context, questions iter.Seq2[pathmap.Path, error]) iter.Seq2[pathmap.Answer, error] {
	return func(yield func(pathmap.Answer, error) bool) {
		var all []pathmap.Path
		for q, err := range questions {
			if err != nil {
				yield(pathmap.Answer{}, err)
				return
			}
			all = append(all, q)
			if m.asked != nil {
				*m.asked = append(*m.asked, q.Path)
			}
		}
		for _, q := range all[:max(0, len(all)-m.short)] {
			to := m.f(q.Path)
			if !yield(pathmap.Answer{Path: q, To: to, Known: to != ""}, nil) {
				return
			}
		}
	}
}

func moves(pairs ...string) func(string) string {
	return func(path string) string {
		for i := 0; i < len(pairs); i += 2 {
			if rest, ok := strings.CutPrefix(path, pairs[i]); ok {
				return pairs[i+1] + rest
			}
		}
		return ""
	}
}

// lateJob has the maps that are given, Mapper or spec.
func (b *bench) lateJob(maps ...any) rewrite.Job {
	b.Helper()
	specs := make([]string, len(maps))
	for i, m := range maps {
		specs[i] = fmt.Sprint("late ", i)
		if spec, ok := m.(string); ok {
			specs[i] = spec
		}
	}
	job := rewrite.Job{Dataset: b.data, Ledger: b.run(specs...), Ledgers: b.dir}
	for i, m := range maps {
		mapper, ok := m.(pathmap.Mapper)
		if !ok {
			var err error
			if mapper, err = pathmap.Parse(specs[i], pathmap.Kinds()); err != nil {
				b.Fatal(err)
			}
		}
		job.Maps = append(job.Maps, rewrite.Map{Spec: specs[i], Mapper: mapper})
	}
	return job
}

// A map that is asked in one go gives the plan that it would one by one.
func TestStreamedPlanIsTheSame(t *testing.T) {
	paths := []string{"/data/1", "/mnt/2", "/x/3", "/y/4", "s3://b/5", "/mnt/6", "/data/1"}
	for i := range 9000 { // more than the ledger hands out at a time
		paths = append(paths, fmt.Sprintf("/mnt/many/%d", i))
	}
	f, g := moves("/mnt", "s3://b/mnt", "/same", "/same", "s3://b", "s3://b"), moves("/y", "gs://y")
	lateRun := func(twice bool) ([]ledger.Value, rewrite.Plan) {
		b := newBench(t, paths...)
		b.data.set(0, "thumb", "/mnt/t/1")
		var maps []any
		if twice {
			maps = []any{"prefix:/data=s3://d", late{f: f}, "prefix:/x=s3://x", pathmap.First(late{f: g}, late{f: g})}
		} else {
			plain := func(f func(string) string) pathmap.Mapper {
				return pathmap.Func(func(p string) (string, bool) { to := f(p); return to, to != "" })
			}
			maps = []any{"prefix:/data=s3://d", plain(f), "prefix:/x=s3://x", plain(g)}
		}
		job := b.lateJob(maps...)
		p, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		values, err := job.Ledger.Examples(t.Context(), 20_000)
		if err != nil {
			t.Fatal(err)
		}
		for i := range values {
			values[i].ID = 0 // the order of planning
		}
		slices.SortFunc(values, func(a, b ledger.Value) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.At, b.At)) })
		plan := *p
		plan.Maps = slices.Clone(p.Maps)
		for i := range plan.Maps {
			plan.Maps[i].Spec = ""
		}
		return values, plan
	}
	gotValues, got := lateRun(true)
	wantValues, want := lateRun(false)
	if len(gotValues) != 9007 || fmt.Sprintf("%+v", gotValues) != fmt.Sprintf("%+v", wantValues) {
		t.Errorf("values %+v, want %+v", gotValues[:8], wantValues[:8])
	}
	if fmt.Sprintf("%+v", got.Maps) != fmt.Sprintf("%+v", want.Maps) || !slices.Equal(got.Fields, want.Fields) ||
		got.Rewritten != want.Rewritten || got.Already != want.Already || got.Unmatched != want.Unmatched {
		t.Errorf("plan %+v, want %+v", got, want)
	}
}

func TestStreamedRefusals(t *testing.T) {
	refused := func(kind string, total int64, opts rewrite.Options, b *bench, maps ...any) {
		t.Helper()
		before := b.data.paths()
		_, err := rewrite.NewPlan(t.Context(), b.lateJob(maps...), opts)
		var r *dataset.Refusal
		if !errors.As(err, &r) || r.Problems[0].Kind != kind || r.Total != total || r.Problems[0].Path == "" {
			t.Errorf("%+v, want %d of kind %s", err, total, kind)
		}
		if !slices.Equal(b.data.paths(), before) {
			t.Error("something changed")
		}
	}
	refused("unmatched", 1, rewrite.Options{}, newBench(t, "/data/1", "/x/2"), late{f: moves("/data", "s3://b")})
	refused("not-idempotent", 2, rewrite.Options{}, newBench(t, "/data/1", "/data/2", "/x/3"),
		"prefix:/x=gs://x", late{f: moves("/data", "/data/new")})
	// The answer of a pattern, changed by a map that is asked in one go, and the
	// other way round.
	refused("not-idempotent", 1, rewrite.Options{}, newBench(t, "/data/1"), `regexp:^/data/=/mnt/`, late{f: moves("/mnt", "s3://b")})
	refused("not-idempotent", 1, rewrite.Options{}, newBench(t, "/data/1"), late{f: moves("/data", "/mnt")}, `regexp:^/mnt/=s3://b/`)
	refused("not-idempotent", 1, rewrite.Options{}, newBench(t, "/data/1"), late{f: moves("/data", "/mnt")}, late{f: moves("/mnt", "s3://b/")})
	refused("unreadable-path", 1, rewrite.Options{}, newBench(t, "/data/1"), late{f: moves("/data", "ftp:/")})
	refused("collision", 2, rewrite.Options{}, newBench(t, "/data/1", "/data/2"), late{f: func(string) string { return "s3://b/one" }})
}

func TestStreamedFailures(t *testing.T) {
	for name, m := range map[string]late{
		"too few": {f: moves("/data", "s3://b"), short: 1},
		"none":    {f: moves("/data", "s3://b"), short: 2},
	} {
		b := newBench(t, "/data/1", "/data/2")
		_, err := rewrite.NewPlan(t.Context(), b.lateJob(m), rewrite.Options{})
		if err == nil || !strings.Contains(err.Error(), "late 0") {
			t.Errorf("%s: %v", name, err)
		}
		b.want("/data/1", "/data/2")
	}
}

// The next night everything is there already: the ledger knows what a map that
// is asked in one go has moved, and only new paths are asked about.
func TestStreamedTwice(t *testing.T) {
	b := newBench(t, "/data/1", "/data/2")
	f := moves("/data", "s3://b")
	night := func() (*rewrite.Plan, ledger.Applied, []string) {
		var asked []string
		p, err := rewrite.NewPlan(t.Context(), b.lateJob(late{f: f, asked: &asked}), rewrite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return p, a, asked
	}
	if _, a, asked := night(); a.Changed != 2 || !slices.Equal(asked, []string{"/data/1", "/data/2", "s3://b/1", "s3://b/2"}) {
		t.Errorf("%+v, asked %q", a, asked)
	}
	b.data.set(1, "thumb", "/data/3")
	p, a, _ := night()
	if p.Already != 2 || p.Rewritten != 1 || a.Changed != 1 {
		t.Errorf("%+v, %+v", p, a)
	}
	b.want("s3://b/1", "s3://b/2", "s3://b/3")
}
