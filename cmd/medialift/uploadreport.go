package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/upload"
)

// fieldReport is one entry of "fields" in the document of upload.
type fieldReport struct {
	Field   string `json:"field"`
	URL     string `json:"url"`
	Base    string `json:"base,omitempty"`
	Paths   int64  `json:"paths"`
	Files   int64  `json:"files"`
	Bytes   int64  `json:"bytes"`
	Arrived int64  `json:"arrived"`
	ToSend  int64  `json:"to_send"`
	Missing int64  `json:"missing"`
}

// fieldReports leaves out fields that have nothing local.
func fieldReports(totals []ledger.FieldTotal) []fieldReport {
	list := []fieldReport{}
	for _, t := range totals {
		if t.Values > 0 || t.Files > 0 {
			list = append(list, fieldReport{t.Field, t.Target, t.Base, t.Values, t.Files, t.Bytes, t.Arrived, t.ToSend, t.Missing})
		}
	}
	return list
}

// showPlan prints the plan in a few lines.
func (c *uploadCmd) showPlan(ctx context.Context, run *ledger.Run, plan *upload.Plan) {
	d := &c.ui.doc
	d.Counts.Rows += plan.Rows
	d.Counts.Already += plan.Remote
	d.Counts.Missing += plan.MissingTotal
	fields := fieldReports(plan.Totals)
	c.reportPlan(ctx, run, plan)
	c.ui.say("%s", d.Run)
	for _, t := range plan.Totals {
		if t.Values == 0 && t.Files == 0 {
			continue
		}
		base := ""
		if t.Base != "" {
			base = "  from " + t.Base
		}
		c.ui.say("  %-28s %9d files %9d paths %10s → %s%s", t.Field, t.Files-t.Missing, t.Values, size(t.Bytes), t.Target, base)
	}
	if earlier, ok := d.Fields.([]fieldReport); ok {
		fields = slices.Concat(earlier, fields)
	}
	d.Fields = fields
	if plan.Remote > 0 {
		c.ui.say("  %s remote already and stay.", pluralAre(plan.Remote, "path"))
	}
	if plan.Values() == 0 {
		c.ui.say("  no path is local.")
	} else if examples, err := run.Examples(ctx, 1); err == nil && len(examples) == 1 && examples[0].New != "" {
		c.ui.say("  for example %s %s: %s → %s", examples[0].Field, examples[0].DocID(), examples[0].Old, examples[0].New)
	}
	if plan.Assets > 0 {
		c.ui.say("  %s along that 3D scenes need.", pluralGo(plan.Assets, "file"))
	}
	for _, w := range append(c.targets().Notes(), plan.Warnings...) {
		c.ui.warn("%s", w)
	}
	if plan.MissingTotal > 0 {
		c.ui.warn("%s of missing files stay as they are", plural(plan.MissingTotal, "path"))
		c.ui.problems(plan.Missing, plan.MissingTotal)
	}
	if plan.MissingAssetsTotal > 0 {
		c.ui.warn("%s not there: their scenes are sent without them", pluralAre(plan.MissingAssetsTotal, "asset"))
		c.ui.problems(plan.MissingAssets, plan.MissingAssetsTotal)
	}
	if anyMangled(plan.Missing) {
		c.ui.warn("some of these are URLs that FiftyOne took for relative paths: medialift rewrite DATASET --unmatched keep --map %s mends them", localfile.MangledMap)
	}
	c.warnAs(arrivedBefore(plan))
	objects, bytes := plan.ToSend()
	c.ui.say("  %s to send, %s; ledger %s.", plural(objects, "object"), size(bytes), size(run.Size()))
}

// showSent says what was sent, and says so too when nothing was.
func (c *uploadCmd) showSent(plan *upload.Plan, sent upload.Sent) {
	switch {
	case c.emptyOne != "":
		c.ui.say("Nothing to do with media: %s has no samples.", c.emptyOne)
	case sent.Objects == 0 && sent.Found == 0 && sent.Failed == 0 && plan.MissingTotal > 0 && arrivedBefore(plan) == 0:
		c.ui.say("Nothing to send: no file is there.")
	case sent.Objects == 0 && sent.Found == 0 && sent.Failed == 0:
		c.ui.say("Nothing to send: everything has arrived before.")
	case sent.Found > 0:
		c.ui.say("Sent %s, %s; %s there already.", plural(sent.Objects, "object"), size(sent.Bytes), objectsWere(sent.Found))
	default:
		c.ui.say("Sent %s, %s.", plural(sent.Objects, "object"), size(sent.Bytes))
	}
}

// warnAs says what flags about objects do not reach: those that are there.
func (c *uploadCmd) warnAs(there int64) {
	if as := c.written.String(); as != "" && there > 0 {
		c.ui.warn("what is there already (%s) stays as it was written: %s is for what is sent from now on", plural(there, "object"), as)
	}
}

// arrivedBefore is how many objects of a plan earlier runs have sent.
func arrivedBefore(plan *upload.Plan) (n int64) {
	for _, t := range plan.Totals {
		n += t.Arrived
	}
	return n
}

// countSent adds to the counts of the document.
func (c *uploadCmd) countSent(sent upload.Sent) {
	n := &c.ui.doc.Counts
	if n.Objects += sent.Objects; sent.Objects > 0 {
		c.ui.changed()
	}
	n.Bytes += sent.Bytes
	n.Failed += sent.Failed
	n.Found += sent.Found
	n.Replaced += sent.Replaced
	n.Requests += sent.Traffic.Requests
	n.Retries += sent.Traffic.Retries
	n.Throttled += sent.Traffic.Throttled
	for cause, times := range sent.Traffic.Causes {
		if n.Retried == nil {
			n.Retried = map[upload.Cause]int64{}
		}
		n.Retried[cause] += times
	}
}

// showTraffic says what had to be asked again, if anything.
func (c *uploadCmd) showTraffic(t upload.Traffic) {
	if t.Retries == 0 {
		return
	}
	var why []string
	for _, cause := range slices.Sorted(maps.Keys(t.Causes)) {
		why = append(why, fmt.Sprintf("%d %s", t.Causes[cause], cause))
	}
	c.ui.say("Of %s, %d were made again: %s.", plural(t.Requests, "request"), t.Retries, strings.Join(why, ", "))
}

func pluralAre(n int64, one string) string {
	if n == 1 {
		return "1 " + one + " is"
	}
	return plural(n, one) + " are"
}

func pluralGo(n int64, one string) string {
	if n == 1 {
		return "1 " + one + " goes"
	}
	return plural(n, one) + " go"
}

func objectsWere(n int64) string {
	if n == 1 {
		return "1 object was"
	}
	return plural(n, "object") + " were"
}
