package main

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/report"
	"github.com/medialift/medialift/upload"
)

// What upload and lift say in a report of the media of one dataset.

// progress takes what an upload reports.
func (c *uploadCmd) progress(p upload.Progress) {
	c.ui.bar.show(step{p.Phase, p.Files, p.TotalFiles, p.Bytes, p.TotalBytes})
	c.ui.report.progress(p)
}

// reportSettings notes what decides where things go.
func (c *uploadCmd) reportSettings(datasets []string) {
	r := &c.ui.report
	r.set("datasets", datasets...)
	r.set("target", c.target)
	r.set("media fields", c.fields...)
	r.set("remote directories", c.places...)
	r.set("below", c.opts.RelDirs...)
	r.set("layout", c.layout)
	if as := c.written.String(); as != "" {
		r.set("written with", as)
	}
}

// pathsShown is how many paths a report shows before and after, pathsRead how many
// it chooses them among, so that more than one field is seen.
const (
	pathsShown = 8
	pathsRead  = 400
)

// reportPlan notes what is going to be sent.
func (c *uploadCmd) reportPlan(ctx context.Context, run *ledger.Run, plan *upload.Plan) {
	if !c.ui.report.wanted() {
		return
	}
	examples, err := run.Examples(ctx, pathsRead)
	if err != nil {
		examples = nil // they are no reason to end here
	}
	c.ui.report.edit(func(d *report.Dataset) {
		d.Rows = plan.Rows
		d.Fields = fieldsNow(plan.Totals, plan.Totals)
		d.Samples = chosen(examples)
	})
}

// chosen takes some values of each field.
func chosen(values []ledger.Value) []report.Change {
	var list []report.Change
	taken := map[string]int{}
	for most := 1; most <= pathsShown && len(list) < pathsShown; most++ {
		for i, v := range values {
			if v.New == "" || taken[v.Field] >= most || len(list) == pathsShown {
				continue
			}
			taken[v.Field]++
			list = append(list, report.Change{Field: v.Field, ID: v.DocID(), Old: v.Old, New: v.New})
			values[i].New = "" // taken
		}
	}
	return list
}

// reportSent notes what has been sent of the plan, in this run or before.
func (c *uploadCmd) reportSent(ctx context.Context, run *ledger.Run, plan *upload.Plan) {
	if !c.ui.report.wanted() {
		return
	}
	after, err := run.Totals(context.WithoutCancel(ctx))
	if err != nil {
		return // the ledger says so elsewhere
	}
	c.ui.report.edit(func(d *report.Dataset) { d.Fields = fieldsNow(plan.Totals, after) })
}

// fieldsNow compares a plan with what its ledger says now.
func fieldsNow(plan, now []ledger.FieldTotal) []report.Field {
	left := map[string]ledger.FieldTotal{}
	for _, t := range now {
		left[t.Field] = t
	}
	var list []report.Field
	for _, t := range plan {
		if t.Values == 0 && t.Files == 0 {
			continue
		}
		l := left[t.Field]
		list = append(list, report.Field{
			Field: t.Field, URL: t.Target, Base: t.Base, Paths: t.Values, Files: t.Files - t.Missing, Bytes: t.Bytes,
			Arrived: t.ToSend - l.ToSend, ArrivedBytes: t.ToSendBytes - l.ToSendBytes, Before: t.Arrived, ToSend: l.ToSend, ToSendBytes: l.ToSendBytes, Missing: t.Missing,
		})
	}
	return list
}

// reportEnd notes how the upload of a dataset ended.
func (c *uploadCmd) reportEnd(s *source, err error) {
	status := statusOf(err)
	if err == nil && c.dryRun {
		status = ledger.Planned
	}
	c.ui.report.ended(status)
	if err == nil && c.rewrite {
		c.ui.report.edit(func(d *report.Dataset) { d.Load = s.loadLines() })
	}
}

// loadLines is Python that loads a dataset.
func (s *source) loadLines() []string {
	if s.db != nil {
		return []string{"import fiftyone as fo", fmt.Sprintf("dataset = fo.load_dataset(%q)", s.name)}
	}
	return []string{
		"import fiftyone as fo",
		fmt.Sprintf("dataset = fo.Dataset.from_dir(dataset_dir=%q, dataset_type=fo.types.FiftyOneDataset)", s.dir),
	}
}
