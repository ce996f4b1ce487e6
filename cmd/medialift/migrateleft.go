package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// A leftover is what an earlier run left of one migration, as people and programs see
// it: one entry of "unfinished".
type leftover struct {
	// Dataset is empty for the database itself.
	Dataset string   `json:"dataset"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Legs    []string `json:"legs"`
	Since   string   `json:"since,omitempty"`
	// Begun tells that data may have been changed: it can be finished and not dropped.
	Begun bool `json:"begun"`
	// Changed tells that somebody has changed the dataset since.
	Changed bool `json:"changed"`
	// Finishes tells that this command finishes it.
	Finishes bool     `json:"finishes"`
	Losses   []string `json:"losses"`
	Warnings []string `json:"warnings"`
	// Backup is the file that keeps what it deletes.
	Backup string `json:"backup,omitempty"`
}

// findLeft asks what earlier runs have not finished.
func (c *migrateCmd) findLeft(ctx context.Context) (err error) {
	c.left, err = c.runner.Unfinished(ctx)
	if err != nil || len(c.left) == 0 || len(c.names) == 0 {
		return err
	}
	// A dataset may be known by the name that its migration has taken from it, unless
	// another one has that now.
	list, err := c.runner.Datasets(ctx)
	for i, u := range c.left {
		taken := slices.ContainsFunc(list, func(d runner.Dataset) bool { return d.Name == u.Former })
		if slices.Contains(c.names, u.Former) && !taken {
			c.former = append(c.former, u.Dataset)
			c.left[i].Dataset = u.Former
		}
	}
	return err
}

// permittedToFinish is FiftyOne's guard for what an earlier run left: who is no admin may
// at most bring datasets to the version of their database.
func (c *migrateCmd) permittedToFinish() error {
	if c.admin() || c.dryRun {
		return nil
	}
	for _, u := range c.left {
		switch {
		case !c.concerns(u):
		case u.Collection == dbmigrate.Config:
			return notAdmin("Cannot migrate database from v%s to v%s", u.From, u.To)
		case u.To != c.found.Version:
			return notAdmin("Cannot migrate dataset '%s' to v%s", u.Dataset, u.To)
		}
	}
	return nil
}

// concerns tells whether an unfinished migration is one of what the command was asked
// about.
func (c *migrateCmd) concerns(u runner.Unfinished) bool {
	switch {
	case c.all:
		return true
	case len(c.names) > 0:
		return u.Collection == dbmigrate.Datasets && slices.Contains(c.names, u.Dataset)
	case c.repair:
		return u.Collection == dbmigrate.Datasets
	case c.abandon:
		return true
	}
	return u.Collection == dbmigrate.Config
}

// finishes chooses what the plan has shown and the command was asked about.
func (c *migrateCmd) finishes(u runner.Unfinished) bool {
	return slices.ContainsFunc(c.left, func(l runner.Unfinished) bool {
		return c.concerns(l) && dbmigrate.IDKey(l.ID) == dbmigrate.IDKey(u.ID) && l.Collection == u.Collection && l.From == u.From && l.To == u.To
	})
}

// addLeft notes what is unfinished.
func (c *migrateCmd) addLeft(p *migrationPlan) error {
	if c.backup != "" {
		dir, err := filepath.Abs(c.backup)
		if err != nil {
			return fmt.Errorf("finding %q: %w", c.backup, err)
		}
		c.backup = dir
		p.cannotKeep("", c.runner.CheckBackup(dir, nil))
	}
	for _, u := range c.left {
		shown := c.entry(u)
		p.unfinished = append(p.unfinished, shown)
		if !shown.Finishes {
			continue
		}
		if c.backup != "" && !u.Changed {
			p.cannotKeep(u.Dataset, c.runner.CheckUnfinished(c.backup, u))
		}
		p.lossy += c.shown(u.ID, u.Losses)
	}
	return nil
}

func (c *migrateCmd) entry(u runner.Unfinished) leftover {
	shown := leftover{
		Dataset: u.Dataset, From: u.From, To: u.To, Legs: append([]string{}, u.Legs...), Begun: u.Begun, Changed: u.Changed,
		Finishes: c.concerns(u) && !c.abandon, Losses: append([]string{}, u.Losses...), Warnings: append([]string{}, u.Warnings...), Backup: u.Backup,
	}
	if !u.Started.IsZero() {
		shown.Since = u.Started.UTC().Format(time.RFC3339)
	}
	return shown
}

// onward is a plan as it is carried out once what is unfinished of its dataset is
// finished: from there on. It is nil where this run does no more.
func (c *migrateCmd) onward(ctx context.Context, plan *dbmigrate.Plan) (*dbmigrate.Plan, error) {
	i := slices.IndexFunc(c.left, func(u runner.Unfinished) bool {
		return c.concerns(u) && u.Collection == plan.Collection && dbmigrate.IDKey(u.ID) == dbmigrate.IDKey(plan.ID)
	})
	switch {
	case i < 0 || c.left[i].Written:
		return plan, nil
	case c.left[i].Changed:
		return nil, nil //nolint:nilnil // what is left of it is given up, or planned again
	}
	return c.runner.Onward(ctx, c.left[i], c.to, c.now)
}

// droppable tells whether --abandon would drop something that this command finishes.
func (p *migrationPlan) droppable() bool {
	return slices.ContainsFunc(p.unfinished, func(u leftover) bool { return u.Finishes && !u.Begun })
}

func (u leftover) called() string {
	if u.Dataset == "" {
		return "the database"
	}
	return fmt.Sprintf("dataset %q", u.Dataset)
}

// showLeft lists what is unfinished.
func (c *migrateCmd) showLeft(list []leftover) {
	for _, u := range list {
		state := "has not begun to change anything (migrate --abandon drops it)"
		switch {
		case u.Changed && !u.Begun:
			state = "has not begun, and somebody has changed the dataset since: it is given up"
		case u.Changed:
			state = "has begun, and somebody has changed the dataset since"
		case u.Begun:
			state = "has begun to change data, and can only be finished"
		}
		if !u.Finishes && !c.abandon && !c.info {
			state += "; not part of this run"
		}
		c.ui.say("  unfinished: %s: v%s → v%s %s", u.called(), u.From, u.To, state)
		for _, loss := range u.Losses {
			if u.Backup != "" {
				c.ui.say("      deleted, and kept in %s: %s", filepath.Dir(u.Backup), loss)
			} else if c.backup != "" && u.Finishes && !u.Begun {
				c.ui.say("      deleted, and kept in %s: %s", c.backup, loss)
			} else {
				c.ui.say("      lost: %s", loss)
			}
		}
	}
}

// giveUp drops what is unfinished and has not begun to change anything.
func (c *migrateCmd) giveUp(ctx context.Context) error {
	if err := c.permittedToMend(); err != nil {
		return err
	}
	if err := c.exist(ctx); err != nil {
		return err
	}
	if err := c.findLeft(ctx); err != nil {
		return err
	}
	var done runner.Abandoned
	if c.dryRun {
		for _, u := range c.left {
			switch {
			case c.concerns(u) && u.Begun:
				done.Kept = append(done.Kept, u)
			case c.concerns(u):
				done.Dropped = append(done.Dropped, u)
			}
		}
	} else {
		opts := c.options(0)
		err := c.waiting(ctx, func() (err error) {
			done, err = c.runner.Abandon(ctx, c.isLeft, opts)
			return err
		})
		if err != nil {
			return err
		}
	}
	return c.gaveUp(done)
}

// isLeft chooses what the command was asked about.
func (c *migrateCmd) isLeft(u runner.Unfinished) bool {
	return slices.ContainsFunc(c.left, func(l runner.Unfinished) bool {
		return c.concerns(l) && l.Collection == u.Collection && dbmigrate.IDKey(l.ID) == dbmigrate.IDKey(u.ID)
	})
}

// gaveUp says what was dropped, and names what stays.
func (c *migrateCmd) gaveUp(done runner.Abandoned) error {
	entries := func(list []runner.Unfinished) []leftover {
		all := []leftover{}
		for _, u := range list {
			all = append(all, c.entry(u))
		}
		return all
	}
	dropped, kept := entries(done.Dropped), entries(done.Kept)
	c.ui.doc.Abandoned, c.ui.doc.Unfinished = dropped, kept
	c.ui.doc.Counts.Rows = int64(len(dropped) + len(kept))
	c.ui.doc.Counts.Rewritten, c.ui.doc.Counts.Failed = int64(len(dropped)), int64(len(kept))
	for _, u := range dropped {
		c.ui.say("  %s: v%s → v%s, which has not begun", u.called(), u.From, u.To)
	}
	switch n := plural(int64(len(dropped)), "unfinished migration"); {
	case len(dropped)+len(kept) == 0:
		c.ui.say("Nothing is unfinished.")
	case c.dryRun:
		c.ui.say("Dry run: nothing was dropped; it would be %s.", n)
	case len(dropped) > 0:
		c.ui.say("Dropped %s: their datasets are as they were before.", n)
	}
	if len(kept) == 0 {
		return nil
	}
	r := &dataset.Refusal{
		Reason: plural(int64(len(kept)), "unfinished migration") + " stay: they have begun to change data",
		Hint:   "medialift migrate --all, or -n with their names, finishes them",
	}
	for _, u := range kept {
		r.Add(dataset.Problem{Kind: "unfinished", ID: u.Dataset, Hint: fmt.Sprintf("v%s → v%s has begun", u.From, u.To)})
	}
	if len(dropped) == 0 {
		return r
	}
	c.ui.problems(r.Problems, r.Total)
	return &partialError{msg: r.Reason, hint: r.Hint, stuck: true}
}
