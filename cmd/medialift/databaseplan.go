package main

import (
	"context"

	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/dataset/mongostore"
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
	return c.problemsOf(ctx, s.source)
}

// warnOpenSource says what open-source FiftyOne cannot do with paths in a cloud.
func (c *uploadCmd) warnOpenSource(which string) {
	if t, err := open.Parse(c.target); err == nil && t.Scheme != "file" {
		c.ui.warn("%s of open-source FiftyOne, which cannot open cloud paths: its App will show no media of them", which)
	}
}

// problemsOf says what is wrong with a dataset in a database.
func (a *app) problemsOf(ctx context.Context, s *source) error {
	if s.db == nil {
		return nil
	}
	manifest, err := s.store.Manifest(ctx)
	if err != nil {
		return err
	}
	a.ui.problems(manifest.Problems, int64(len(manifest.Problems)))
	return nil
}
