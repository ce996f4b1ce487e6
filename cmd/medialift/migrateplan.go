package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate"
)

// A migration is the plan of one dataset, or of the database itself, as people and
// programs see it: one entry of "migrations".
type migration struct {
	// Dataset is empty for the database itself.
	Dataset string   `json:"dataset"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Legs    []string `json:"legs"`
	// Touches are the collections that are changed beside the dataset's document.
	Touches []touched `json:"collections"`
	// Losses says what is deleted, for good unless Backup is the folder that keeps it.
	Losses   []string `json:"losses"`
	Backup   string   `json:"backup,omitempty"`
	Warnings []string `json:"warnings"`
	// Unopenable says why the FiftyOne of the target version can't open it.
	Unopenable string `json:"cannot_open,omitempty"`
	Refused    string `json:"refused,omitempty"`
}

// touched is a collection that a migration changes; Documents and Bytes are what it
// holds where the step passes all of it.
type touched struct {
	Collection string `json:"collection"`
	Documents  int64  `json:"documents,omitempty"`
	Bytes      int64  `json:"bytes,omitempty"`
}

// A migrationPlan is all of them.
type migrationPlan struct {
	list []migration
	// todo is how many plans there are, lossy how many of them lose something.
	todo, lossy, refused int
	documents, bytes     int64
	// kept is how many documents the backup will hold; unkept are plans that it can't.
	kept   int64
	unkept []dataset.Problem
	// unkeptHint and refusedHint say what can be done about the first of each.
	unkeptHint, refusedHint string
	// unfinished are those of earlier runs.
	unfinished []leftover
}

// plan composes all plans on paper. Only a refusal of the database itself is an
// error.
func (c *migrateCmd) plan(ctx context.Context) (*migrationPlan, error) {
	p := &migrationPlan{}
	c.agreed = map[string][]string{}
	if err := c.addLeft(p); err != nil {
		return nil, err
	}
	for plan, err := range c.plans(ctx) {
		var refused *dbmigrate.RefusalError
		switch {
		case errors.As(err, &refused) && refused.Dataset == "":
			return nil, &dataset.Refusal{Reason: refused.Error(), Hint: refused.Hint}
		case refused != nil:
			p.list = append(p.list, migration{Dataset: refused.Dataset, To: c.to, Refused: refused.Error()})
			p.refused++
			if p.refusedHint == "" {
				p.refusedHint = cmp.Or(refused.Hint, "leave it out with -n, or choose another version; nothing was changed")
			}
		case err != nil:
			return nil, err
		default:
			if err := c.add(ctx, p, plan); err != nil {
				return nil, err
			}
		}
		if p.todo++; p.todo%100 == 0 {
			c.ui.bar.show(step{Phase: "planning", Files: int64(p.todo)})
		}
	}
	return p, nil
}

// add notes a plan, unless there is nothing to do.
func (c *migrateCmd) add(ctx context.Context, p *migrationPlan, plan *dbmigrate.Plan) error {
	plan, err := c.onward(ctx, plan)
	if plan == nil || err != nil || plan.Empty() {
		return err
	}
	if c.backup != "" {
		p.cannotKeep(plan.Name, c.runner.CheckBackup(c.backup, plan))
	}
	m := migration{
		Dataset: plan.Name, From: plan.From, To: plan.To, Legs: []string{}, Backup: c.backup,
		Losses: append([]string{}, plan.Losses...), Warnings: append([]string{}, plan.Warnings...), Touches: []touched{},
	}
	for _, leg := range plan.Legs {
		m.Legs = append(m.Legs, leg.String())
	}
	p.kept++
	for _, op := range slices.Concat(plan.Ops, plan.Last) {
		name := op.Target()
		p.kept += singly(op)
		if slices.ContainsFunc(m.Touches, func(t touched) bool { return t.Collection == name }) {
			continue
		}
		t := touched{Collection: name}
		if wholeCollection(op) {
			held, err := c.runner.Size(ctx, name)
			if err != nil {
				return err
			}
			t.Documents, t.Bytes = held.Documents, held.Bytes
			p.documents += held.Documents
			p.bytes += held.Bytes
		}
		m.Touches = append(m.Touches, t)
	}
	m.Unopenable = strings.Join(plan.Unopenable, "; ")
	p.lossy += c.shown(plan.ID, m.Losses)
	p.list = append(p.list, m)
	return nil
}

// singly is how many documents an operation changes or deletes that it names.
func singly(op dbmigrate.Op) int64 {
	switch op := op.(type) {
	case dbmigrate.Put:
		return 1
	case dbmigrate.Delete:
		return int64(len(op.IDs))
	case dbmigrate.DeleteResult:
		return int64(len(op.IDs))
	}
	return 0
}

// wholeCollection tells whether an operation passes every document.
func wholeCollection(op dbmigrate.Op) bool {
	switch op := op.(type) {
	case dbmigrate.UpdateAll:
		return len(op.Filter) == 0
	case dbmigrate.Convert, dbmigrate.Merge, dbmigrate.Drop:
		return true
	}
	return false
}
