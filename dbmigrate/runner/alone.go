package runner

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// PlanNew makes the plan of a dataset whose own document is not in the database
// yet, while all that the document names is.
func (r *Runner) PlanNew(ctx context.Context, doc bson.D, target Target) (*dbmigrate.Plan, error) {
	all, err := r.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	env := dbmigrate.Env{Now: target.Now, Names: &dbmigrate.Names{}}
	for _, dataset := range all {
		env.Names.Claim(dbmigrate.IDKey(dataset.ID), dataset.Name, dataset.Slug)
	}
	name := spell(lookup(doc, "name"))
	env.Names.Claim(dbmigrate.IDKey(lookup(doc, "_id")), name, spell(lookup(doc, "slug")))
	plan, err := r.datasets.Plan(ctx, r.Reader(), doc, target.Version, env)
	if refusal, ok := errors.AsType[*dbmigrate.RefusalError](err); ok {
		refusal.Dataset = name
	}
	return plan, err
}

// Alone carries out what a plan of PlanNew does beside the document, which it leaves
// to the caller: it is to be inserted as plan.After. Nobody knows of the dataset until
// then, so that there is no journal, and who is stopped removes what is there. The
// caller keeps others off.
func (r *Runner) Alone(ctx context.Context, plan *dbmigrate.Plan, opts Options) error {
	names, err := r.Reader().Collections(ctx)
	if err != nil {
		return err
	}
	// Without a journal, what a server forgets when it crashes would not be done again.
	durable := *r
	durable.db = r.durable
	x := &execution{Runner: &durable, opts: opts, journal: journal{&durable}, known: map[string]bool{}}
	for _, name := range names {
		x.known[name] = true
	}
	e := &entry{plan: plan, alone: true}
	for _, ops := range [][]dbmigrate.Op{plan.Ops, plan.Last} {
		for len(ops) > 0 {
			n, err := x.operation(ctx, e, ops, 0, nil)
			if err != nil {
				return fmt.Errorf("migrating %s: %w", called(plan), err)
			}
			ops = ops[n:]
		}
	}
	return nil
}
