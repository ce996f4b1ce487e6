package main

import (
	"context"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/ledger"
)

// updateViewsHelp is what --update-views says of itself.
const updateViewsHelp = "change the saved views that choose by paths, where they choose the same samples then"

// viewsOf says which saved views of a dataset choose others once the plan of run is
// carried out, and returns them.
func (a *app) viewsOf(ctx context.Context, u dataset.Updater, run *ledger.Run, update bool) ([]savedview.Finding, error) {
	findings, err := run.Views(ctx, u)
	a.showViews(findings, update)
	return findings, err
}

// showViews says what becomes of saved views that choose by paths.
func (a *app) showViews(findings []savedview.Finding, update bool) {
	for _, f := range findings {
		switch {
		case !f.Exact():
			a.ui.warn("%s; it stays as it is and will not find the new paths", f)
		case update:
			a.ui.say("  %s and is changed with its paths.", f)
		default:
			a.ui.warn("%s and will not find the new paths: --update-views changes it", f)
		}
	}
}

// viewsDone says which views were changed, and which were not after all.
func (a *app) viewsDone(planned, found []savedview.Finding, done ledger.Applied) {
	if done.Views > 0 {
		a.ui.say("Changed %s of saved views.", plural(done.Views, "stage"))
	}
	promised := map[string]bool{}
	for _, f := range planned {
		promised[f.View] = f.Exact()
	}
	for _, f := range found {
		if !f.Exact() && promised[f.View] {
			a.ui.warn("%s; it was left as it is", f)
		}
	}
}

// exact counts the views that can follow.
func exact(findings []savedview.Finding) (n int) {
	for _, f := range findings {
		if f.Exact() {
			n++
		}
	}
	return n
}

// A revisedExport is an export directory with saved views that follow new paths.
type revisedExport struct {
	importer.Source
	findings []savedview.Finding
}

// Manifest implements dataset.Source.
func (r revisedExport) Manifest(ctx context.Context) (dataset.Manifest, error) {
	m, err := r.Source.Manifest(ctx)
	if err != nil {
		return m, err
	}
	return savedview.Revised(m, r.findings)
}
