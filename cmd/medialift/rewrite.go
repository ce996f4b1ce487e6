package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/rewrite"
)

// A rewriteCmd is one invocation of rewrite.
type rewriteCmd struct {
	*app
	maps, fields         []string
	unmatched, check     string
	alreadyMoved, dryRun bool
	mapRemote            bool
	choice               datasetChoice
	part                 partChoice
	opts                 rewrite.Options
	mappers              []rewrite.Map
	otherForms           otherForms
	engine               *transfer.Engine // of what --check asks stores
}

func newRewrite(a *app) *cobra.Command {
	c := &rewriteCmd{app: a, engine: transfer.New(transfer.Options{})}
	cmd := &cobra.Command{
		Use:   "rewrite DATASET... --map SPEC",
		Short: "Give the media paths of a dataset new values; nothing is sent",
		Long: `Give the paths of every media field new values: filepaths, thumbnails, masks,
heatmaps, those of frames and of every group slice. Nothing is sent.

A SPEC is one of:

  prefix:FROM=TO              whole path elements
  regexp:PATTERN=REPLACEMENT  RE2, the first match
  table:FILE.csv              header from,to
  template:TEXT               Go template over .Path .Dir .Base .Stem .Ext .Field .ID
  star:FILE.star              Starlark with def get_cloud_path(filepath): a pure
                              Python function as it is; None is no answer
  exec:COMMAND                a program, no shell: one path a line in, one a line
                              out; an empty line is no answer
  run:RUN                     where an earlier upload put each file

The first map that answers wins; \= is a literal equals sign. A path at or under a
prefix map's TO is already there and stays. So does a path that is a URL already:
star, exec, template, and a regexp whose PATTERN holds no ://, are only asked about
those with --map-remote.`,
		Example: `  medialift rewrite ./export --map prefix:/data/coco=s3://media/coco --dry-run
  medialift rewrite ./export --map prefix:/data=s3://media --map prefix:/mnt/masks=s3://masks
  medialift rewrite ./export --map star:cloud_path.star
  medialift rewrite ./export --map 'exec:python3 -u cloud_path.py'`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.runAll(cmd.Context(), args) },
	}
	cmd.Args = c.choice.atLeast(0, "one or more datasets", "no more")
	f := cmd.Flags()
	a.database.add(f)
	c.choice.add(f)
	c.part.add(f)
	f.StringArrayVar(&c.maps, "map", nil, "what paths become: `SPEC` (repeatable, the first that answers wins)")
	f.StringArrayVar(&c.fields, "media-field", nil, "rewrite only this media `FIELD`, or any other field of strings (repeatable)")
	f.StringVar(&c.unmatched, "unmatched", "refuse", "paths that no map answers for: refuse or keep")
	f.StringVar(&c.check, "check", "", "look whether new paths exist before anything is changed: all, or `sample`, or how many")
	f.Lookup("check").NoOptDefVal = "all"
	f.BoolVar(&c.mapRemote, "map-remote", false, "ask functions, programs, templates and patterns about paths that are URLs already, too")
	f.BoolVar(&c.alreadyMoved, "already-moved", false, "paths under a TO that lies under a FROM were moved there before")
	f.BoolVar(&c.opts.UpdateViews, "update-views", false, updateViewsHelp)
	f.BoolVar(&c.dryRun, "dry-run", false, "plan only: change nothing")
	a.s3.add(f, ", for --check")
	return cmd
}

// sampleSize is how many paths --check=sample looks at.
const sampleSize = 100

func (c *rewriteCmd) options(ctx context.Context) error {
	if len(c.maps) == 0 {
		return usage("write --map prefix:/data=s3://bucket/data", "rewrite needs at least one --map")
	}
	if c.unmatched != "refuse" && c.unmatched != "keep" {
		return usage("use one of: refuse keep", "--unmatched cannot be %q", c.unmatched)
	}
	var err error
	if c.mappers, err = c.parseMaps(ctx, c.maps, c.mapRemote); err != nil {
		return err
	}
	c.opts = rewrite.Options{
		UpdateViews: c.opts.UpdateViews,
		Fields:      c.fields, KeepUnmatched: c.unmatched == "keep", AlreadyMoved: c.alreadyMoved,
		Progress: func(p rewrite.Progress) {
			c.ui.bar.show(step{Phase: p.Phase, Files: p.Done, TotalFiles: p.Total})
		},
	}
	c.opts.Schemes = open.Aliases()
	if c.check == "" {
		return nil
	}
	c.opts.Check = c.exists
	switch c.check {
	case "all", "true":
	case "sample":
		c.opts.CheckSample = sampleSize
	default:
		n, err := strconv.Atoi(c.check)
		if err != nil || n < 1 {
			return usage("use --check, --check=sample or --check=1000", "--check cannot be %q", c.check)
		}
		c.opts.CheckSample = n
	}
	return nil
}

