package upload

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/ledger"
)

// Committed says what Commit did.
type Committed struct {
	ledger.Applied
	// Remaining counts values that are still local because their file, or
	// another one of their document, has not arrived.
	Remaining int64
	// Found are, with UpdateViews, the saved views that choose by paths.
	Found []savedview.Finding
}

// Commit gives the media values of every document whose objects have all
// arrived their new paths. The old ones are durable in the ledger before the
// dataset is touched.
func (p *Plan) Commit(ctx context.Context) (Committed, error) {
	var c Committed
	if _, err := p.job.Ledger.Attempt(ctx); err != nil {
		return c, err
	}
	if p.opts.UpdateViews {
		var err error
		if c.Found, err = p.job.Ledger.AttemptViews(ctx, p.job.Dataset); err != nil {
			return c, fmt.Errorf("looking at saved views: %w", err)
		}
	}
	n, err := p.job.Ledger.Attempted(ctx) // with what a killed run left
	if err != nil {
		return c, err
	}
	if n > 0 {
		p.opts.Progress(Progress{Phase: "rewriting", TotalFiles: n})
		if c.Applied, err = p.job.Ledger.Apply(ctx, p.job.Dataset); err != nil {
			return c, fmt.Errorf("rewriting filepaths: %w", err)
		}
	}
	c.Remaining, err = p.job.Ledger.Remaining(ctx)
	return c, err
}
