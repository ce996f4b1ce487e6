package rewrite

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
)

// stream asks the maps that are better asked about many paths in one go, each
// about all values that waited for it. The values are in the draft by then, so
// that the questions are written while the answers are read; what such maps
// would make of their own answers is asked in a second round.
func (b *builder) stream(ctx context.Context) error {
	for i := range b.job.Maps {
		err := b.streamMap(ctx, i, i, func(q ledger.Question, p pathmap.Path, a answer, waits int) error {
			if waits != settled {
				return b.draft.Ask(ctx, waits, q.Row, q.Path)
			}
			return b.settle(ctx, q.Row, p, a)
		})
		if err != nil {
			return err
		}
	}
	for i := range b.job.Maps {
		err := b.streamMap(ctx, b.again(i), i, func(q ledger.Question, _ pathmap.Path, a answer, waits int) error {
			if waits != settled {
				return b.draft.Ask(ctx, b.again(waits), q.Row, q.Path)
			}
			if a.standing == moved {
				b.changes(q.Row, q.Path, a.to)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// again is the stage of the second round of a map.
func (b *builder) again(by int) int { return len(b.job.Maps) + by }

// streamMap asks one map the questions of a stage, and those after it about
// what it does not know; each hears what became of one of them.
func (b *builder) streamMap(ctx context.Context, stage, by int,
	each func(q ledger.Question, p pathmap.Path, a answer, waits int) error) error {
	total, err := b.draft.Asking(ctx, stage)
	if err != nil || total == 0 {
		return err
	}
	m := b.job.Maps[by]
	next, stop := iter.Pull2(b.draft.Questions(ctx, stage))
	defer stop()
	var done int64
	for reply, err := range pathmap.Stream(ctx, m.Mapper, b.questions(ctx, stage)) {
		if err != nil {
			return fmt.Errorf("mapping with %s: %w", m.Spec, err)
		}
		q, err, ok := next()
		if err != nil {
			return err
		}
		if !ok || q.Path != reply.Path.Path {
			return errors.New("the answers of " + m.Spec + " are out of step with the questions")
		}
		a, waits := answered(reply.Path, reply.To, by), settled
		if !reply.Known {
			if a, waits, err = b.mapping.from(ctx, reply.Path, by+1); err != nil {
				return err
			}
		}
		if err := each(q, reply.Path, a, waits); err != nil {
			return err
		}
		if done++; done%1000 == 0 {
			b.opts.Progress(Progress{Phase: "asking", Done: done, Total: total})
		}
	}
	if done != total {
		return fmt.Errorf("mapping with %s: %d answers to %d questions", m.Spec, done, total)
	}
	return nil
}

func (b *builder) questions(ctx context.Context, stage int) iter.Seq2[pathmap.Path, error] {
	return func(yield func(pathmap.Path, error) bool) {
		for q, err := range b.draft.Questions(ctx, stage) {
			if !yield(pathmap.Path{Path: q.Path, Field: q.Row.Field, ID: ledger.IDText(q.Row.ID)}, err) || err != nil {
				return
			}
		}
	}
}
