package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/clean"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/ledger"
)

func newClean(a *app) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "clean DIR",
		Short: "Delete an export directory: only what an export writes",
		Long: `Delete an export directory: its JSON files and run results. Media inside it are
only deleted where a ledger proves that they have arrived elsewhere, unchanged,
and the dataset no longer names them; otherwise nothing is deleted. Files that no
export writes stay and are named.`,
		Args: exactly(1, "one export directory"),
		RunE: func(cmd *cobra.Command, args []string) error { return cleanDir(cmd.Context(), a, args[0], dry) },
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be deleted")
	return cmd
}

func cleanDir(ctx context.Context, a *app, arg string, dry bool) (err error) {
	dir, err := datasetDir(arg)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding %q: %w", arg, err)
	}
	a.ui.doc.Dataset = dir
	ledgers, err := a.ledgers()
	if err != nil {
		return err
	}
	lock, err := ledgers.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	plan, err := clean.NewPlan(ctx, dir, clean.Options{
		Ledgers: ledgers,
		Dataset: func(context.Context) (dataset.Updater, error) { return dirstore.Open(dir) },
	})
	if err != nil {
		return err
	}
	a.ui.say("%s: %s of the export, %s, %s.", dir, plural(plan.Files-plan.Media, "file"), plural(plan.Media, "media file"), size(plan.Bytes))
	for _, name := range plan.Unknown {
		a.ui.say("  stays, no export writes it: %s", name)
	}
	if more := plan.UnknownTotal - int64(len(plan.Unknown)); more > 0 {
		a.ui.say("  … and %d more that stay", more)
	}
	if dry {
		a.ui.doc.Status = string(ledger.Planned)
		a.ui.say("Dry run: nothing was deleted.")
		return nil
	}
	report, err := plan.Execute(ctx)
	a.ui.doc.Counts.Rows, a.ui.doc.Counts.Bytes = report.Files, report.Bytes
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
		return err
	}
	a.ui.say("Deleted %s, %s.", plural(report.Files, "file"), size(report.Bytes))
	if report.Gone {
		a.ui.say("The directory is gone too.")
	}
	return nil
}
