package rewrite_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/rewrite"
)

const nested = "prefix:s3://b=s3://b/archive"

func TestNestedTwice(t *testing.T) {
	b := newBench(t, "s3://b/1", "s3://b/x/2")
	b.rewrite(rewrite.Options{}, nested)
	b.want("s3://b/archive/1", "s3://b/archive/x/2")
	for range 2 {
		p, a := b.rewrite(rewrite.Options{}, nested)
		if p.Already != 2 || p.Rewritten != 0 || a.Changed != 0 {
			t.Errorf("again: plan %+v, applied %+v", p, a)
		}
		b.want("s3://b/archive/1", "s3://b/archive/x/2")
	}
	// A sample that came since is rewritten; one that stood there is doubtful.
	b.data.set(1, "thumb", "s3://b/new")
	p, _ := b.rewrite(rewrite.Options{}, nested)
	if p.Rewritten != 1 || p.Already != 2 {
		t.Errorf("plan %+v", p)
	}
	b.data.set(0, "thumb", "s3://b/archive/1")
	_, r := b.refused("ambiguous", rewrite.Options{}, nested)
	if r.Total != 1 || r.Problems[0].Field != "thumb" || !strings.Contains(r.Hint, "--already-moved") {
		t.Errorf("refusal %+v", r)
	}
	p, _ = b.rewrite(rewrite.Options{AlreadyMoved: true}, nested)
	if p.Already != 4 {
		t.Errorf("plan %+v", p)
	}
}

func TestNestedIsExplainedByAnotherRun(t *testing.T) {
	b := newBench(t, "s3://b/1", "s3://b/2")
	b.rewrite(rewrite.Options{}, nested, "prefix:/unused=s3://b/archive")
	damaged := filepath.Join(b.dir.Path(), "rewrite-0000000000.ledger")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("junk ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := b.rewrite(rewrite.Options{}, nested)
	if p.Already != 2 {
		t.Errorf("plan %+v", p)
	}
	job := b.job(nested)
	job.Ledgers = nil
	if _, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{}); err == nil {
		t.Error("explained without other ledgers")
	}
}

func TestAnotherDatasetExplainsNothing(t *testing.T) {
	b := newBench(t, "s3://b/1")
	job := b.job(nested)
	other, err := b.dir.Begin(t.Context(), ledger.Identity{Command: "rewrite", Dataset: "/exports/other"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	job.Ledger = other
	p, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.refused("ambiguous", rewrite.Options{}, nested)
}

func TestUndoneExplainsNothing(t *testing.T) {
	b := newBench(t, "s3://b/1")
	b.rewrite(rewrite.Options{}, nested)
	if _, err := rewrite.Undo(t.Context(), b.data, b.run(nested), rewrite.UndoOptions{}); err != nil {
		t.Fatal(err)
	}
	b.want("s3://b/1")
	b.data.set(0, "filepath", "s3://b/archive/1")
	b.refused("ambiguous", rewrite.Options{}, nested)
}

func TestNestedKilledOnTheWay(t *testing.T) {
	b := newBench(t, "s3://b/1", "s3://b/2")
	job := b.job(nested)
	if _, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := job.Ledger.AttemptAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.data.set(0, "filepath", "s3://b/archive/1") // and then the kill
	p, a := b.rewrite(rewrite.Options{}, nested)
	b.want("s3://b/archive/1", "s3://b/archive/2")
	if p.Already != 1 || p.Rewritten != 1 || a.Changed != 1 || a.Conflicts != 0 {
		t.Errorf("plan %+v, applied %+v", p, a)
	}
	u, err := rewrite.Undo(t.Context(), b.data, job.Ledger, rewrite.UndoOptions{})
	b.want("s3://b/1", "s3://b/2")
	if err != nil || u.Undoable != 2 || u.Reverted.Changed != 2 {
		t.Errorf("undo %+v, %v", u, err)
	}
}

func TestChainOfPrefixMaps(t *testing.T) {
	// Without the ledger nobody could tell whether /a/1 came from /c.
	b := newBench(t, "/c/1")
	specs := []string{"prefix:/a=/b", "prefix:/c=/a"}
	p, _ := b.rewrite(rewrite.Options{}, specs...)
	if w := strings.Join(p.Warnings, "\n"); !strings.Contains(w, "prefix:/a=/b moves nothing") {
		t.Errorf("warnings %q", w)
	}
	b.rewrite(rewrite.Options{}, specs...)
	b.want("/a/1")
	newBench(t, "/a/1").refused("ambiguous", rewrite.Options{}, specs...)
}

func TestFromUnderToIsAlready(t *testing.T) {
	for _, spec := range []string{"prefix:/a/b=/a", "prefix:/a=/a"} {
		b := newBench(t, "/a/b/1")
		p, _ := b.rewrite(rewrite.Options{}, spec)
		b.want("/a/b/1")
		if p.Already != 1 || len(p.Warnings) != 1 {
			t.Errorf("%s: plan %+v", spec, p)
		}
	}
}

func TestUndo(t *testing.T) {
	b := newBench(t, "/data/1", "/data/2", "/data/3")
	before := b.data.paths()
	b.rewrite(rewrite.Options{}, "prefix:/data=s3://b")
	run := b.run("prefix:/data=s3://b")
	u, err := rewrite.Undo(t.Context(), b.data, run, rewrite.UndoOptions{DryRun: true})
	if err != nil || u.Undoable != 3 || u.Reverted != (ledger.Applied{}) {
		t.Errorf("dry: %+v, %v", u, err)
	}
	b.want("s3://b/1", "s3://b/2", "s3://b/3")
	b.data.set(1, "filepath", "/somebody/else")
	u, err = rewrite.Undo(t.Context(), b.data, run, rewrite.UndoOptions{})
	b.want("/data/1", "/somebody/else", "/data/3")
	if err != nil || u.Reverted.Changed != 2 || u.Reverted.Conflicts != 1 {
		t.Errorf("undo %+v, %v", u, err)
	}
	rows, err := run.Rows(t.Context(), ledger.RowsChanged)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, row.Old)
	}
	if !slices.Equal(listed, []string{"/data/2"}) {
		t.Errorf("rows changed since: %q", listed)
	}
	if s, _ := run.Summary(t.Context()); s.Status != ledger.Partial {
		t.Errorf("status %s", s.Status)
	}
	b.data.set(1, "filepath", "s3://b/2")
	if u, err = rewrite.Undo(t.Context(), b.data, run, rewrite.UndoOptions{}); err != nil || u.Reverted.Changed != 1 {
		t.Errorf("undo again %+v, %v", u, err)
	}
	if s, _ := run.Summary(t.Context()); s.Status != ledger.Undone {
		t.Errorf("status %s", s.Status)
	}
	b.want(before...)
}

func TestConflictIsListed(t *testing.T) {
	b := newBench(t, "/data/1", "/data/2")
	job := b.job("prefix:/data=s3://b")
	p, err := rewrite.NewPlan(t.Context(), job, rewrite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.data.set(0, "filepath", "/data/other")
	b.data.parts[dataset.Samples][0] = slices.Clone(b.data.parts[dataset.Samples][0])
	a, err := p.Commit(t.Context())
	if err != nil || a.Conflicts != 1 || a.Changed != 1 {
		t.Errorf("applied %+v, %v", a, err)
	}
	b.want("/data/other", "s3://b/2")
}
