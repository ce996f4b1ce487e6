package clean_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/clean"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/internal/testexport"
	"github.com/medialift/medialift/ledger"
)

// Media that are nowhere else keep an export from being deleted.
func Example() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "clean-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(work) }()
	ledgers, err := ledger.OpenDir(filepath.Join(work, "state"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"image", "image-local"} { // FiftyOne wrote the first with its media, the second without
		made, err := testexport.CopyTo(filepath.Join(work, name), name)
		if err != nil {
			fmt.Println(err)
			return
		}
		plan, err := clean.NewPlan(ctx, made.Dir, clean.Options{
			Ledgers: ledgers,
			Dataset: func(context.Context) (dataset.Updater, error) { return dirstore.Open(made.Dir) },
		})
		var refusal *dataset.Refusal
		if errors.As(err, &refusal) {
			fmt.Println(refusal.Total, "files stay:", refusal.Reason)
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		report, err := plan.Execute(ctx)
		fmt.Println(report.Files, "files deleted, and the directory:", report.Gone, err)
	}
	// Output:
	// 40 files stay: media inside the export that must not be deleted
	// 3 files deleted, and the directory: true <nil>
}
