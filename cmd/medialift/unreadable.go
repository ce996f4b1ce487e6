package main

import (
	"context"

	"github.com/medialift/medialift/dataset"
)

// warnUnreadable says which documents of a dataset FiftyOne cannot read. Where all is
// false, it looks only at a dataset that may hold lists of media paths of which
// FiftyOne's exporter has kept one path: the others are neither seen nor sent.
func (a *app) warnUnreadable(ctx context.Context, src *source, all bool) error {
	m, err := src.store.Manifest(ctx)
	if err != nil || !all && !dataset.NewChecker(m).HasListsOfMedia() {
		return err
	}
	r, err := dataset.Unreadable(ctx, src.store, m, func(n int64) { a.ui.bar.show(step{Phase: "checking", Files: n}) })
	if err != nil || r == nil {
		return err
	}
	a.ui.warn("FiftyOne cannot read %s of %s; import and lift refuse the dataset: %s", plural(r.Total, "document"), src, r.Hint)
	a.ui.problems(r.Problems, r.Total)
	return nil
}
