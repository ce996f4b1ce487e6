package upload

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// scan reads every selected media value into the draft.
func (b *builder) scan(ctx context.Context) error {
	watching := b.finder.Watching(b.strays)
	for _, part := range dataset.MediaParts() {
		seq := int64(-1)
		for row, err := range b.job.Dataset.Rows(ctx, part, watching) {
			if err != nil {
				return err
			}
			if row.Seq != seq {
				seq = row.Seq
				b.Rows++
				if b.Rows%1000 == 0 {
					b.opts.Progress(Progress{Phase: "reading", Files: b.Rows})
				}
			}
			if err := b.value(ctx, row); err != nil {
				return err
			}
		}
	}
	return b.draft.NameNeeded(ctx)
}

func (b *builder) value(ctx context.Context, row dataset.Row) error {
	if row.Value == "" && !row.Missing && row.Field != dataset.FilepathField {
		return nil // an empty path is no path, as null is none
	}
	if row.Value == "" {
		b.refusal.Reason = "samples without a filepath"
		b.refusal.Hint = "every sample needs a filepath; mend or remove these samples in FiftyOne and export again"
		b.refusal.Add(dataset.Problem{
			Kind: "no-filepath", ID: ledger.IDText(row.ID), Field: row.Field,
			Hint: fmt.Sprintf("document %d of %s has no filepath", row.Seq+1, row.Part),
		})
		return nil
	}
	if localfile.IsRemote(row.Value) {
		b.Remote++
		if b.inTarget(row.Value) {
			return b.name(ctx, row.Value)
		}
		return nil
	}
	if err := b.open(ctx, row.Field); err != nil {
		return err
	}
	path := localfile.Clean(row.Value)
	sent, err := b.sent(ctx, path)
	if err != nil {
		return err
	}
	if sent {
		b.Remote++
		return b.name(ctx, path)
	}
	return b.draft.AddValue(ctx, row, path, "")
}

// name notes that a row names url already, and what that needs with it.
func (b *builder) name(ctx context.Context, url string) error {
	if strings.EqualFold(path.Ext(url), sceneExt) && b.job.Needed != nil {
		needed, err := b.job.Needed(ctx, url)
		if err != nil {
			return err
		}
		for _, a := range needed {
			if err := b.draft.Name(ctx, a.URL); err != nil {
				return err
			}
		}
	}
	return b.draft.Name(ctx, url)
}

// inTarget tells whether a value lies where the plan puts objects.
func (b *builder) inTarget(value string) bool {
	for _, f := range b.fields {
		if strings.HasPrefix(value, f.all) {
			return true
		}
	}
	return false
}

// sent tells whether a path is an object that a run has put into a target on a
// file system, where URLs look like any local path. It may be the target of
// another field, where both name one file.
func (b *builder) sent(ctx context.Context, path string) (bool, error) {
	if !b.inTarget(path) {
		return false, nil
	}
	sent, err := b.draft.Sent(ctx, path)
	if err != nil || sent || b.job.Sent == nil {
		return sent, err
	}
	others, err := b.job.Sent(ctx, path)
	return len(others) > 0, err
}
