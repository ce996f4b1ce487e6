package rewrite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/rewrite"
)

// Give the paths of an export new values, and take them back.
func Example() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "rewrite-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	made, err := testexport.CopyTo(work, "image") // an export that FiftyOne wrote
	if err != nil {
		fmt.Println(err)
		return
	}
	export, err := dirstore.Open(made.Dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	ledgers, err := ledger.OpenDir(filepath.Join(work, "state"))
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := ledgers.Begin(ctx, ledger.Identity{Command: "rewrite", Dataset: made.Dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = run.Close() }()

	plan, err := rewrite.NewPlan(ctx, rewrite.Job{
		Dataset: export, Ledger: run, Ledgers: ledgers,
		Maps: []rewrite.Map{
			{Spec: "data", Mapper: pathmap.Prefix("data", "s3://media/coco")},
			{Spec: "fields", Mapper: pathmap.Prefix("fields", "s3://media/coco-labels")},
		},
	}, rewrite.Options{})
	if err != nil {
		fmt.Println(err) // a *dataset.Refusal names rows; nothing was changed
		return
	}
	for _, m := range plan.Maps {
		fmt.Println(m.Rows, "paths like", m.Examples[0].Before, "become", m.Examples[0].After)
	}
	done, err := plan.Commit(ctx)
	fmt.Println(done.Values, "paths rewritten", err)

	undone, err := rewrite.Undo(ctx, export, run, rewrite.UndoOptions{})
	fmt.Println(undone.Reverted.Values, "paths put back", err)
	// Output:
	// 6 paths like data/000001.png become s3://media/coco/000001.png
	// 35 paths like fields/thumbnail/000000.png become s3://media/coco-labels/thumbnail/000000.png
	// 41 paths rewritten <nil>
	// 41 paths put back <nil>
}
