package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/verify"
)

// wrongError ends a command that looked at everything and found something
// wrong: exit code 1.
type wrongError struct{ msg, hint string }

func (e *wrongError) Error() string { return e.msg }

// A verifyCmd is one invocation of verify.
type verifyCmd struct {
	*app
	relDirs []string
	choice  datasetChoice
	opts    verify.Options
}

func newVerify(a *app) *cobra.Command {
	c := &verifyCmd{app: a}
	cmd := &cobra.Command{
		Use:   "verify DATASET...",
		Short: "Look whether every media path names what it should",
		Long: `Look whether every path of every media field names what it should: objects in
buckets and local files alike, each once. Nothing is changed.

Each is compared with the checksum of what a run sent for this very row of this
dataset, else with the size that the run has, else it is only seen that it exists;
the report says how many were verified by which. A size other than the sample's
metadata.size_bytes is wrong in any case. What may not be read or does not answer
is "unseen", never "missing". Exit code 1 says that something is wrong.`,
		Example: `  medialift verify ./export
  medialift verify ./export --sample 1000 --download`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	cmd.Args = c.choice.atLeast(0, "one or more datasets", "no more")
	f := cmd.Flags()
	a.database.add(f)
	c.choice.add(f)
	f.StringArrayVar(&c.opts.Fields, "media-field", nil, "look only at this media `FIELD` (repeatable)")
	f.StringArrayVar(&c.relDirs, "rel-dir", nil, "look for relative paths below this `DIR` too (repeatable)")
	f.BoolVar(&c.opts.Source, "source", false, "also read the local files that objects were sent from, and compare")
	f.BoolVar(&c.opts.Download, "download", false, "read every object, and compare the checksum of its bytes")
	f.IntVar(&c.opts.Sample, "sample", 0, "look at `N` paths only, chosen at random")
	f.IntVar(&c.opts.Workers, "workers", 0, "how many objects to look at at a time (default 16)")
	a.s3.add(f, "")
	return cmd
}

func (c *verifyCmd) run(ctx context.Context, args []string) error {
	if c.opts.Sample < 0 {
		return usage("use --sample 1000", "--sample cannot be %d", c.opts.Sample)
	}
	c.opts.Progress = func(p verify.Progress) {
		c.ui.bar.show(step{Phase: p.Phase, Files: p.Done, TotalFiles: p.Total})
	}
	return c.visit(ctx, args, c.choice, false, c.one)
}

// notWell is the end of a look at objects that are not as they were sent; nil where
// they are.
func notWell(t verify.Field) error {
	wrong := t.Missing + t.Different + t.Unseen
	if wrong == 0 {
		return nil
	}
	return &wrongError{
		fmt.Sprintf("%s not well: %d missing, %d different, %d unseen", pluralAre(wrong, "object"), t.Missing, t.Different, t.Unseen),
		verifyHint(t),
	}
}

// verifyHint says what to do about the worst that was found.
func verifyHint(t verify.Field) string {
	switch {
	case t.Missing+t.Different == 0:
		return "nothing is known to be missing: see the reasons above, check credentials and network (medialift doctor URL), and verify again"
	case t.Different == 0:
		return "medialift runs lists the runs: undo one and upload again, or put the missing objects back; then verify again"
	}
	return "find out who changed those objects; upload with --overwrite puts back what the local files hold"
}

// one verifies one dataset.
func (c *verifyCmd) one(ctx context.Context, arg string) (err error) {
	src, err := c.openDataset(ctx, arg, false)
	if err != nil {
		return err
	}
	c.ui.doc.Dataset = src.String()
	dir, err := c.ledgers()
	if err != nil {
		return err
	}
	history := dir.History("")
	defer func() { err = errors.Join(err, history.Close()) }()
	sent, err := src.lineage(ctx, history)
	if err != nil {
		return err
	}
	c.warnUnread(history)
	report, err := verify.Verify(ctx, verify.Job{
		Dataset: src.store, Dir: src.dir, RelDirs: c.relDirs, Open: c.targets().Open, Sent: sent.Sent, Needed: sent.Needed,
	}, c.opts)
	c.show(src.String(), report)
	c.warnMangled(src, anyMangled(report.Problems))
	if err == nil && report.Total.Paths == 0 {
		var none bool
		if none, err = src.empty(ctx); none && err == nil {
			c.ui.say("Nothing to do: %s has no samples.", src)
		}
	}
	if err == nil {
		err = c.warnUnreadable(ctx, src, false)
	}
	if err == nil {
		err = notWell(report.Total)
	}
	return err
}

// show prints what was found, and adds it up over all datasets.
func (c *verifyCmd) show(dir string, r verify.Report) {
	d := &c.ui.doc
	fields, _ := d.Fields.([]verify.Field)
	d.Fields = slices.Concat(fields, r.Fields)
	t := r.Total
	d.Counts.Rows += t.Paths
	d.Counts.Objects += r.Looked
	d.Counts.Missing += t.Missing
	d.Counts.Failed += t.Different + t.Unseen
	d.Counts.Bytes += t.Bytes
	c.ui.say("%s", dir)
	c.ui.say("  %-28s %8s %8s %9s %8s %9s %8s %9s %8s", "media field", "paths", "objects", "checksum", "size", "existence", "missing", "different", "unseen")
	for _, f := range r.Fields {
		c.ui.say("  %-28s %8d %8d %9d %8d %9d %8d %9d %8d", f.Name, f.Paths, f.Objects, f.Checksum, f.Size, f.Existence, f.Missing, f.Different, f.Unseen)
	}
	if t.Assets > 0 {
		c.ui.say("  %d of the objects are files that 3D scenes need.", t.Assets)
	}
	if r.Looked < t.Objects {
		c.ui.say("  looked at %d of %s.", r.Looked, plural(t.Objects, "object"))
	}
	if t.Paths == 0 {
		c.ui.say("  there is no path to look at.")
	} else {
		c.ui.say("  %s verified by checksum, %d by size, %d by existence only.", objectsWere(t.Checksum), t.Size, t.Existence)
	}
	if r.NoSource > 0 {
		c.ui.warn("%s not compared with a source: no run is known to have sent them, or what they sent names its assets in other words", objectsWere(r.NoSource))
	}
	c.ui.problems(r.Problems, r.Wrong())
}
