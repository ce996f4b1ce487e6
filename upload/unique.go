package upload

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/unique"
)

// unique refuses documents that would be alike where a unique index allows one. Where
// no path is to change it says so: the objects would be sent for nothing.
func (b *builder) unique(ctx context.Context) error {
	found := &dataset.Refusal{}
	met, err := unique.Check(ctx, unique.Job{
		Manifest: b.manifest, Dataset: b.job.Dataset, Draft: b.draft, Whole: b.opts.Rewrites == RewritesInPlace,
	}, found)
	switch {
	case err != nil || !met:
		return err
	case b.opts.Rewrites == RewritesNothing:
		b.Warnings = append(b.Warnings, fmt.Sprintf("the paths could not be rewritten to these keys: %s (%d rows); %s", found.Reason, found.Total, found.Hint))
		return nil
	}
	b.refusal = found
	return nil
}
