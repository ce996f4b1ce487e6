package upload

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// locateBatch is how many files are looked at between writes to the draft.
const locateBatch = 2000

// locate finds the file of every planned path.
func (b *builder) locate(ctx context.Context) error {
	batch := make([]ledger.File, 0, locateBatch)
	var done int64
	flush := func() error {
		errs := make([]error, len(batch))
		var g errgroup.Group
		g.SetLimit(b.opts.Workers)
		for i := range batch {
			g.Go(func() error {
				var found localfile.Found
				found, errs[i] = b.resolver.Resolve(batch[i].Path)
				batch[i].Local, batch[i].Size, batch[i].ModTime = found.Path, found.Size, found.ModTime
				return nil
			})
		}
		_ = g.Wait()
		for i := range batch {
			if err := b.located(ctx, batch[i], errs[i]); err != nil {
				return err
			}
		}
		done += int64(len(batch))
		b.opts.Progress(Progress{Phase: "checking", Files: done})
		batch = batch[:0]
		return ctx.Err()
	}
	for f, err := range b.draft.Paths(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, f); len(batch) == locateBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// located writes one file to the draft, or refuses it.
func (b *builder) located(ctx context.Context, f ledger.File, failed error) error {
	var bad *localfile.Error
	if !errors.As(failed, &bad) {
		return b.draft.AddFile(ctx, f)
	}
	f.State, f.Err = ledger.FileMissing, bad.Why
	switch {
	case bad.Kind != localfile.Missing:
		b.refuse("media files that cannot be sent", "every path must name a readable file", string(bad.Kind), f, bad.Why)
		return nil
	case !b.opts.KeepMissing && localfile.IsForeign(f.Path):
		b.refuse("media files with paths of a Windows machine", "upload on that machine; or, if the files are here or in the cloud already, "+
			`say where with medialift rewrite --map 'prefix:C:\data=/mnt/data' first`, string(bad.Kind), f, bad.Why)
		return nil
	case !b.opts.KeepMissing:
		b.refuse("media files that are not there",
			"put the files back, or leave their paths as they are with --missing keep", string(bad.Kind), f, bad.Why)
		if _, ok := localfile.Mangled(f.Path); ok && !b.mangled {
			b.mangled = true
			b.refusal.Hint += "; some are URLs that FiftyOne took for relative paths: medialift rewrite DATASET --unmatched keep --map " + localfile.MangledMap + " mends these"
		}
		return nil
	}
	b.MissingTotal += f.Refs
	if b.MissingTotal-f.Refs < dataset.KeptProblems && len(b.flaws) < dataset.KeptProblems {
		b.flaws = append(b.flaws, flaw{file: f, kind: string(bad.Kind), why: bad.Why})
	}
	return b.draft.AddFile(ctx, f)
}
