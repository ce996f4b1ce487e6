package runner

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/fit"
	"github.com/medialift/medialift/dbmigrate/internal/threeway"
)

// A mergeBack puts back, key by key, what a way down took out of a dataset that has changed
// since: it was what the backup has, the way down left what that notes, and both are taken
// on paper to the version at which the dataset is to be. Where it is there as the way down
// left it, what was is put in its place.
type mergeBack struct {
	plan *dbmigrate.Plan // carries the dataset to its version, and puts back
	// back and kept are what is put back, and what something newer stands in the place of.
	back, kept []string
	files      map[string]any // results of runs that are needed, by IDKey
	up         *expectation   // what the way up makes of what the way down left
}

// mine are the keys that a dataset keeps as they are, whatever a backup says: what FiftyOne
// notes of its use, and what names it.
func mine() []string {
	return []string{"_id", "version", "last_loaded_at", "last_modified_at", "last_deletion_at", "_dataset_id", "results"}
}

// mergeBack plans what to put back from a backup into a dataset as it is now, at a version.
func (r *Runner) mergeBack(ctx context.Context, b *backup, version string, now time.Time) (*mergeBack, error) {
	up, err := r.wayOf(ctx, b.ID, version, now)
	if err != nil {
		return nil, err
	}
	wasDocs, leftDocs, files, err := r.overlays(b.file)
	if err != nil {
		return nil, err
	}
	known := b.After
	if to, err := dbmigrate.ParseVersion(b.To); err == nil {
		if known, err = fit.Known(b.After, to); err != nil {
			return nil, err
		}
	}
	sides := threeway.Sides{}
	var expected *expectation
	for _, side := range []struct {
		value *any
		doc   bson.D
		docs  *overlay
	}{{&sides.Was, b.Before, wasDocs}, {&sides.Left, b.After, leftDocs}, {&sides.Known, known, leftDocs}} {
		var way *dbmigrate.Plan
		if *side.value, way, err = r.onPaper(ctx, side.doc, side.docs, version); err != nil {
			return nil, err
		}
		if side.value == &sides.Left {
			expected = r.expectationOf(way)
		}
	}
	present := r.newOverlay()
	present.carryOut(up)
	whole, byID, err := present.expanded(ctx, up.After)
	if err != nil {
		return nil, err
	}
	sides.Now = whole
	merge := threeway.Merge{Mine: mine(), Alike: func(key string, was, now any) bool {
		return key == "view_stages" && fit.SameStages(was, now)
	}}
	merged, _ := merge.Of(sides).(bson.D)
	m := &mergeBack{plan: up, back: merge.PutBack, kept: merge.Kept, files: map[string]any{}, up: expected}
	c := &collapse{Runner: r, m: m, present: byID, has: files, used: map[string]bool{}, named: map[string]bool{}}
	return m, c.dataset(ctx, restamped(merged, up.After))
}

// restamped is a document with what a dataset keeps as it is taken from another.
func restamped(doc, from bson.D) bson.D {
	doc = slices.Clone(doc)
	for _, key := range mine() {
		if value := lookup(from, key); value != nil {
			setPresent(doc, key, value)
		}
	}
	return doc
}

// wayOf plans the way of a dataset as it is now. A dataset that is at the version has an
// empty one.
func (r *Runner) wayOf(ctx context.Context, id any, version string, now time.Time) (*dbmigrate.Plan, error) {
	all, err := r.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	env := dbmigrate.Env{Now: now, Names: &dbmigrate.Names{}}
	for _, dataset := range all {
		env.Names.Claim(dbmigrate.IDKey(dataset.ID), dataset.Name, dataset.Slug)
	}
	doc, err := dbmigrate.First(ctx, r.Reader(), dbmigrate.Datasets, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: id}}})
	if err != nil {
		return nil, err
	}
	return r.datasets.Plan(ctx, r.Reader(), doc, version, env)
}

// paperTime is the present of ways on paper: no document has it.
func paperTime() time.Time { return time.UnixMilli(1).UTC() }

// onPaper takes a document of a backup to a version, twice: what differs between the two
// is generated.
func (r *Runner) onPaper(ctx context.Context, doc bson.D, docs *overlay, version string) (after any, way *dbmigrate.Plan, err error) {
	var ways [2]bson.D
	for i := range ways {
		at := &overlay{Reader: docs.Reader, whole: true, docs: map[string]map[string]bson.D{}}
		for name, some := range docs.docs {
			at.docs[name] = maps.Clone(some)
		}
		env := dbmigrate.Env{Now: paperTime().Add(time.Duration(i) * time.Millisecond)}
		if way, err = r.datasets.Plan(ctx, at, doc, version, env); err != nil {
			return nil, nil, err
		}
		at.carryOut(way)
		if ways[1-i], _, err = at.expanded(ctx, way.After); err != nil {
			return nil, nil, err
		}
	}
	return generated(ways[0], ways[1]), way, nil
}

// generated marks what differs between two ways of one document.
func generated(a, b any) any {
	switch x := a.(type) {
	case bson.D:
		y, isDoc := b.(bson.D)
		if !isDoc || len(x) != len(y) {
			return a
		}
		out := make(bson.D, len(x))
		for i := range x {
			out[i] = bson.E{Key: x[i].Key, Value: generated(x[i].Value, y[i].Value)}
		}
		return out
	case bson.A:
		y, isList := b.(bson.A)
		if !isList || len(x) != len(y) {
			return a
		}
		out := make(bson.A, len(x))
		for i := range x {
			out[i] = generated(x[i], y[i])
		}
		return out
	case bson.ObjectID:
		if a != b {
			return threeway.Generated{Fresh: a}
		}
	case bson.DateTime:
		if a != b {
			return threeway.Generated{Fresh: newTime()}
		}
	}
	return a
}
