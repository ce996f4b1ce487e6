package main

import (
	"bytes"
	"context"
	"path"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/pathmap"
	"github.com/medialift/medialift/rewrite"
	"github.com/medialift/medialift/upload"
)

// What a plan says of a dataset in a database, besides what it says of any.

// warnDatabase says what an upload that rewrites paths means for the database.
func (c *uploadCmd) warnDatabase(ctx context.Context, s *session, plan *upload.Plan) error {
	if s.db == nil || !c.rewrite || plan.Values() == 0 {
		return nil
	}
	config := s.db.Database().Config()
	if config.Type == mongostore.OpenSource || config.Type == "" {
		c.warnOpenSource("the database is one")
	}
	var places []string
	for _, t := range plan.Totals {
		places = append(places, t.Base)
	}
	return c.warnViews(ctx, s.source, places)
}

// warnOpenSource says what open-source FiftyOne cannot do with paths in a cloud.
func (c *uploadCmd) warnOpenSource(which string) {
	if t, err := open.Parse(c.target); err == nil && t.Scheme != "file" {
		c.ui.warn("%s of open-source FiftyOne, which cannot open cloud paths: its App will show no media of them", which)
	}
}

// warnRewrite is the same for a rewrite; of prefix maps the plan itself has said
// which views they matter to.
func (c *rewriteCmd) warnRewrite(ctx context.Context, s *session, plan *rewrite.Plan) error {
	if s.db == nil {
		return nil
	}
	var places []string
	for i, m := range plan.Maps {
		if _, ok := c.mappers[i].Mapper.(pathmap.PrefixMap); ok {
			continue
		}
		for _, e := range m.Examples {
			places = append(places, path.Dir(e.Before))
		}
	}
	return c.warnViews(ctx, s.source, places)
}

// warnViews names the saved views that mention one of the places from which paths
// go away.
func (a *app) warnViews(ctx context.Context, s *source, places []string) error {
	manifest, err := s.store.Manifest(ctx)
	if err != nil {
		return err
	}
	for _, view := range manifest.Views() {
		for _, place := range places {
			if len(place) < 2 || !bytes.Contains(view, []byte(place)) {
				continue
			}
			name, _ := view.Lookup("name").StringValueOK()
			a.ui.warn("the saved view %q mentions %q and may not find the new paths", name, place)
			break
		}
	}
	a.ui.problems(manifest.Problems, int64(len(manifest.Problems)))
	return nil
}
