package main

import (
	"context"
	"slices"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// mend redoes steps on stale documents.
func (c *migrateCmd) mend(ctx context.Context) error {
	if err := c.permittedToMend(); err != nil {
		return err
	}
	if err := c.exist(ctx); err != nil {
		return err
	}
	if err := c.findLeft(ctx); err != nil {
		return err
	}
	if err := c.permittedToFinish(); err != nil {
		return err
	}
	p := &migrationPlan{}
	c.agreed = map[string][]string{}
	if err := c.addLeft(p); err != nil {
		return err
	}
	var names []string
	if !c.all {
		names = c.names
	}
	stale, err := c.runner.Stale(ctx, names)
	if err != nil {
		return err
	}
	c.showLeft(p.unfinished)
	if len(p.unfinished) > 0 {
		c.ui.doc.Unfinished = p.unfinished
	}
	for _, s := range stale {
		c.ui.say("  %s: %d documents of %s without %s", s.Dataset, s.Documents, s.Collection, s.Field)
	}
	if len(stale) == 0 && !slices.ContainsFunc(p.unfinished, func(u leftover) bool { return u.Finishes }) {
		c.ui.say("Nothing to repair.")
		return nil
	}
	if err := c.refused(p); err != nil {
		return err
	}
	if c.dryRun {
		c.ui.say("Dry run: nothing was changed.")
		return nil
	}
	if err := c.agree(p); err != nil {
		return err
	}
	c.to = c.found.Version
	return c.apply(ctx, c.runner.Repairs(ctx, names), len(stale))
}

// exist refuses names that no dataset has, before anything is done.
func (c *migrateCmd) exist(ctx context.Context) error {
	if len(c.names) == 0 {
		return nil
	}
	list, err := c.runner.Datasets(ctx)
	if err != nil {
		return err
	}
	r := &dataset.Refusal{Hint: "medialift info lists the datasets of the database"}
	for _, name := range c.names {
		if !slices.ContainsFunc(list, func(d runner.Dataset) bool { return d.Name == name }) {
			r.Add(dataset.Problem{Kind: "refused", ID: name, Hint: "there is no dataset of this name"})
		}
	}
	if r.Total == 0 {
		return nil
	}
	r.Reason = plural(r.Total, "name") + " of no dataset"
	return r
}
