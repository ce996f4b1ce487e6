package rewrite

import (
	"context"
	"errors"
	"sync"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// check looks whether the new paths name something.
func (b *builder) check(ctx context.Context) error {
	if b.opts.Check == nil {
		return nil
	}
	work := make(chan ledger.Value)
	var mu sync.Mutex
	var done int64
	var wg sync.WaitGroup
	for range b.opts.Workers {
		wg.Go(func() {
			for v := range work {
				err := b.opts.Check(ctx, v.New)
				mu.Lock()
				b.checked(v, err)
				if done++; done%100 == 0 {
					b.opts.Progress(Progress{Phase: "checking", Done: done})
				}
				mu.Unlock()
			}
		})
	}
	err := feed(ctx, b, work)
	close(work)
	wg.Wait()
	// A refusal for want of time would be a wrong one.
	return errors.Join(err, ctx.Err())
}

func feed(ctx context.Context, b *builder, work chan<- ledger.Value) error {
	for v, err := range b.draft.Becoming(ctx, b.opts.CheckSample) {
		if err != nil {
			return err
		}
		select {
		case work <- v:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (b *builder) checked(v ledger.Value, err error) {
	if err == nil {
		return
	}
	b.refuse("new paths that name nothing", "check the maps, and that the files are where they should be and may be read",
		dataset.Problem{Kind: "missing", ID: v.DocID(), Field: v.Field, Path: v.Old, URL: v.New, Hint: err.Error()})
}
