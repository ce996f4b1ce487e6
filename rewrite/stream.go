package rewrite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/spool"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/pathmap"
)

// Maps that are better asked about many paths in one go are asked while the
// dataset is read: rows wait in a queue for their answers. What such a map does
// not know and a later one of its like is asked waits in the draft.

// rows reads the dataset and settles every value; with maps that are asked in
// one go as soon as the first of them has answered.
func (b *builder) rows(ctx context.Context, finder *dataset.Finder) error {
	first := slices.Index(b.mapping.streams, true)
	if first < 0 {
		return b.read(ctx, finder, func(row dataset.Row) error {
			path, a, _, err := b.ask(ctx, row)
			if err != nil {
				return err
			}
			return b.settle(ctx, row, path, a)
		})
	}
	return b.readAndAsk(ctx, finder, first)
}

// ask asks the maps about a row; see mapping.ask.
func (b *builder) ask(ctx context.Context, row dataset.Row) (pathmap.Path, answer, int, error) {
	path := pathmap.Path{Path: row.Value, Field: row.Field, ID: ledger.IDText(row.ID)}
	a, waits, err := b.mapping.ask(ctx, path)
	return path, a, waits, err
}

// readAndAsk is rows with the map of the number first, which is asked in one go.
func (b *builder) readAndAsk(ctx context.Context, finder *dataset.Finder, first int) error {
	var waiting spool.Queue
	defer func() { _ = waiting.Close() }()
	questions := func(yield func(pathmap.Path, error) bool) {
		left := errors.New("left")
		err := b.read(ctx, finder, func(row dataset.Row) error {
			path, a, waits, err := b.ask(ctx, row)
			if err == nil {
				err = waiting.Push(item(row, a, waits)...)
			}
			if err == nil && waits != settled && !yield(path, nil) {
				err = left
			}
			return err
		})
		if err != nil && !errors.Is(err, left) {
			yield(pathmap.Path{}, err)
		}
	}
	m := b.job.Maps[first]
	for reply, err := range pathmap.Stream(ctx, m.Mapper, questions) {
		if err != nil {
			return b.mapping.about(first, err)
		}
		row, err := b.upToAsked(ctx, &waiting)
		if err != nil {
			return err
		}
		if row.Value != reply.Path.Path {
			return errors.New("the answers of " + m.Spec + " are out of step with the questions")
		}
		if err := b.replied(ctx, row, reply, first); err != nil {
			return err
		}
	}
	row, err := b.upToAsked(ctx, &waiting)
	if err == nil && row.Value != "" {
		err = fmt.Errorf("mapping with %s: no answer about %q", m.Spec, row.Value)
	}
	return err
}

// upToAsked settles rows that needed no asking, and returns the first that did;
// none is the zero Row, at the end.
func (b *builder) upToAsked(ctx context.Context, waiting *spool.Queue) (dataset.Row, error) {
	for {
		texts, ok, err := waiting.Pop()
		if err != nil || !ok {
			return dataset.Row{}, err
		}
		row, a, waits, err := readItem(texts)
		if err != nil || waits != settled {
			return row, err
		}
		path := pathmap.Path{Path: row.Value, Field: row.Field, ID: ledger.IDText(row.ID)}
		if err := b.settle(ctx, row, path, a); err != nil {
			return row, err
		}
	}
}

// replied settles a row that the map of that number was asked about.
func (b *builder) replied(ctx context.Context, row dataset.Row, reply pathmap.Answer, by int) error {
	a, waits := answered(reply.Path, reply.To, by), settled
	if !reply.Known {
		var err error
		if a, waits, err = b.mapping.from(ctx, reply.Path, by+1); err != nil {
			return err
		}
	}
	if waits != settled {
		return b.draft.Ask(ctx, waits, row, row.Value)
	}
	return b.settle(ctx, row, reply.Path, a)
}

