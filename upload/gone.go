package upload

import (
	"context"
	"errors"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// looked is how many objects that have arrived are looked for again.
const looked = 3

// present refuses to build on objects that are gone: a target that was emptied
// or made anew since an earlier run would leave rows that name nothing. A few of
// them tell; to look for all is what verify is for.
func (e *executor) present(ctx context.Context) error {
	refusal := &dataset.Refusal{
		Reason: "objects that had arrived are gone",
		Hint:   "medialift verify lists what is missing; with another --state folder everything is looked for and sent anew",
	}
	seen := 0
	for f, err := range e.plan.job.Ledger.Files(ctx, ledger.FileArrived) {
		if err != nil {
			return err
		}
		root, ok := e.plan.root[f.Field]
		key, inside := "", false
		if ok {
			key, inside = root.Naming.Cut(f.URL)
		}
		if !inside {
			continue
		}
		err := bucket.Retry(ctx, e.plan.opts.Tries, func() error {
			_, err := root.Store.Stat(ctx, key)
			return err
		})
		if errors.Is(err, bucket.ErrNotFound) {
			refusal.Add(dataset.Problem{Kind: "gone", Path: f.Path, URL: f.URL, Hint: "no object is under this key"})
		} else if err != nil {
			return err
		}
		if seen++; seen == looked {
			break
		}
	}
	if refusal.Total > 0 {
		return refusal
	}
	return nil
}
