package runner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// Dataset is what a database says of one of its datasets at first sight.
type Dataset struct {
	ID      any
	Name    string // a name that is no text is spelled out
	Slug    string
	Version string // "" where it has none
}

// Datasets lists the datasets that have a name, those of saved views and clips too,
// in the order of their names' bytes, as FiftyOne migrates them.
func (r *Runner) Datasets(ctx context.Context) ([]Dataset, error) {
	opts := options.Find().SetProjection(bson.D{{Key: "name", Value: 1}, {Key: "slug", Value: 1}, {Key: "version", Value: 1}})
	var list []Dataset
	for raw, err := range each(ctx, r.db.Collection(dbmigrate.Datasets), bson.D{{Key: "name", Value: bson.D{{Key: "$exists", Value: true}}}}, opts) {
		if err != nil {
			return nil, err
		}
		var doc struct {
			ID                  any `bson:"_id"`
			Name, Slug, Version any
		}
		if err := bson.Unmarshal(raw, &doc); err != nil {
			return nil, fmt.Errorf("reading a dataset: %w", err)
		}
		list = append(list, Dataset{ID: doc.ID, Name: spell(doc.Name), Slug: spell(doc.Slug), Version: spell(doc.Version)})
	}
	slices.SortStableFunc(list, func(a, b Dataset) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func spell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(value)
}

// Target says what Plans should move where.
type Target struct {
	Version string
	// Names are the datasets to move, nil for all. One that does not exist is a
	// refusal.
	Names []string
	// Now is the time that migrations write as now; zero for the present.
	Now time.Time
}

// Plans makes the plans for datasets one after the other, in the order of their
// names; errors that are a RefusalError leave one dataset out, others end it. It
// changes nothing, and may be read again: names and slugs that it gives come out
// the same while the database and target.Now do.
func (r *Runner) Plans(ctx context.Context, target Target) iter.Seq2[*dbmigrate.Plan, error] {
	return func(yield func(*dbmigrate.Plan, error) bool) {
		all, err := r.Datasets(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if target.Now.IsZero() { // one time for all: datasets may share documents
			target.Now = time.Now().UTC().Truncate(time.Millisecond)
		}
		env := dbmigrate.Env{Now: target.Now, Names: &dbmigrate.Names{}}
		for _, dataset := range all {
			env.Names.Claim(dbmigrate.IDKey(dataset.ID), dataset.Name, dataset.Slug)
		}
		chosen, missing := choose(all, target.Names)
		for _, name := range missing {
			if !yield(nil, &dbmigrate.RefusalError{Dataset: name, Reason: "there is no dataset of this name", Hint: "medialift info lists the datasets of the database"}) {
				return
			}
		}
		for some := range slices.Chunk(chosen, batchPlans) {
			if !r.planSome(ctx, some, target.Version, env, yield) {
				return
			}
		}
	}
}

// choose splits names into the datasets that have one and those that nobody has.
func choose(all []Dataset, names []string) (chosen []Dataset, missing []string) {
	if names == nil {
		return all, nil
	}
	found := map[string]bool{}
	for _, dataset := range all {
		if slices.Contains(names, dataset.Name) {
			chosen = append(chosen, dataset)
			found[dataset.Name] = true
		}
	}
	for _, name := range names {
		if !found[name] {
			missing = append(missing, name)
			found[name] = true
		}
	}
	return chosen, missing
}

// planSome reads the documents of some datasets in one query and plans them in
// turn. It reports whether to go on.
func (r *Runner) planSome(ctx context.Context, some []Dataset, version string, env dbmigrate.Env, yield func(*dbmigrate.Plan, error) bool) bool {
	ids := bson.A{}
	for _, dataset := range some {
		ids = append(ids, dataset.ID)
	}
	docs := map[string]bson.Raw{}
	for raw, err := range each(ctx, r.db.Collection(dbmigrate.Datasets), bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find()) {
		if err != nil {
			return yield(nil, err)
		}
		var id any
		if err := raw.Lookup("_id").Unmarshal(&id); err != nil {
			return yield(nil, fmt.Errorf("reading a dataset: %w", err))
		}
		docs[dbmigrate.IDKey(id)] = bytes.Clone(raw)
	}
	for _, dataset := range some {
		raw, exists := docs[dbmigrate.IDKey(dataset.ID)]
		if !exists {
			continue // deleted since it was listed
		}
		var doc bson.D
		if err := bson.Unmarshal(raw, &doc); err != nil {
			return yield(nil, fmt.Errorf("reading dataset %q: %w", dataset.Name, err))
		}
		plan, err := r.datasets.Plan(ctx, r.Reader(), doc, version, env)
		var refusal *dbmigrate.RefusalError
		if errors.As(err, &refusal) {
			refusal.Dataset = dataset.Name
		}
		if !yield(plan, err) || err != nil && refusal == nil {
			return false
		}
	}
	return true
}
