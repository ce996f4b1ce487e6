package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/survey"
)

// An infoCmd is one invocation of info.
type infoCmd struct {
	*app
	noFiles bool
	choice  datasetChoice
	opts    survey.Options
}

func newInfo(a *app) *cobra.Command {
	c := &infoCmd{app: a}
	cmd := &cobra.Command{
		Use:   "info [DATASET...]",
		Short: "Show every media field with its paths: local, remote, missing, bytes",
		Long: `Show every media field of each DATASET with its paths: local, remote, missing,
bytes. Without one, list the datasets of the database.`,
		Example: `  medialift info
  medialift info coco
  medialift info ./export --no-files --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.opts.Fields, "media-field", nil, "show only this media `FIELD`, or any other field of strings (repeatable)")
	f.StringArrayVar(&c.opts.RelDirs, "rel-dir", nil, "look for relative paths below this `DIR` too (repeatable)")
	a.database.add(f)
	c.choice.add(f)
	f.BoolVar(&c.noFiles, "no-files", false, "count paths without looking at files")
	return cmd
}

func (c *infoCmd) run(ctx context.Context, args []string) error {
	if len(args) == 0 && !c.choice.given() {
		return c.list(ctx)
	}
	return c.visit(ctx, args, c.choice, false, c.one)
}

func (c *infoCmd) one(ctx context.Context, arg string) error {
	src, err := c.openDataset(ctx, arg, false)
	if err != nil {
		return err
	}
	c.ui.doc.Dataset = src.String()
	opts := c.opts
	opts.NoFiles, opts.Dir = c.noFiles, src.dir
	opts.Progress = func(n int64) { c.ui.bar.show(step{Phase: "counting", Files: n}) }
	report, err := survey.Survey(ctx, src.store, opts)
	if err != nil {
		return err
	}
	c.show(src.String(), report)
	c.warnMangled(src, slices.ContainsFunc(report.Fields, func(f survey.Field) bool { return f.Mangled > 0 }))
	if err := c.warnUnreadable(ctx, src, !c.noFiles); err != nil {
		return err
	}
	manifest, err := src.store.Manifest(ctx)
	if err != nil {
		return err
	}
	c.ui.problems(manifest.Problems, int64(len(manifest.Problems)))
	return nil
}

func (c *infoCmd) show(name string, r survey.Report) {
	d := &c.ui.doc
	c.ui.at.detail = r
	fields, _ := d.Fields.([]survey.Field)
	d.Fields = slices.Concat(fields, r.Fields)
	c.ui.say("%s: %s, %s, written by FiftyOne %s", name, r.Name, r.MediaType, r.Version)
	c.ui.say("  %s, %s, %s, %s", plural(r.Documents[dataset.Samples], "sample"), plural(r.Documents[dataset.Frames], "frame"),
		plural(int64(len(r.Views)), "saved view"), plural(int64(len(r.Runs)), "run"))
	c.ui.say("  %-28s %8s %8s %8s %8s %10s", "media field", "paths", "local", "remote", "missing", "bytes")
	missing := int64(0)
	for _, f := range r.Fields {
		d.Counts.Missing += f.Missing + f.Unreadable
		d.Counts.Bytes += f.Bytes
		missing += f.Missing + f.Unreadable
		lost, bytes := "?", "?"
		if !c.noFiles {
			lost, bytes = count(f.Missing+f.Unreadable), size(f.Bytes)
		}
		line := fmt.Sprintf("  %-28s %8d %8d %8d %8s %10s  %s", f.Name, f.Values, f.Local, f.Remote, lost, bytes,
			strings.Join(places(f.RemoteBy), " "))
		c.ui.say("%s", strings.TrimRight(line, " "))
	}
	for _, n := range r.Documents {
		d.Counts.Rows += n
	}
	c.ui.problems(r.Problems, missing)
	c.warnStrays(r.Strays, strayUse{"a media field", "shows it as one"})
}

// places lists the buckets that hold remote paths.
func places(by map[string]int64) []string {
	var list []string
	for place := range by {
		list = append(list, place)
	}
	slices.Sort(list)
	return list
}
