package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/rewrite"
)

func newUndo(a *app) *cobra.Command {
	var dry bool
	var to, now string
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Put back every path that a run changed",
		Long: `Put back every path that an upload or a rewrite changed, exactly as it was
spelled. Rows that somebody else changed since stay and are listed, and so do rows
whose files are gone: their old paths would name nothing. Of a lift, the dataset that it made is deleted, unless somebody has changed it. Objects are
never deleted: medialift runs RUN --objects lists them.`,
		Args: exactly(1, "the name of one run; medialift runs lists them"),
		RunE: func(cmd *cobra.Command, args []string) error { return undo(cmd.Context(), a, args[0], to, now, dry) },
	}
	a.database.add(cmd.Flags())
	cmd.Flags().StringVar(&to, "to-uri", "", "of a lift: `URI` of the server that has the dataset, where it needs more than its address")
	cmd.Flags().StringVar(&now, "dataset", "", "of an export that was moved since the run: the `DIR` where it is now")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be put back")
	return cmd
}

func undo(ctx context.Context, a *app, name, to, now string, dry bool) (err error) {
	dir, err := a.ledgers()
	if err != nil {
		return err
	}
	run, err := dir.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	summary, err := run.Summary(ctx)
	if err != nil {
		return err
	}
	a.ui.doc.Run, a.ui.doc.Dataset = name, summary.Dataset
	if summary.Command == "lift" {
		if now != "" {
			return usage("leave it out: a lift has changed nothing in its source", "--dataset is for an export that an upload or a rewrite changed")
		}
		return undoLift(ctx, a, dir, run, to, dry)
	}
	src, from, err := a.undoSource(ctx, dir, run, summary.Dataset, now, !dry)
	if err != nil {
		return err
	}
	a.ui.doc.Dataset = src.String()
	s := &session{source: src, dir: dir}
	if err := s.hold(ctx, !dry); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if from != "" {
		old, err := dir.Lock(from)
		if err != nil {
			return err
		}
		defer func() { _ = old.Unlock() }()
		if n, err := run.Undoable(ctx); err == nil && n > 0 && !dry {
			a.noteOrigin(ledger.Origin{Dataset: src.key(), Of: from})
		}
	}
	return putBack(ctx, a, s, run, rewrite.UndoOptions{DryRun: dry, MovedFrom: from})
}

// putBack undoes the run of a dataset that is held, and says how that went.
func putBack(ctx context.Context, a *app, s *session, run *ledger.Run, opts rewrite.UndoOptions) error {
	ctx, stop := s.guard(ctx)
	defer stop()
	var err error
	if opts.Files, err = localfile.New(s.source.dir, nil); err != nil {
		return err
	}
	if err := s.writable(ctx, run, undoable(), opts.DryRun, ""); err != nil {
		return err
	}
	report, err := rewrite.Undo(ctx, s.store, run, opts)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
		return err
	}
	switch {
	case report.Undoable == 0:
		a.ui.say("Nothing to undo: %s has changed no path.", run.Name())
		return nil
	case opts.DryRun:
		a.ui.say("%s would be put back.", plural(report.Undoable, "path"))
		a.ui.doc.Status = string(ledger.Planned)
		return nil
	}
	a.ui.doc.Counts.Rewritten = report.Reverted.Values
	a.ui.doc.Counts.Already = report.Reverted.Already
	a.ui.say("Put back %s in %s.", plural(report.Reverted.Values, "path"), plural(report.Reverted.Changed, "document"))
	if n := report.Reverted.Views; n > 0 {
		a.ui.say("Put back %s of saved views.", plural(n, "stage"))
	}
	if report.Missing > 0 {
		a.ui.doc.Counts.Missing = report.Missing
		return missingError(report.Missing, run)
	}
	return a.leftError(ctx, report.Reverted, run)
}

// missingError says that documents were not put back since their files are gone.
func missingError(documents int64, run *ledger.Run) error {
	return &partialError{
		msg:  fmt.Sprintf("%s the paths of objects: files that they named before are gone, or hold other bytes", pluralKeep(documents, "document")),
		hint: fmt.Sprintf("medialift runs %s --rows missing lists them; undo again once their files are back", run.Name()),
	}
}

// pluralKeep is a number of things that keep something.
func pluralKeep(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing + " keeps"
	}
	return plural(n, thing) + " keep"
}
