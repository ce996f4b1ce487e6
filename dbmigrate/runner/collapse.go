package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// A collapse turns a merged dataset into the plan that writes it: what it refers to into
// documents of their own.
type collapse struct {
	*Runner
	m       *mergeBack
	present map[string]map[string]bson.D // what it refers to now, by collection and IDKey
	has     map[string]any               // the results that the backup holds
	used    map[string]bool              // by collection and IDKey
	named   map[string]bool              // by IDKey: the results that its runs name
}

func (c *collapse) dataset(ctx context.Context, merged bson.D) error {
	plan := c.m.plan
	doc := slices.Clone(merged)
	for i, e := range doc {
		var err error
		doc[i].Value, err = eachReference(e, func(collection string, value any) (any, error) {
			inner, isDoc := value.(bson.D)
			if !isDoc || lookup(inner, "_id") == nil { // an embedded run has none
				return value, nil
			}
			return lookup(inner, "_id"), c.refer(ctx, collection, inner)
		})
		if err != nil {
			return err
		}
	}
	for collection, docs := range c.present {
		for _, key := range slices.Sorted(maps.Keys(docs)) {
			if !c.used[collection+"\x00"+key] {
				if err := c.leave(ctx, collection, docs[key]); err != nil {
					return err
				}
			}
		}
	}
	plan.After = doc
	return nil
}

// refer sees to it that the database has a document that the dataset refers to.
func (c *collapse) refer(ctx context.Context, collection string, doc bson.D) error {
	id := lookup(doc, "_id")
	key := dbmigrate.IDKey(id)
	c.used[collection+"\x00"+key] = true
	c.named[dbmigrate.IDKey(lookup(doc, "results"))] = true
	now, isPresent := c.present[collection][key]
	if isPresent && dbmigrate.IDKey(now) == dbmigrate.IDKey(doc) {
		return nil
	}
	put := dbmigrate.Put{Collection: collection, Doc: doc}
	if was, planned := c.withdraw(collection, id); planned {
		put.Was = was
	} else {
		found, err := dbmigrate.First(ctx, c.Reader(), collection, dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: id}}})
		if err != nil {
			return err
		}
		put.Was = found
	}
	if file := lookup(doc, "results"); file != nil && dbmigrate.IDKey(file) != dbmigrate.IDKey(lookup(now, "results")) {
		if err := c.results(ctx, file, lookup(doc, "key")); err != nil {
			return err
		}
		if err := c.drop(ctx, lookup(now, "results"), id); err != nil {
			return err
		}
	}
	c.m.plan.Ops = append(c.m.plan.Ops, put)
	return nil
}

// results sees to it that the results of a run are there, or notes that they are not.
func (c *collapse) results(ctx context.Context, file, run any) error {
	found, err := dbmigrate.First(ctx, c.Reader(), "fs.files", dbmigrate.Query{Filter: bson.D{{Key: "_id", Value: file}}, Fields: []string{"_id"}})
	if found != nil || err != nil {
		return err
	}
	key := dbmigrate.IDKey(file)
	if _, kept := c.has[key]; kept {
		c.m.files[key] = file
		return nil
	}
	c.m.kept = append(c.m.kept, fmt.Sprintf("the results of the run %v, which the backup does not hold", run))
	return nil
}

// withdraw takes a Put out of the plan, and says what it was to replace.
func (c *collapse) withdraw(collection string, id any) (was bson.D, planned bool) {
	c.m.plan.Ops = slices.DeleteFunc(c.m.plan.Ops, func(op dbmigrate.Op) bool {
		put, isPut := op.(dbmigrate.Put)
		if !isPut || put.Collection != collection || dbmigrate.IDKey(lookup(put.Doc, "_id")) != dbmigrate.IDKey(id) {
			return false
		}
		was, planned = put.Was, true
		return true
	})
	return was, planned
}

// leave deletes a document that another one takes the place of, with its results.
func (c *collapse) leave(ctx context.Context, collection string, doc bson.D) error {
	id := lookup(doc, "_id")
	was, planned := c.withdraw(collection, id)
	if !planned || was != nil {
		c.m.plan.Last = append(c.m.plan.Last, dbmigrate.Delete{Collection: collection, IDs: bson.A{id}})
	}
	if collection != "runs" {
		return nil
	}
	return c.drop(ctx, lookup(doc, "results"), id)
}

// drop deletes results that only one run names, which names them no more.
func (c *collapse) drop(ctx context.Context, file, run any) error {
	if file == nil || c.named[dbmigrate.IDKey(file)] {
		return nil
	}
	others := bson.D{{Key: "results", Value: file}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: run}}}}
	if shared, err := dbmigrate.First(ctx, c.Reader(), "runs", dbmigrate.Query{Filter: others, Fields: []string{"_id"}}); shared != nil || err != nil {
		return err
	}
	copied := false
	c.m.plan.Ops = slices.DeleteFunc(c.m.plan.Ops, func(op dbmigrate.Op) bool {
		copying, isCopy := op.(dbmigrate.CopyResult)
		isIt := isCopy && dbmigrate.IDKey(copying.To) == dbmigrate.IDKey(file)
		copied = copied || isIt
		return isIt
	})
	if !copied {
		c.m.plan.Last = append(c.m.plan.Last, dbmigrate.DeleteResult{IDs: bson.A{file}})
	}
	return nil
}
