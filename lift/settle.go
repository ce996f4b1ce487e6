package lift

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// settle brings the new dataset to the version of its database while nobody sees it,
// and notes what it is like then, by which Undo tells whether anybody has changed it.
// Whatever differs later, others have done.
func (p *Plan) settle(ctx context.Context, h *mongostore.Hidden) (bson.Raw, error) {
	doc, err := p.bring(ctx, h)
	if err != nil {
		return nil, err
	}
	made, err := h.Store(doc)
	if err != nil {
		return nil, err
	}
	sum, _, err := digestOf(ctx, made, func(n int64) { p.opts.Progress(Progress{Phase: "comparing", Done: n}) })
	if err != nil {
		return nil, err
	}
	return doc, p.job.Record.SetMeta(ctx, map[string]string{noteMade: sum, noteName: p.Name})
}

// bring migrates what is there of the hidden dataset, and returns its document.
func (p *Plan) bring(ctx context.Context, h *mongostore.Hidden) (bson.Raw, error) {
	var doc bson.D
	if err := bson.Unmarshal(h.Document(), &doc); err != nil {
		return nil, fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	failed := func(err error) error { return fmt.Errorf("bringing %q to version %s: %w", p.Name, p.To, err) }
	r := runner.New(p.job.Target.Handle(), revisions.Datasets(), revisions.Database())
	plan, err := r.PlanNew(ctx, doc, runner.Target{Version: p.To, Now: time.Now().UTC().Truncate(time.Millisecond)})
	if err != nil {
		return nil, failed(err)
	}
	if plan.Empty() {
		return h.Document(), nil
	}
	for _, op := range plan.Ops {
		if file, ok := op.(dbmigrate.CopyResult); ok {
			if err := h.NoteFile(ctx, file.To); err != nil {
				return nil, failed(err)
			}
		}
	}
	err = r.Alone(ctx, plan, runner.Options{Progress: func(m runner.Progress) {
		p.opts.Progress(Progress{Phase: "migrating", Done: m.Documents})
	}})
	if err != nil {
		return nil, failed(err)
	}
	p.moved = runner.Report{Migrated: 1, Warnings: plan.Warnings}
	after, err := bson.Marshal(plan.After)
	if err != nil {
		return nil, failed(err)
	}
	return after, nil
}
