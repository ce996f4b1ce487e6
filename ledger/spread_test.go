package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/medialift/medialift/ledger"
)

// Of each field some files are returned, the first and the last among them, and all
// of a field that has few, wherever its rows lie.
func TestSpread(t *testing.T) {
	const few = 5
	for _, sizes := range [][]int{{1}, {2, 1}, {few, few + 1}, {100, 3, 1000}, {0, 7}} {
		dir, err := ledger.OpenDir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		run, err := dir.Begin(t.Context(), ledger.Identity{Command: "upload", Dataset: fmt.Sprint(sizes)})
		if err != nil {
			t.Fatal(err)
		}
		paths := arriveInFields(t, run, sizes)
		got, err := run.Spread(t.Context(), few)
		if err != nil {
			t.Fatal(err)
		}
		byField := map[int][]string{}
		for _, f := range got {
			byField[f.Field] = append(byField[f.Field], f.Path)
		}
		for field, all := range paths {
			some := byField[field]
			if len(some) != min(few, len(all)) || !slices.Contains(some, all[0]) || !slices.Contains(some, all[len(all)-1]) {
				t.Errorf("%v: of field %d: %q", sizes, field, some)
			}
			distinct := slices.Compact(slices.Sorted(slices.Values(some)))
			if len(distinct) != len(some) {
				t.Errorf("%v: some twice: %q", sizes, some)
			}
		}
		n, err := run.LandedCount(t.Context())
		landed := int64(0)
		for range run.Landed(t.Context()) {
			landed++
		}
		if err != nil || n != landed || len(paths) != len(byField) {
			t.Errorf("%v: %d landed, %d counted, %v", sizes, landed, n, err)
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// arriveInFields plans so many files of each field, mixed, and lets all but one
// arrive; it returns the paths that have, by field.
func arriveInFields(t *testing.T, run *ledger.Run, sizes []int) map[int][]string {
	t.Helper()
	ctx := t.Context()
	d, err := run.Draft(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range slices.Max(sizes) {
		for at, n := range sizes {
			field, err := d.Field(ctx, fmt.Sprint("field", at))
			if err != nil {
				t.Fatal(err)
			}
			if i < n {
				path := fmt.Sprintf("/%05d/%d", i, at)
				if err := d.AddFile(ctx, ledger.File{Path: path, Field: field, Size: 1, ModTime: time.Unix(1, 0), Refs: 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := d.AddFile(ctx, ledger.File{Path: "/pending", Field: 1, Size: 1, ModTime: time.Unix(1, 0), Refs: 1}); err != nil {
		t.Fatal(err)
	}
	for f, err := range d.Files(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if err := d.SetURL(ctx, f.ID, "s3://b"+f.Path, f.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	paths := map[int][]string{}
	var files []ledger.File
	for f, err := range run.Pending(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Path != "/pending" {
			f.State = ledger.FileArrived
			files = append(files, f)
			paths[f.Field] = append(paths[f.Field], f.Path)
		}
	}
	if err := run.Record(ctx, files); err != nil {
		t.Fatal(err)
	}
	return paths
}
