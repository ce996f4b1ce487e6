package main

import (
	"github.com/medialift/medialift/report"
	"github.com/medialift/medialift/verify"
)

// What lift says in a report besides what it has in common with upload.

// reportLifts notes what decides what is made where, and what never goes along.
func (c *liftCmd) reportLifts(datasets []string) {
	c.reportSettings(datasets)
	r := &c.ui.report
	r.set("target database", c.db.Address()+"/"+c.db.Name())
	if c.name != "" {
		r.set("name", c.name)
	}
	if c.noRuns {
		r.set("runs", "left behind")
	}
	r.notCarried("permissions", "who may see or change the dataset is set in the Enterprise App")
	r.notCarried("snapshots", "versions of a dataset stay where they were made")
	r.notCarried("vector stores", "similarity indexes outside of MongoDB stay where they are, and are named by the same settings")
}

// reportJourney notes where a dataset goes, and at which version it arrives.
func (c *liftCmd) reportJourney(j *journey) {
	c.ui.report.edit(func(d *report.Dataset) {
		d.Target = inDatabase(c.db)
		d.Versions = &report.Versions{Dataset: j.plan.Version, Database: j.plan.To, Lost: j.plan.Losses}
	})
}

// reportVerified notes what a look at every path has found.
func (c *liftCmd) reportVerified(found verify.Report) {
	t := found.Total
	c.ui.report.edit(func(d *report.Dataset) {
		d.Verified = &report.Verified{Checksum: t.Checksum, Size: t.Size, Existence: t.Existence, Wrong: t.Missing + t.Different, Unseen: t.Unseen}
	})
}

// reportLanded notes how the new dataset is loaded.
func (c *liftCmd) reportLanded(j *journey) {
	c.ui.report.edit(func(d *report.Dataset) {
		d.Name, d.Load = j.plan.Name, j.shown.Python
	})
}
