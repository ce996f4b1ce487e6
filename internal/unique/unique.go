// Package unique finds the documents of a dataset that a plan would make alike where a
// unique index of the database allows one: FiftyOne makes such an index of filepath at
// every merge_samples. An update that runs into one ends half way, and an index that
// does not fit its documents cannot be made.
package unique

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// A Job is what is looked at.
type Job struct {
	Manifest dataset.Manifest
	// Dataset is a dataset.Source. Where it can tell what an index is made of
	// (IndexKeys), no more than that is read.
	Dataset any
	Draft   *ledger.Draft
	// Whole looks at all documents of a dataset of which some are chosen: those that
	// are not keep the values that they have.
	Whole bool
}

// indexed is a dataset that reads of its documents what an index is made of, and only
// those that it holds.
type indexed interface {
	IndexKeys(ctx context.Context, index dataset.Index, whole bool) iter.Seq2[bson.Raw, error]
}

// Check adds to refusal the documents that would be one too many, and reports whether
// there are any.
func Check(ctx context.Context, job Job, refusal *dataset.Refusal) (bool, error) {
	found := false
	for _, part := range dataset.MediaParts() {
		var turner *ledger.Turner
		var turned map[string]bool
		for _, spec := range job.Manifest.Indexes {
			index, ok := parse(spec)
			if !ok || index.Part != part {
				continue
			}
			if turner == nil {
				var err error
				if turner, err = job.Draft.Turner(ctx, part); err == nil {
					turned, err = turner.Keys(ctx)
				}
				if err != nil {
					return found, err
				}
			}
			if !slices.ContainsFunc(index.keys, func(key []string) bool { return turned[key[0]] }) {
				continue
			}
			c := checker{job: job, index: index, turner: turner}
			met, err := c.check(ctx, refusal)
			if found = found || met; err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

// A checker deals with one index.
type checker struct {
	job    Job
	index  index
	turner *ledger.Turner
}

func (c checker) check(ctx context.Context, refusal *dataset.Refusal) (bool, error) {
	if err := c.turner.Clear(ctx); err != nil {
		return false, err
	}
	for doc, err := range c.documents(ctx) {
		if err != nil {
			return false, err
		}
		id := doc.Lookup("_id")
		turns, err := c.turner.Of(ctx, id)
		if err != nil {
			return false, err
		}
		for _, key := range c.index.tuples(doc, turns) {
			sum := sha256.Sum256(key)
			if err := c.turner.Add(ctx, sum[:16], id); err != nil {
				return false, err
			}
		}
	}
	pairs, total, err := c.turner.Shared(ctx, dataset.KeptProblems)
	if err != nil || total == 0 {
		return false, err
	}
	if refusal.Total == 0 {
		refusal.Reason = fmt.Sprintf("documents that would get one value of %s, of which the unique index %q allows one", c.index.shown(), c.index.name)
		refusal.Hint = fmt.Sprintf("give each its own value: --layout tree or --on-collision suffix, or another --map; or drop the index in FiftyOne (dataset.drop_index(%q)), which makes one at every merge_samples",
			c.index.drops())
	}
	before := refusal.Total
	for _, pair := range pairs {
		problem := dataset.Problem{Kind: "unique", ID: ledger.IDText(pair[0]), Field: c.index.shown(),
			Hint: fmt.Sprintf("so would %s; the unique index %q allows one", ledger.IDText(pair[1]), c.index.name)}
		turns, err := c.turner.Of(ctx, pair[0])
		if err != nil {
			return false, err
		}
		for _, t := range turns {
			if c.index.has(t.At) {
				problem.Field, problem.Path, problem.URL = t.Field, t.Old, t.New
			}
		}
		refusal.Add(problem)
	}
	refusal.Total = before + total
	return true, nil
}

var errNoSource = errors.New("a dataset gives no documents to compare with its unique indexes")

func (c checker) documents(ctx context.Context) iter.Seq2[bson.Raw, error] {
	if d, ok := c.job.Dataset.(indexed); ok {
		return d.IndexKeys(ctx, c.index.Index, c.job.Whole)
	}
	src, ok := c.job.Dataset.(dataset.Source)
	if !ok {
		return func(yield func(bson.Raw, error) bool) { yield(nil, errNoSource) }
	}
	return func(yield func(bson.Raw, error) bool) {
		for doc, err := range src.Documents(ctx, c.index.Part) {
			if err == nil && !c.index.holds(doc) {
				continue
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// dotted is a pointer as the key of an index has it, without the places in lists.
func dotted(p dataset.Pointer) string {
	var steps []string
	for step := range p.Steps() {
		if strings.Trim(step, "0123456789") != "" {
			steps = append(steps, step)
		}
	}
	return strings.Join(steps, ".")
}
