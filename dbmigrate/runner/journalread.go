package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// read returns the entries that an earlier run left.
func (j journal) read(ctx context.Context) ([]*entry, error) {
	collection := j.db.Collection(journalName)
	var entries []*entry
	for raw, err := range each(ctx, collection, bson.D{{Key: "parts", Value: bson.D{{Key: "$gt", Value: 0}}}}, options.Find()) {
		if err != nil {
			return nil, err
		}
		var h head
		if err := bson.Unmarshal(bytes.Clone(raw), &h); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		data := h.Plan
		for n := range h.Parts {
			if h.Parts == 1 {
				break
			}
			var part struct{ Plan []byte }
			if err := collection.FindOne(ctx, bson.D{{Key: "_id", Value: partID{Of: h.ID, N: n, Generation: h.Generation}}}).Decode(&part); err != nil {
				return nil, fmt.Errorf("reading the journal: %w", err)
			}
			data = append(data, part.Plan...)
		}
		e, err := restore(h, data)
		if err != nil {
			return nil, fmt.Errorf("reading the journal: dataset %q: %w", h.Name, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func restore(h head, data []byte) (*entry, error) {
	var kept struct {
		Before, After    bson.Raw
		New              bool
		Ops, Last        []bson.Raw
		Losses, Warnings []string
	}
	if err := bson.Unmarshal(data, &kept); err != nil {
		return nil, err
	}
	var before, after bson.D
	if err := errors.Join(bson.Unmarshal(kept.Before, &before), bson.Unmarshal(kept.After, &after)); err != nil {
		return nil, err
	}
	plan := &dbmigrate.Plan{
		Collection: h.ID.Collection, ID: h.ID.ID, Name: h.Name, From: h.From, To: h.To,
		Before: before, After: after, New: kept.New, Losses: kept.Losses, Warnings: kept.Warnings,
	}
	var errs []error
	unmarshal := func(docs []bson.Raw) (ops []dbmigrate.Op) {
		for _, doc := range docs {
			op, err := dbmigrate.UnmarshalOp(doc)
			errs, ops = append(errs, err), append(ops, op)
		}
		return ops
	}
	plan.Ops, plan.Last = unmarshal(kept.Ops), unmarshal(kept.Last)
	e := &entry{
		plan: plan, before: kept.Before, after: kept.After, parts: make([][]byte, h.Parts), generation: h.Generation,
		done: h.Done, cursor: h.Cursor, resumed: true, begun: h.Begun, written: h.Written, backup: h.Backup, legs: h.Legs,
	}
	if started, isTime := h.Started.(bson.DateTime); isTime {
		e.started = started.Time()
	}
	if !h.Marks {
		e.unmarked = true
		e.begun = slices.ContainsFunc(plan.Ops, e.changes)
		if e.begun || len(plan.Last) > 0 {
			plan.Losses = append(plan.Losses, "what the release of medialift that began it has not noted")
		}
	}
	return e, errors.Join(errs...)
}
