package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate/arrival"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/rewrite"
)

// An importCmd is one invocation of import.
type importCmd struct {
	rewriteCmd
	name, relDir            string
	persistent, create, yes bool
	way                     *arrival.Way
}

func newImport(a *app) *cobra.Command {
	c := &importCmd{rewriteCmd: rewriteCmd{app: a, engine: transfer.New(transfer.Options{})}}
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Import an export directory into a database",
		Long: `Import the export directory DIR, written by FiftyOne or medialift, as a new dataset.
Samples, frames and labels keep their ids, and all its times and types; indexes that
medialift exported are made again. Relative paths become absolute: below --rel-dir,
else below DIR. With --map, paths are rewritten on the way in (see medialift rewrite --help).

The dataset arrives at the version of the database. Where that is older, what a
downgrade deletes is listed, and asked for or taken with --yes.

FiftyOne sees the dataset when all of it is there. What a killed import leaves is
removed by the next one.`,
		Example: `  medialift import ./coco-2017
  medialift import ./coco-2017 --name coco-cloud --map prefix:/data/coco=s3://media/coco`,
		Args: exactly(1, "one export directory"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.name, "name", "", "`NAME` of the dataset (default: the one it was exported with)")
	f.BoolVar(&c.persistent, "persistent", true, "keep the dataset when FiftyOne's last client ends")
	f.StringVar(&c.relDir, "rel-dir", "", "`DIR` or URL that relative paths are below (default: the export directory)")
	f.StringArrayVar(&c.maps, "map", nil, "what paths become: `SPEC` (repeatable, the first that answers wins)")
	f.BoolVar(&c.mapRemote, "map-remote", false, "ask functions, programs, templates and patterns about paths that are URLs already, too")
	f.BoolVar(&c.opts.UpdateViews, "update-views", false, updateViewsHelp)
	f.StringVar(&c.unmatched, "unmatched", "refuse", "paths that no map answers for: refuse or keep")
	f.BoolVar(&c.yes, "yes", false, "agree to what a downgrade of the dataset deletes")
	f.BoolVar(&c.create, "create-database", false, "import into a database that no FiftyOne has used yet")
	f.BoolVar(&a.database.force, "force", false, "import also a newer version than is known, or into a database of another type")
	return cmd
}

