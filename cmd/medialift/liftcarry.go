package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/report"
)

// A liftReport is one dataset's lift as people and programs see it, besides what
// an entry of "datasets" says of any.
type liftReport struct {
	Name   string `json:"name"`
	Target string `json:"target"`
	// From and To are the versions of FiftyOne's that it has and gets.
	From   string   `json:"from_version"`
	To     string   `json:"to_version"`
	Losses []string `json:"losses"`
	// Unopenable says why the FiftyOne of the target can't open it.
	Unopenable string   `json:"cannot_open,omitempty"`
	Samples    int64    `json:"samples"`
	Frames     int64    `json:"frames"`
	Views      int      `json:"views"`
	Runs       int      `json:"runs"`
	Paths      int64    `json:"paths"`
	Local      int64    `json:"local"`
	Verified   *checked `json:"verified,omitempty"`
	Python     []string `json:"python,omitempty"`
}

// checked counts the objects of a dataset by what they could be compared with.
type checked struct {
	Checksum  int64 `json:"checksum"`
	Size      int64 `json:"size"`
	Existence int64 `json:"existence"`
	Wrong     int64 `json:"wrong"`
}

// carry carries out one lift.
func (c *liftCmd) carry(ctx context.Context, j *journey) error {
	c.ui.doc.Run, c.ui.doc.Dataset = j.record.Name(), j.String()
	j.shown = c.entry(j)
	if err := errors.Join(j.record.SetStatus(ctx, ledger.Running), j.run.SetStatus(ctx, ledger.Running)); err != nil {
		return err
	}
	if err := c.noteEmpty(ctx, j.source, j.plan.Upload); err != nil {
		return c.ended(ctx, j, j.ended(ctx, err))
	}
	sent := j.ended(ctx, c.carryOut(ctx, j.run, j.plan.Upload))
	if sent != nil {
		return c.ended(ctx, j, sent)
	}
	err := c.land(ctx, j)
	if err == nil {
		err = notWell(j.total)
	}
	if n := len(j.plan.Kept); err == nil && n > 0 {
		err = c.leftError(ctx, ledger.Applied{Refused: int64(n)}, j.run)
	}
	return c.ended(ctx, j, err)
}

// land makes the dataset in the target once its media have arrived.
func (c *liftCmd) land(ctx context.Context, j *journey) error {
	if err := c.importInto(ctx, j); err != nil {
		return err
	}
	if err := c.migrateTo(ctx, j); err != nil {
		return err
	}
	if err := c.verifyIn(ctx, j); err != nil {
		return err
	}
	if err := j.plan.Finish(ctx); err != nil {
		return err
	}
	c.showLanded(j)
	return nil
}

func (c *liftCmd) importInto(ctx context.Context, j *journey) error {
	c.ui.report.phase("importing")
	made, err := j.plan.Import(ctx)
	if errors.Is(err, lift.ErrPending) {
		return &partialError{msg: err.Error(), hint: "run the same command again: it goes on from here", err: err}
	}
	if err != nil {
		return fmt.Errorf("importing %q into %s: %w", j.plan.Name, inDatabase(c.db), err)
	}
	for _, warning := range made.Warnings {
		c.ui.warn("%s", warning)
	}
	if made.Before {
		return nil
	}
	c.ui.changed()
	c.ui.doc.Counts.Rewritten += made.Values
	c.ui.report.edit(func(d *report.Dataset) { d.Paths += made.Values })
	j.shown.Samples, j.shown.Frames, j.shown.Paths, j.shown.Local = made.Samples, made.Frames, made.Values, made.Left
	c.ui.say("Imported %s.", contents(j.plan.Name, made.Samples, made.Frames, made.Tags, made.Views, made.Runs))
	return nil
}

func (c *liftCmd) migrateTo(ctx context.Context, j *journey) error {
	c.ui.report.phase("migrating")
	moved, err := j.plan.Migrate(ctx, c.ui.wait)
	for _, warning := range moved.Warnings {
		c.ui.warn("%s", warning)
	}
	if err == nil && moved.Migrated > 0 && j.plan.Version != j.plan.To {
		c.ui.say("Brought it from version %s to %s.", j.plan.Version, j.plan.To)
	}
	return err
}

func (c *liftCmd) verifyIn(ctx context.Context, j *journey) error {
	c.ui.report.phase("verifying")
	found, err := j.plan.Verify(ctx, c.targets().Open, j.history)
	if err != nil {
		return err
	}
	t := found.Total
	j.shown.Verified = &checked{Checksum: t.Checksum, Size: t.Size, Existence: t.Existence, Wrong: found.Wrong()}
	c.ui.say("%s verified by checksum, %d by size, %d by existence only.", objectsWere(t.Checksum), t.Size, t.Existence)
	j.total = t
	c.reportVerified(found)
	if wrong := found.Wrong(); wrong > 0 {
		c.ui.doc.Counts.Failed += wrong
		c.ui.problems(found.Problems, wrong)
	}
	return nil
}

// warnTarget says what the new paths mean for the target.
func (c *liftCmd) warnTarget(j *journey) {
	if kind := c.db.Config().Type; kind != mongostore.OpenSource || j.plan.Upload.Values() == 0 {
		return
	}
	c.warnOpenSource("the target is a database")
}
