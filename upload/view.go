package upload

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// placeOf names the place below which the files of a field go.
func placeOf(root bucket.Location) string { return root.Naming.Base + root.Prefix }

// examine asks every target whether it is there and what of it can be seen. A
// target of which nothing can be seen must protect the objects that it holds.
func (e *executor) examine(ctx context.Context) error {
	e.views = map[string]bucket.View{}
	ask := transfer.First()
	do := func(ctx context.Context, request func(context.Context) error) error {
		err := e.engine.Ask(ctx, ask, request)
		ask = transfer.Ask{}
		return err
	}
	for _, root := range e.plan.root {
		place := placeOf(root)
		view, known := e.views[place]
		if !known {
			var err error
			if view, err = bucket.Examine(ctx, root, do); err != nil {
				return err
			}
			e.views[place] = view
		}
		if view.Sight != bucket.Blind || e.total.Files == 0 {
			continue
		}
		if err := e.protect(ctx, root, view); err != nil {
			return err
		}
	}
	return nil
}

// protect makes sure that nothing is replaced below a place where nothing can be
// seen. It need not be where anything may be replaced.
func (e *executor) protect(ctx context.Context, root bucket.Location, view bucket.View) error {
	place := placeOf(root)
	if e.plan.opts.Overwrite == OverwriteAll {
		e.note(fmt.Sprintf("these credentials cannot see what is below %s: it was not compared with what was sent", place))
		return nil
	}
	err := e.engine.Do(ctx, func(ctx context.Context) error { return bucket.Protect(ctx, root) })
	switch {
	case errors.Is(err, bucket.ErrUnseen):
		refusal := &dataset.Refusal{
			Reason: fmt.Sprintf("these credentials cannot see what is below %s, and the store does not protect it", place),
			Hint:   "allow listing the prefix (s3:ListBucket) or reading objects; or replace whatever is there with --overwrite",
			Err:    err,
		}
		refusal.Add(dataset.Problem{Kind: "unseen", URL: place, Hint: err.Error()})
		return refusal
	case err != nil:
		return fmt.Errorf("writing below %s: %w (nor can it be listed: %w)", place, err, view.List)
	}
	e.note(fmt.Sprintf("these credentials cannot see what is below %s: the store refuses to replace objects, and nothing was compared", place))
	return nil
}

// note says something once.
func (e *executor) note(text string) {
	if !slices.Contains(e.sent.Notes, text) {
		e.sent.Notes = append(e.sent.Notes, text)
	}
}

// unseen returns the condition under which f may replace what is under its key and
// must not be looked at, or ErrExists.
func (p *Plan) unseen(f ledger.File, denied error) (bucket.Condition, error) {
	if p.opts.Overwrite == OverwriteAll && !p.taken[f.ID] {
		return bucket.Condition{Overwrite: true}, nil
	}
	return bucket.Condition{}, fmt.Errorf("%w, and these credentials cannot see whether it is the same: %w", bucket.ErrExists, denied)
}