// later asks the second and later maps that are asked in one go.
func (b *builder) later(ctx context.Context) error {
	for i, m := range b.job.Maps {
		total, err := b.draft.Asking(ctx, i)
		if err != nil {
			return err
		}
		if total == 0 {
			continue
		}
		questions := func(yield func(pathmap.Path, error) bool) {
			for q, err := range b.draft.Questions(ctx, i) {
				if !yield(pathmap.Path{Path: q.Path, Field: q.Row.Field, ID: ledger.IDText(q.Row.ID)}, err) || err != nil {
					return
				}
			}
		}
		next, stop := iter.Pull2(b.draft.Questions(ctx, i))
		for reply, err := range pathmap.Stream(ctx, m.Mapper, questions) {
			if err != nil {
				stop()
				return b.mapping.about(i, err)
			}
			q, err, ok := next()
			if err == nil && (!ok || q.Path != reply.Path.Path) {
				err = errors.New("the answers of " + m.Spec + " are out of step with the questions")
			}
			if err == nil {
				err = b.replied(ctx, q.Row, reply, i)
			}
			if err != nil {
				stop()
				return err
			}
			total--
		}
		stop()
		if total != 0 {
			return fmt.Errorf("mapping with %s: %d questions without an answer", m.Spec, total)
		}
	}
	return nil
}

// again asks about the answers: with maps that are asked in one go, that is not
// done as the answers come. What would change again is refused.
func (b *builder) again(ctx context.Context) error {
	if !slices.Contains(b.mapping.streams, true) {
		return nil
	}
	var all, ofURLs []pathmap.Mapper
	for _, m := range b.job.Maps {
		all = append(all, m.Mapper)
		if !m.LocalOnly {
			ofURLs = append(ofURLs, m.Mapper)
		}
	}
	changing := map[pathmap.Path]string{}
	local, err := b.changing(ctx, all, false, changing)
	if err != nil {
		return err
	}
	urls, err := b.changing(ctx, ofURLs, true, changing)
	if err != nil || local+urls == 0 {
		return err
	}
	by := slices.Index(b.mapping.streams, true)
	for v, err := range b.draft.Planned(ctx) {
		if err != nil {
			return err
		}
		if next, ok := changing[pathmap.Path{Path: v.New, Field: v.Field, ID: v.DocID()}]; ok {
			b.changes(by, v.DocID(), v.Field, v.Old, v.New, next)
		}
	}
	b.refusal.Total = max(b.refusal.Total, local+urls)
	return nil
}

// changing asks the maps about those new paths that are URLs, or about those that
// are not. It counts what they would change, and adds the first of that to found.
func (b *builder) changing(ctx context.Context, maps []pathmap.Mapper, urls bool, found map[pathmap.Path]string) (total int64, err error) {
	if len(maps) == 0 {
		return 0, nil
	}
	questions := func(yield func(pathmap.Path, error) bool) {
		for v, err := range b.draft.Planned(ctx) {
			if err == nil && (localfile.IsRemote(v.New) != urls || b.mapping.there(v.New)) {
				continue
			}
			if !yield(pathmap.Path{Path: v.New, Field: v.Field, ID: v.DocID()}, err) || err != nil {
				return
			}
		}
	}
	done := int64(0)
	for reply, err := range pathmap.Stream(ctx, pathmap.First(maps...), questions) {
		if err != nil {
			return total, fmt.Errorf("asking about the new paths: %w", err)
		}
		if done++; done%1000 == 0 {
			b.opts.Progress(Progress{Phase: "asking", Done: done, Total: b.Rewritten})
		}
		if reply.Known && reply.To != reply.Path.Path {
			if total++; len(found) < dataset.KeptProblems {
				found[reply.Path] = reply.To
			}
		}
	}
	return total, nil
}

// item spells a row and what is known about it as texts; readItem reads them.
func item(row dataset.Row, a answer, waits int) []string {
	return []string{
		string(row.Part), strconv.FormatInt(row.Seq, 10), string(row.ID.Type) + string(row.ID.Value), row.Field, string(row.At), row.Value, row.Spelling,
		strconv.Itoa(int(a.standing)), a.to, strconv.Itoa(a.by), strconv.Itoa(waits),
	}
}

func readItem(texts []string) (row dataset.Row, a answer, waits int, err error) {
	row.Part, row.Field, row.At, row.Value, row.Spelling = dataset.Part(texts[0]), texts[3], dataset.Pointer(texts[4]), texts[5], texts[6]
	row.ID = bson.RawValue{Type: bson.Type(texts[2][0]), Value: []byte(texts[2][1:])}
	a.to = texts[8]
	var numbers [4]int64
	for i, text := range []string{texts[1], texts[7], texts[9], texts[10]} {
		if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return row, a, 0, err
		}
	}
	row.Seq, a.standing, a.by = numbers[0], standing(numbers[1]), int(numbers[2])
	return row, a, int(numbers[3]), nil
}
