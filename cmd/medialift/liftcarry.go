package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/report"
)

// A liftReport is one dataset's lift as people and programs see it: one entry of
// "datasets".
type liftReport struct {
	Dataset string `json:"dataset"`
	Run     string `json:"run"`
	Name    string `json:"name"`
	Target  string `json:"target"`
	Status  string `json:"status"`
	// From and To are the versions of FiftyOne's that it has and gets.
	From     string   `json:"from_version"`
	To       string   `json:"to_version"`
	Losses   []string `json:"losses"`
	Samples  int64    `json:"samples"`
	Frames   int64    `json:"frames"`
	Views    int      `json:"views"`
	Runs     int      `json:"runs"`
	Paths    int64    `json:"paths"`
	Local    int64    `json:"local"`
	Verified *checked `json:"verified,omitempty"`
	Python   []string `json:"python,omitempty"`
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
	sent := j.ended(ctx, c.carryOut(ctx, j.run, j.plan.Upload))
	if sent != nil {
		return c.ended(ctx, j, sent)
	}
	err := c.land(ctx, j)
	if wrong := c.wrong(j); err == nil && wrong != nil {
		j.shown.Status = string(ledger.Failed)
		_ = c.ended(ctx, j, wrong) // said once all datasets have had their turn
		return nil
	}
	if err = c.ended(ctx, j, err); err == nil {
		j.shown.Status = string(ledger.Done)
	}
	return err
}

// wrong is what is to be said of objects that are not as they were sent; nil for
// nothing. Of nil it is what is to be said of all lifts.
func (c *liftCmd) wrong(j *journey) error {
	t := c.total
	if j != nil {
		t = j.total
	}
	if t.Missing+t.Different+t.Unseen == 0 {
		return nil
	}
	return &wrongError{
		fmt.Sprintf("%s not well: %d missing, %d different, %d unseen", pluralAre(t.Missing+t.Different+t.Unseen, "object"), t.Missing, t.Different, t.Unseen),
		verifyHint(t),
	}
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
	d := &c.ui.doc
	d.Counts.Rewritten += made.Values
	c.ui.report.edit(func(d *report.Dataset) { d.Paths += made.Values })
	j.shown.Samples, j.shown.Frames, j.shown.Paths, j.shown.Local = made.Samples, made.Frames, made.Values, made.Left
	c.ui.say("Imported %s.", contents(j.plan.Name, made.Samples, made.Frames, made.Tags, made.Views, made.Runs))
	return nil
}

func (c *liftCmd) migrateTo(ctx context.Context, j *journey) error {
	c.ui.report.phase("migrating")
	return aloneOn(j.dir, c.db, func(holder string) error {
		moved, err := j.plan.Migrate(ctx, holder)
		for _, warning := range moved.Warnings {
			c.ui.warn("%s", warning)
		}
		if err == nil && moved.Migrated > 0 && j.plan.Version != j.plan.To {
			c.ui.say("Brought it from version %s to %s.", j.plan.Version, j.plan.To)
		}
		return err
	})
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
		c.total.Missing += t.Missing
		c.total.Different += t.Different
		c.total.Unseen += t.Unseen
		c.ui.doc.Counts.Failed += wrong
		c.ui.problems(found.Problems, wrong)
	}
	return nil
}

// agree asks whether what downgrades delete may be lost.
func (c *liftCmd) agree(plans []*journey) error {
	newer := int64(0)
	r := &dataset.Refusal{Hint: "--yes agrees to it, --dry-run only lists what is lost; the source keeps it all"}
	for _, j := range plans {
		if !mongostore.Older(j.plan.To, j.plan.Version) || j.plan.Done {
			continue
		}
		newer++
		for _, loss := range j.plan.Losses {
			r.Add(dataset.Problem{Kind: "loss", ID: j.plan.Name, Hint: loss})
		}
	}
	if newer == 0 || c.yes {
		return nil
	}
	if c.ui.json || !terminal() {
		r.Reason = fmt.Sprintf("%s newer than the target database and would be downgraded there", pluralAre(newer, "dataset"))
		return r
	}
	return c.confirm("%s newer than the target database and will be downgraded there, losing what is listed. Go on? (y/N) ", pluralAre(newer, "dataset"))
}

// warnTarget says what the new paths mean for the target.
func (c *liftCmd) warnTarget(j *journey) {
	if kind := c.db.Config().Type; kind != mongostore.OpenSource || j.plan.Upload.Values() == 0 {
		return
	}
	c.warnOpenSource("the target is a database")
}
