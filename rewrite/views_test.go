package rewrite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/rewrite"
)

// viewed is an export with a saved view that chooses by the directory of its media.
type viewed struct {
	t        *testing.T
	dir      *ledger.Dir
	export   testexport.Export
	metadata string
	before   []byte
}

func newViewed(t *testing.T) viewed {
	t.Helper()
	dir, err := ledger.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v := viewed{t: t, dir: dir, export: testexport.Copy(t, "image-local")}
	v.metadata = filepath.Join(v.export.Dir, "metadata.json")
	text, err := os.ReadFile(v.metadata)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := json.Marshal(`{"_cls": "fiftyone.core.stages.Match", "kwargs": [["filter", {"filepath": {"$regex": "^` + v.export.Media + `/"}}]]}`)
	if err != nil {
		t.Fatal(err)
	}
	view := `"saved_views": [{"_id": {"$oid": "65a000000000000000000001"}, "name": "by path", "view_stages": [` + string(stage) + `]}, `
	v.before = bytes.Replace(text, []byte(`"saved_views": [`), []byte(view), 1)
	if err := os.WriteFile(v.metadata, v.before, 0o600); err != nil || bytes.Equal(text, v.before) {
		t.Fatal(err)
	}
	return v
}

func (v viewed) store() dataset.Updater {
	v.t.Helper()
	store, err := dirstore.Open(v.export.Dir)
	if err != nil {
		v.t.Fatal(err)
	}
	return store
}

// rewrite moves the media to /n.
func (v viewed) rewrite(ds dataset.Updater, opts rewrite.Options) (*ledger.Run, *rewrite.Plan, ledger.Applied, error) {
	v.t.Helper()
	run, err := v.dir.Begin(v.t.Context(), ledger.Identity{Command: "rewrite", Dataset: v.export.Dir})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = run.Close() })
	spec := "prefix:" + v.export.Media + "=/n"
	m, err := pathmap.Parse(spec, pathmap.Kinds())
	if err != nil {
		v.t.Fatal(err)
	}
	plan, err := rewrite.NewPlan(v.t.Context(), rewrite.Job{Dataset: ds, Ledger: run, Ledgers: v.dir, Maps: []rewrite.Map{{Spec: spec, Mapper: m}}}, opts)
	if err != nil {
		v.t.Fatal(err)
	}
	done, err := plan.Commit(v.t.Context())
	return run, plan, done, err
}

// follows reports whether the view has the new path, and fails if it has both.
func (v viewed) follows() bool {
	v.t.Helper()
	text, err := os.ReadFile(v.metadata)
	if err != nil {
		v.t.Fatal(err)
	}
	isNew, isOld := bytes.Contains(text, []byte(`^/n/`)), bytes.Contains(text, []byte("^"+v.export.Media))
	if isNew == isOld {
		v.t.Errorf("the view is new: %v, and old: %v", isNew, isOld)
	}
	return isNew
}

// A view follows when it is asked to, also after the paths have moved; undo puts it back.
func TestViewsFollow(t *testing.T) {
	v := newViewed(t)
	if _, _, done, err := v.rewrite(v.store(), rewrite.Options{}); err != nil || done.Views != 0 || v.follows() {
		t.Fatalf("without the option: %+v, %v", done, err)
	}
	run, plan, done, err := v.rewrite(v.store(), rewrite.Options{UpdateViews: true})
	if err != nil || done.Views != 1 || done.Changed != 0 || !v.follows() || len(plan.Views) != 1 {
		t.Fatalf("with it: %+v, %v, %v", done, plan.Views, err)
	}
	if _, plan, done, err := v.rewrite(v.store(), rewrite.Options{UpdateViews: true}); err != nil || done.Views != 0 || len(plan.Views) != 0 {
		t.Errorf("once more: %+v, %v, %v", done, plan.Views, err)
	}
	undone, err := rewrite.Undo(t.Context(), v.store(), run, rewrite.UndoOptions{})
	if err != nil || undone.Reverted.Views != 1 || undone.Reverted.Conflicts != 0 {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	if after, err := os.ReadFile(v.metadata); err != nil || !bytes.Equal(after, v.before) {
		t.Errorf("metadata.json is not as before: %v", err)
	}
}

// A broken updater is one whose process ends at some moment of an update.
type broken struct {
	dataset.Updater
	before bool                 // before anything is changed
	during func(dataset.Change) // called for each change
}

var errKilled = errors.New("killed")

// Update implements dataset.Updater.
func (b broken) Update(ctx context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		if b.before {
			yield(dataset.Outcome{}, errKilled)
			return
		}
		seen := func(yield func(dataset.Change) bool) {
			for c := range changes {
				if b.during != nil {
					b.during(c)
				}
				if !yield(c) {
					return
				}
			}
		}
		for o, err := range b.Updater.Update(ctx, seen) {
			if !yield(o, err) {
				return
			}
		}
		if b.during == nil {
			yield(dataset.Outcome{}, errKilled)
		}
	}
}

// Killed before or after the change of a view, the same command ends as if it had not
// been, and so does undo.
func TestViewsKilled(t *testing.T) {
	for _, before := range []bool{true, false} {
		v := newViewed(t)
		if _, _, _, err := v.rewrite(broken{Updater: v.store(), before: before}, rewrite.Options{UpdateViews: true}); !errors.Is(err, errKilled) {
			t.Fatalf("error %v", err)
		}
		if v.follows() == before {
			t.Fatalf("killed before %v: the view follows %v", before, !before)
		}
		run, plan, done, err := v.rewrite(v.store(), rewrite.Options{UpdateViews: true})
		if err != nil || done.Conflicts != 0 || !v.follows() {
			t.Errorf("killed before %v: %+v, %v", before, done, err)
		}
		for _, f := range plan.Views {
			if !f.Exact() {
				t.Errorf("killed before %v: found %v", before, f)
			}
		}
		if _, err := rewrite.Undo(t.Context(), v.store(), run, rewrite.UndoOptions{}); err != nil {
			t.Error(err)
		}
		if after, err := os.ReadFile(v.metadata); err != nil || !bytes.Equal(after, v.before) {
			t.Errorf("killed before %v: metadata.json is not as before: %v", before, err)
		}
	}
}

// A view that somebody changes meanwhile is left alone and counted.
func TestViewsConflict(t *testing.T) {
	v := newViewed(t)
	edit := func(c dataset.Change) {
		if c.Part != dataset.Views {
			return
		}
		text := strings.Replace(string(v.before), `{\"$regex\"`, `{\"$options\": \"i\", \"$regex\"`, 1)
		if err := os.WriteFile(v.metadata, []byte(text), 0o600); err != nil || text == string(v.before) {
			t.Error("nothing was edited", err)
		}
	}
	run, _, done, err := v.rewrite(broken{Updater: v.store(), during: edit}, rewrite.Options{UpdateViews: true})
	if err != nil || done.Conflicts != 1 || done.Views != 0 || v.follows() {
		t.Errorf("%+v, %v", done, err)
	}
	rows, err := run.Rows(t.Context(), ledger.RowsChanged)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range rows {
		if err != nil || row.Part != dataset.Views {
			t.Errorf("%+v, %v", row, err)
		}
	}
}
