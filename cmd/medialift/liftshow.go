package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/medialift/medialift/lift"
)

// entry is a lift in the document of this command, as it was planned.
func (c *liftCmd) entry(j *journey) *liftReport {
	p := j.plan
	if l, ok := c.ui.at.detail.(*liftReport); ok {
		return l
	}
	l := &liftReport{
		Name: p.Name, Target: c.db.Address() + "/" + c.db.Name(), From: p.Version, To: p.To, Losses: append([]string{}, p.Losses...),
		Unopenable: strings.Join(p.Unopenable, "; "),
		Samples:    p.Samples, Frames: p.Frames, Views: p.Views, Runs: p.Runs, Paths: p.Upload.Values(), Local: p.Upload.MissingTotal,
	}
	c.ui.at.detail = l
	return l
}

// showLift prints the plan of one lift.
func (c *liftCmd) showLift(ctx context.Context, j *journey) {
	p := j.plan
	c.entry(j)
	c.showPlan(ctx, j.run, p.Upload)
	where := inDatabase(c.db)
	switch {
	case p.Done:
		c.ui.say("  %q has been in %s since an earlier run; the source is still the same.", p.Name, where)
	case p.Copied:
		c.ui.say("  %q is in %s already; what is left to do is done now.", p.Name, where)
	default:
		c.ui.say("  then %q into %s: %s", p.Name, where, c.sizes(j))
	}
	switch {
	case p.Version == p.To:
		c.ui.say("  at version %s, as it is.", p.To)
	case p.Copied && !p.Done:
		c.ui.say("  and to version %s.", p.To)
	case !p.Copied:
		c.ui.say("  and from version %s to the target's, %s.", p.Version, p.To)
	}
	for _, loss := range p.Losses {
		c.ui.say("  the new dataset loses %s", loss)
	}
	for _, why := range p.Unopenable {
		c.ui.warn("%q cannot be opened there: %s", p.Name, why)
	}
	if !p.Done && len(p.Left) > 0 {
		c.ui.say("  not carried over: %s.", notCarried(p))
	}
	for _, warning := range p.Warnings {
		c.ui.warn("%s", warning)
	}
	c.showViews(p.Found, c.opts.UpdateViews)
	if c.part.given() && p.Runs > 0 {
		c.ui.warn("the new dataset has some of the samples; results of its runs may be about others too")
	}
	c.warnStrays(p.Upload.Strays, strayUse{"sent", "sends them"})
	c.warnTarget(j)
	c.reportJourney(j)
}

// notCarried lists what a lift leaves behind.
func notCarried(p *lift.Plan) string {
	list := append(slices.Clone(p.Left), "permissions", "dataset snapshots")
	return strings.Join(list, ", ") + ", and vector stores outside of MongoDB"
}

// sizes says how much a dataset holds besides its media.
func (c *liftCmd) sizes(j *journey) string {
	p := j.plan
	text := fmt.Sprintf("%s, %s", plural(int64(p.Views), "saved view"), plural(int64(p.Runs), "run"))
	if p.Samples > 0 {
		text = plural(p.Samples, "sample") + ", " + text
	}
	if p.Bytes > 0 {
		text += ", " + size(p.Bytes)
	}
	if p.Room > 0 {
		text += fmt.Sprintf("; %s free there", size(p.Room))
	}
	return text
}

// showLanded says what was moved, and how to load it.
func (c *liftCmd) showLanded(j *journey) {
	p, d := j.plan, &c.ui.doc
	if p.Done {
		c.ui.say("Nothing to do: %q was lifted before.", p.Name)
	} else {
		c.ui.say("Lifted %q into %s.", p.Name, inDatabase(c.db))
	}
	j.shown.Name = p.Name
	if len(p.Unopenable) == 0 {
		j.shown.Python = []string{"import fiftyone as fo", fmt.Sprintf("dataset = fo.load_dataset(%q)", p.Name)}
		d.Next = j.shown.Python[0] + "; " + j.shown.Python[1]
	} else {
		c.ui.say("FiftyOne %s cannot open all of it: %s.", p.To, j.shown.Unopenable)
	}
	for _, line := range j.shown.Python {
		c.ui.say("  %s", line)
	}
	c.reportLanded(j)
	c.ui.say("Not carried over: %s.", notCarried(p))
}