func (c *rewriteCmd) runAll(ctx context.Context, args []string) (err error) {
	defer func() { err = errors.Join(err, closeMaps(c.mappers)) }()
	if err := c.options(ctx); err != nil {
		return err
	}
	return c.visit(ctx, args, c.choice, !c.dryRun, c.one)
}

// one rewrites one dataset.
func (c *rewriteCmd) one(ctx context.Context, arg string) (err error) {
	s, err := c.begin(ctx, arg, "rewrite", c.part, settings(map[string][]string{"map": c.maps, "media-field": c.fields}), !c.dryRun)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	ctx, stop := s.guard(ctx)
	defer stop()
	if none, err := s.empty(ctx); err != nil || none && !c.part.given() {
		if err == nil {
			c.ui.at.empty = true
			c.ui.say("Nothing to do: %s has no samples.", s)
		}
		return s.ended(ctx, err)
	}
	plan, err := rewrite.NewPlan(ctx, rewrite.Job{Dataset: s.store, Maps: c.mappers, Ledger: s.run, Ledgers: s.dir}, c.opts)
	if plan != nil {
		c.showPlan(s.run, plan)
	}
	c.otherForms.warn(c.ui)
	if err == nil {
		c.showViews(plan.Views, c.opts.UpdateViews)
		err = c.problemsOf(ctx, s.source)
	}
	if err == nil {
		err = s.writable(ctx, s.run, due(), c.dryRun, "")
	}
	if err != nil {
		return s.ended(ctx, err)
	}
	if c.dryRun {
		c.ui.planned(plan.Rewritten > 0 || c.opts.UpdateViews && exact(plan.Views) > 0, "Dry run: nothing was changed.")
		return nil
	}
	if err := s.run.SetStatus(ctx, ledger.Running); err != nil {
		return err
	}
	return s.ended(ctx, c.commit(ctx, s.run, plan))
}

func (c *rewriteCmd) commit(ctx context.Context, run *ledger.Run, plan *rewrite.Plan) error {
	planned := plan.Views
	done, err := plan.Commit(ctx)
	if err != nil {
		return err
	}
	c.ui.doc.Counts.Rewritten += done.Values
	if done.Changed+done.Views > 0 {
		c.ui.changed()
	}
	if done.Changed+done.Views == 0 && done.Conflicts == 0 && done.Refused == 0 {
		c.ui.say("Nothing to rewrite.")
		return nil
	}
	if done.Changed+done.Views == 0 {
		return c.leftError(ctx, done, run)
	}
	c.ui.say("Rewrote %s in %s; medialift undo %s puts them back.",
		plural(done.Values, "path"), plural(done.Changed, "document"), run.Name())
	c.copies(done)
	c.viewsDone(planned, plan.Views, done)
	return c.leftError(ctx, done, run)
}

// copies says what was changed along with the paths themselves.
func (a *app) copies(done ledger.Applied) {
	if a.ui.doc.Counts.Copies += done.Copies; done.Copies > 0 {
		a.ui.say("With them, %s that FiftyOne keeps for saved views of patches, clips or frames.", plural(done.Copies, "path"))
	}
}

// shownPrefixes is how many unmatched prefixes a plan shows.
const shownPrefixes = 20

// showPlan prints the plan: per map rows and examples, per unmatched prefix
// rows and one path.
func (c *rewriteCmd) showPlan(run *ledger.Run, plan *rewrite.Plan) {
	d := &c.ui.doc
	d.Counts.Rows += plan.Rows
	d.Counts.Already += plan.Already
	d.Counts.Unmatched += plan.Unmatched
	d.Fields, d.Maps = plan.Fields, plan.Maps
	c.ui.say("%s", run.Name())
	for _, m := range plan.Maps {
		c.ui.say("  %-40s %d paths", m.Spec, m.Rows)
		for _, e := range m.Examples {
			c.ui.say("      %s\n    → %s", e.Before, e.After)
		}
	}
	for i, p := range plan.Prefixes {
		if i == shownPrefixes {
			c.ui.say("  … and %d more places", len(plan.Prefixes)-i)
			break
		}
		c.ui.say("  no map for %-29s %d paths, like %s", p.Prefix, p.Rows, p.Example)
	}
	for _, w := range plan.Warnings {
		c.ui.warn("%s", w)
	}
	c.warnStrays(plan.Strays, strayUse{"rewritten", "rewrites it"})
	if plan.URLs > 0 {
		c.ui.say("  %s URLs already, which no map was asked about; --map-remote asks.", pluralAre(plan.URLs, "path"))
	}
	c.ui.say("  %s: %d to rewrite, %d already there, %d unmatched.", plural(plan.Values, "path"), plan.Rewritten, plan.Already, plan.Unmatched)
}