func (c *importCmd) run(ctx context.Context, arg string) (err error) {
	if c.opts.UpdateViews && len(c.maps) == 0 {
		return usage("write --map prefix:/data=s3://bucket/data too", "--update-views follows new paths, and none is written")
	}
	if len(c.maps) > 0 {
		defer func() { err = errors.Join(err, closeMaps(c.mappers)) }()
		if err := c.options(ctx); err != nil {
			return err
		}
	}
	src, err := c.openDataset(ctx, directory(arg), false)
	if err != nil {
		return err
	}
	dir, err := c.ledgers()
	if err != nil {
		return err
	}
	lock, err := dir.Lock(src.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	d, done, err := c.openDatabase(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = withCause(ctx, errors.Join(err, done())) }()
	w, err := c.begin(ctx, d, src)
	if err != nil {
		return err
	}
	job := importer.Job{Source: src.files, Dir: src.dir, Sink: w}
	opts := importer.Options{RelDir: c.relDir, Progress: func(p importer.Progress) {
		c.ui.bar.show(step{Phase: p.Phase, Files: p.Done, TotalFiles: p.Total})
	}}
	if len(c.maps) == 0 {
		return c.execute(ctx, d, w, job, opts)
	}
	return c.mapped(ctx, dir, d, w, job, opts, src)
}

// directory marks an argument as a directory, whatever it looks like.
func directory(arg string) string {
	if len(arg) > 4 && arg[:4] == "dir:" {
		return arg
	}
	return "dir:" + arg
}

// mapped plans what paths become, as rewrite does, and imports with the plan.
func (c *importCmd) mapped(ctx context.Context, dir *ledger.Dir, d *mongostore.Database, w *mongostore.Writer,
	job importer.Job, opts importer.Options, src *source) (err error) {
	run, err := dir.Begin(ctx, ledger.Identity{Command: "import", Dataset: src.dir, Settings: settings(map[string][]string{
		"map": c.maps, "database": {d.Address() + "/" + d.Name()}, "name": {c.name}, "rel-dir": {c.relDir}})})
	if err != nil {
		return err
	}
	s := &session{source: src, run: run}
	c.ui.doc.Run = run.Name()
	defer func() { err = errors.Join(err, run.Close()) }()
	m, err := src.store.Manifest(ctx)
	if err != nil {
		return s.ended(ctx, err)
	}
	absolute, err := importer.NewAbsolute(m, job.Dir, c.relDir)
	if err != nil {
		return s.ended(ctx, err)
	}
	plan, err := rewrite.NewPlan(ctx, rewrite.Job{Dataset: absolute.Updater(src.store), Documents: src.store, Maps: c.mappers, Ledger: run}, c.opts)
	if plan != nil {
		c.showPlan(run, plan)
		c.warnRemote(d, plan)
	}
	if err != nil {
		return s.ended(ctx, err)
	}
	c.showViews(plan.Views, c.opts.UpdateViews)
	if c.opts.UpdateViews {
		job.Source = revisedExport{job.Source, plan.Views}
	}
	if err := run.SetStatus(ctx, ledger.Running); err != nil {
		return err
	}
	editor, err := run.Editor(ctx)
	if err != nil {
		return s.ended(ctx, err)
	}
	editor.Over = w.Over
	opts.Edits = []dataset.Edit{editor.Edit}
	err = c.execute(ctx, d, w, job, opts)
	if unused := editor.Close(); err == nil {
		err = unused
	}
	if err == nil {
		c.ui.doc.Counts.Rewritten = plan.Rewritten
		err = c.kept(ctx, run, editor.Kept)
	}
	return s.ended(ctx, err)
}

// kept is the end of an import that left documents with the paths that they had.
func (c *importCmd) kept(ctx context.Context, run *ledger.Run, list []ledger.Misfit) error {
	if len(list) == 0 {
		return nil
	}
	if err := run.Refuse(ctx, list); err != nil {
		return err
	}
	values, err := run.Refused(ctx)
	if err != nil {
		return err
	}
	c.ui.doc.Counts.Rewritten -= values
	return c.leftError(ctx, ledger.Applied{Refused: int64(len(list))}, run)
}

// warnRemote says what open-source FiftyOne cannot do with the new paths.
func (c *importCmd) warnRemote(d *mongostore.Database, plan *rewrite.Plan) {
	if d.Config().Type != "fiftyone" {
		return
	}
	for _, m := range plan.Maps {
		for _, e := range m.Examples {
			if localfile.IsRemote(e.After) {
				c.ui.warn("this database is open-source FiftyOne's, which cannot open cloud paths such as %s", e.After)
				return
			}
		}
	}
}

func (c *importCmd) execute(ctx context.Context, d *mongostore.Database, w *mongostore.Writer, job importer.Job, opts importer.Options) error {
	report, err := importer.Run(ctx, job, opts)
	c.ui.doc.Dataset = w.Name()
	if err != nil {
		return fmt.Errorf("importing %q: %w", filepath.Base(job.Dir), err)
	}
	c.noteOrigin(ledger.Origin{Dataset: ledger.DatabaseKey(d.Name(), w.ID().Hex()), Of: job.Dir})
	c.ui.doc.Counts.Rows = report.Samples + report.Frames
	for _, warning := range append(w.Notes(), report.Warnings...) {
		c.ui.warn("%s", warning)
	}
	c.ui.say("Imported %s into %s.", contents(w.Name(), report.Samples, report.Frames, report.Tags, report.Views, report.Runs), inDatabase(d))
	c.showArrival(w.Name())
	return nil
}
