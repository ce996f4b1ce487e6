package rewrite

import (
	"context"

	"github.com/medialift/medialift/internal/unique"
)

// unique refuses documents that would be alike where a unique index allows one.
func (b *builder) unique(ctx context.Context) error {
	job := unique.Job{Manifest: b.manifest, Dataset: b.job.Dataset, Draft: b.draft, Whole: true}
	if b.job.Documents != nil {
		job.Dataset = b.job.Documents
	}
	_, err := unique.Check(ctx, job, &b.refusal)
	return err
}
