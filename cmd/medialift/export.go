package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/export"
)

func newExport(a *app) *cobra.Command {
	var opts export.Options
	var outside []string
	cmd := &cobra.Command{
		Use:   "export NAME DIR",
		Short: "Export a dataset of a database to a directory, as FiftyOne does",
		Long: `Export the dataset NAME to the directory DIR as fo.types.FiftyOneDataset, which
FiftyOne and medialift import. Without --export-media paths stay as they are and
no media are copied. User indexes go into medialift.json, which FiftyOne passes over.

With --rel-dir or --export-media only those paths become relative that FiftyOne's
from_dir makes absolute again. Others stay absolute, and their files where they are:
lists of paths, paths in labels below a list, in classes without a media attribute,
and all paths of frames. The plan and the report count both, by field.

DIR appears when all of it is there; a directory that is there and empty, such as a
mount point, is filled. --overwrite replaces an export, unless a dataset of the
database names a file in it. A symbolic link stays.`,
		Example: `  medialift export coco-2017 ./coco-2017
  medialift export coco-2017 ./coco-2017 --export-media --rel-dir /data/coco`,
		Args: exactly(2, "the name of a dataset and a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if opts.AssetDirs, err = assetDirs(outside); err != nil {
				return err
			}
			return a.export(cmd.Context(), strings.TrimPrefix(args[0], "db:"), strings.TrimPrefix(args[1], "dir:"), opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.Media, "export-media", false, "copy media of samples to data/ and fields/ (see above for those that stay where they are)")
	f.StringArrayVar(&outside, "allow-assets-outside", nil, "copy also assets of .fo3d scenes that lie in `DIR`, outside of the dataset's own directories (repeatable)")
	f.StringVar(&opts.RelDir, "rel-dir", "", "`DIR` that is cut off from the head of paths of samples")
	f.BoolVar(&opts.Overwrite, "overwrite", false, "replace an export that is in DIR")
	return cmd
}

func (a *app) export(ctx context.Context, name, dir string, opts export.Options) (err error) {
	if name == "" || dir == "" {
		return usage("see medialift export --help", "export takes the name of a dataset and a directory")
	}
	if ext := filepath.Ext(dir); slices.Contains([]string{".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz"}, ext) {
		return usage("name a directory, and pack it afterwards", "export writes no %s archives", ext)
	}
	d, done, err := a.openDatabase(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = withCause(ctx, errors.Join(err, done())) }()
	a.ui.doc.Dataset = name
	src, err := d.Dataset(ctx, name)
	if errors.Is(err, dataset.ErrUnsupported) {
		return &dataset.Refusal{Reason: err.Error(), Hint: "export the dataset that the view is of: FiftyOne makes what is behind a view again; media references are not handled yet", Err: err}
	}
	if err != nil {
		return err
	}
	opts.Progress = func(p export.Progress) {
		a.ui.bar.show(step{Phase: p.Phase, Files: p.Done, TotalFiles: p.Total, Bytes: p.Bytes, TotalBytes: p.TotalBytes})
	}
	opts.Planned = a.showFields
	report, err := export.Run(ctx, export.Job{Source: src, Dir: dir, Reach: a.reach(ctx, d, dir)}, opts)
	if err != nil {
		return err
	}
	a.noteExport(ctx, src, dir)
	a.ui.doc.Counts.Rows = report.Samples + report.Frames
	if len(report.Fields) > 0 {
		a.ui.doc.Fields = report.Fields
	}
	a.ui.doc.Counts.Objects, a.ui.doc.Counts.Bytes = report.Files, report.Bytes
	for _, w := range report.Warnings {
		a.ui.warn("%s", w)
	}
	a.ui.say("Exported %s to %s.", contents(name, report.Samples, report.Frames, report.Tags, report.Views, report.Runs), dir)
	if len(report.Fields) > 0 {
		relative, absolute := sumOf(report.Fields)
		a.ui.say("Paths: %d relative, %d absolute.", relative, absolute)
	}
	if opts.Media {
		a.ui.say("Copied %s, %s.", plural(report.Files, "file"), size(report.Bytes))
	}
	a.ui.doc.Next = "medialift info " + argument(dir)
	return nil
}

// showFields prints what becomes of the paths of each field, before it happens.
func (a *app) showFields(fields []export.Field) {
	a.ui.doc.Fields = fields
	a.ui.say("  %-28s %9s %9s", "media field", "relative", "absolute")
	for _, f := range fields {
		relative, absolute := fmt.Sprint(f.Relative), fmt.Sprint(f.Absolute)
		if f.Relative == 0 && f.Absolute == 0 { // of frames, which are not counted before
			absolute = "all"
		}
		why := ""
		if f.Why != "" {
			why = "  " + f.Why
		}
		a.ui.say("  %-28s %9s %9s%s", f.Name, relative, absolute, why)
	}
}

func sumOf(fields []export.Field) (relative, absolute int64) {
	for _, f := range fields {
		relative += f.Relative
		absolute += f.Absolute
	}
	return relative, absolute
}

// reach lists the datasets that may name files in dir: those of the database, and
// other exports.
func (a *app) reach(ctx context.Context, d *mongostore.Database, dir string) iter.Seq2[export.Named, error] {
	return func(yield func(export.Named, error) bool) {
		abs, err := filepath.Abs(dir)
		if err != nil {
			yield(export.Named{}, fmt.Errorf("finding %q: %w", dir, err))
			return
		}
		ledgers, err := a.ledgers()
		if err != nil {
			ledgers = nil // an export needs no state of runs
		}
		for _, list := range []iter.Seq2[neighbour, error]{reachDatabase(ctx, d), reachExports(ctx, ledgers, abs)} {
			for n, err := range list {
				if !yield(export.Named{Name: n.name, Source: n.store, Dir: n.dir}, err) || err != nil {
					return
				}
			}
		}
	}
}

// contents describes a dataset for people.
func contents(name string, samples, frames, tags int64, views, runs int) string {
	parts := []string{plural(samples, "sample")}
	for _, p := range []struct {
		n    int64
		what string
	}{{frames, "frame"}, {tags, "temporal tag"}, {int64(views), "saved view"}, {int64(runs), "run"}} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.what))
		}
	}
	return fmt.Sprintf("dataset %q (%s)", name, strings.Join(parts, ", "))
}

// argument spells a directory so that no command takes it for a name.
func argument(dir string) string {
	if strings.ContainsAny(dir, `/\`) || strings.HasPrefix(dir, ".") {
		return dir
	}
	return "." + string(filepath.Separator) + dir
}

// withCause adds to an error why ctx ended, where it did.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
