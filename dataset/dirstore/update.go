package dirstore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/medialift/medialift/dataset"
)

// Update applies changes. A part that is one file is rewritten beside itself
// and renamed once all its changes are in, before the next part is begun: if
// the sequence is left early or ends with an error, that part is as it was.
// Of a part that is a directory, each document's file is replaced by itself.
// A file without changes is not touched. Documents that moved by more than some
// thousands since Rows are reported as NotFound.
func (s *Store) Update(ctx context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		next, stop := iter.Pull(changes)
		defer stop()
		q := &queue{pull: next}
		for q.peek() {
			part := q.head.Part
			u := &update{ctx: ctx, store: s, part: part, yield: yield, id: make([]byte, 0, 64)}
			u.window = newWindow(windowSize, func() (dataset.Change, bool) { return q.take(part) })
			err := u.run()
			if errors.Is(err, errLeft) {
				return
			}
			if err != nil {
				yield(dataset.Outcome{}, fmt.Errorf("updating %s: %w", part, err))
				return
			}
		}
	}
}

// errLeft: the consumer wants no more outcomes.
var errLeft = errors.New("sequence left early")

// A queue is a sequence of changes of which one can be seen ahead.
type queue struct {
	pull func() (dataset.Change, bool)
	head dataset.Change
	full bool
}

func (q *queue) peek() bool {
	if !q.full {
		q.head, q.full = q.pull()
	}
	return q.full
}

// take returns the next change if it is one of part.
func (q *queue) take(part dataset.Part) (dataset.Change, bool) {
	if !q.peek() || q.head.Part != part {
		return dataset.Change{}, false
	}
	q.full = false
	return q.head, true
}

// An update is one part's share of Update.
type update struct {
	ctx     context.Context //nolint:containedctx // lives as long as the call
	store   *Store
	part    dataset.Part
	yield   func(dataset.Outcome, error) bool
	window  *window
	splicer splicer
	id, key []byte // memory that is used again
}

func (u *update) run() error {
	l, err := u.store.layout(u.part)
	if err != nil {
		return err
	}
	switch l.kind {
	case oneFile:
		return u.rewriteFile(l.path)
	case manyFile:
		return u.rewriteDir(l.path)
	}
	for {
		change, ok := u.window.pull()
		if !ok {
			return nil
		}
		if err := u.notFound([]dataset.Change{change}); err != nil {
			return err
		}
	}
}

func (u *update) emit(o dataset.Outcome) error {
	if !u.yield(o, nil) {
		return errLeft
	}
	return nil
}

func (u *update) notFound(changes []dataset.Change) error {
	for _, c := range changes {
		if err := u.emit(dataset.Outcome{Change: c, Status: dataset.NotFound}); err != nil {
			return err
		}
	}
	return nil
}

// passes runs pass, which offers each document of the part to u.document, as
// often as there are changes. More than one pass is only needed where thousands
// of consecutive documents are gone.
func (u *update) passes(pass func() error) error {
	for {
		if err := u.notFound(u.window.fill()); err != nil {
			return err
		}
		if err := pass(); err != nil {
			return err
		}
		if err := u.notFound(u.window.drain()); err != nil {
			return err
		}
		if u.window.dry {
			return nil
		}
	}
}

// document applies the change of one document, if there is one. It returns the
// new text, and the outcome to be emitted if due is true.
func (u *update) document(d document) (text []byte, o dataset.Outcome, due bool, err error) {
	if err := u.ctx.Err(); err != nil {
		return nil, o, false, err
	}
	id, err := d.id(u.id)
	if err != nil {
		return nil, o, false, err
	}
	u.key = appendKey(u.key[:0], id)
	change, ok := u.window.take(u.key)
	if !ok {
		return d.text, o, false, nil
	}
	text, o, err = u.splicer.apply(change, d)
	return text, o, err == nil, err
}

// settle emits the outcome of a document and makes room for the next change.
func (u *update) settle(o dataset.Outcome) error {
	if err := u.emit(o); err != nil {
		return err
	}
	return u.notFound(u.window.fill())
}
