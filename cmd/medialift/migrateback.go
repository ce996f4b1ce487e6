package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// putBackInto is a dataset that gets back what a way down took out of it: one entry of
// "put_back".
type putBackInto struct {
	Dataset string `json:"dataset"`
	Version string `json:"version"`
	// Places are in its own document, runs, saved views and workspaces; Documents how many
	// samples and frames get something back.
	Places    []string `json:"places"`
	Documents int64    `json:"documents"`
}

// restoring has the runner take back what a backup holds, or say what it is going to.
func (c *migrateCmd) restoring(ctx context.Context, dry bool) (report runner.Restored, err error) {
	dir, err := filepath.Abs(c.restore)
	if err != nil {
		return report, fmt.Errorf("finding %q: %w", c.restore, err)
	}
	opts := c.options(0)
	opts.Now = c.now
	if opts.DryRun = dry; dry {
		opts.Version = c.to
	}
	err = c.waiting(ctx, func() (err error) {
		report, err = c.runner.Restore(ctx, dir, opts)
		return err
	})
	c.ui.doc.PutBack = nil
	for _, m := range report.Merged {
		c.ui.doc.PutBack = append(c.ui.doc.PutBack, putBackInto{Dataset: m.Dataset, Version: m.Version, Places: append([]string{}, m.PutBack...), Documents: m.Documents})
	}
	return report, err
}

// showPutBack says what is going to be put back once datasets are migrated.
func (c *migrateCmd) showPutBack(ctx context.Context) error {
	if c.restore == "" {
		return nil
	}
	report, err := c.restoring(ctx, true)
	if err != nil {
		return err
	}
	c.sayMerged(report, "gets back")
	for _, f := range report.Left {
		c.ui.say("  %s", f.Err)
	}
	return nil
}

// shownPlaces is how many places people see of what a dataset gets back.
const shownPlaces = 6

// sayMerged lists the datasets that get back what a way down took out.
func (c *migrateCmd) sayMerged(report runner.Restored, verb string) {
	for i, m := range report.Merged {
		if i == shownMigrations {
			c.ui.say("  … and %d more", len(report.Merged)-i)
			return
		}
		text := ""
		for k, place := range m.PutBack {
			switch {
			case k == shownPlaces:
				text += fmt.Sprintf(" and %d more", len(m.PutBack)-k)
			case k > shownPlaces:
			case place == "":
				text += ", all that the way down took out"
			default:
				text += ", " + place
			}
		}
		if m.Documents > 0 {
			text += fmt.Sprintf(", values in %s", plural(m.Documents, "document"))
		}
		if len(text) > 2 {
			c.ui.say("  dataset %q %s: %s", m.Dataset, verb, text[2:])
		}
	}
}

// putBack takes back what a backup holds.
func (c *migrateCmd) putBack(ctx context.Context) error {
	if !c.dryRun {
		if err := c.permittedToMend(); err != nil {
			return err
		}
	}
	report, err := c.restoring(ctx, c.dryRun)
	c.ui.doc.Counts.Rewritten, c.ui.doc.Counts.Already = int64(report.Datasets+len(report.Merged)), int64(report.Already)
	c.ui.doc.Counts.Failed = int64(len(report.Left))
	if err != nil {
		return err
	}
	did, into := "Put back", "got back"
	if c.dryRun {
		did, into = "Would put back", "would get back"
	}
	c.ui.say("%s %s; %d were as before.", did, plural(int64(report.Datasets+len(report.Merged)), "document"), report.Already)
	c.sayMerged(report, into)
	if c.dryRun {
		c.ui.say("Dry run: nothing was changed.")
	}
	if len(report.Left) == 0 {
		return nil
	}
	var problems []dataset.Problem
	for _, f := range report.Left {
		problems = append(problems, dataset.Problem{Kind: "changed", ID: f.Dataset, Hint: f.Err.Error()})
	}
	c.ui.problems(problems[:min(len(problems), dataset.KeptProblems)], int64(len(problems)))
	if c.dryRun {
		return nil
	}
	return &partialError{
		msg:  plural(int64(len(report.Left)), "dataset") + " left as they are, in part at least",
		hint: "somebody has changed them since the migration; medialift migrate -v VERSION --restore DIR puts back key by key what it took out of those at an older version", stuck: true,
	}
}
