package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// An Editor gives documents that are copied the values that a run has planned,
// as [Run.Apply] gives them to a dataset in place.
type Editor struct {
	next func() (Value, error, bool)
	stop func()
	seq  map[dataset.Part]int64
	head Value
	err  error
	more bool // head is a value that is still to come

	// Over, if set, says why a document cannot be held as it would become, empty if it
	// can; one that cannot keeps its values, and is one of Kept.
	Over func(part dataset.Part, before, after bson.Raw) string
	Kept []Misfit
}

// Editor returns the Editor of the current plan, all values of which must have
// their New. The documents must come in the order in which they were planned.
func (r *Run) Editor(ctx context.Context) (*Editor, error) {
	values, err := r.ranked(ctx, `SELECT id FROM value WHERE state = ? AND new IS NOT NULL ORDER BY part DESC, seq, id`, ValuePlanned)
	if err != nil {
		return nil, err
	}
	e := &Editor{seq: map[dataset.Part]int64{}}
	e.next, e.stop = iter.Pull2(values)
	e.step()
	return e, nil
}

func (e *Editor) step() { e.head, e.err, e.more = e.next() }

// Edit is a dataset.Edit. What is not as it was planned is dataset.ErrChanged.
func (e *Editor) Edit(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
	seq := e.seq[part]
	e.seq[part]++
	var sets []dataset.Set
	for e.more && e.err == nil && e.head.Part == part && e.head.Seq == seq {
		if !doc.Lookup("_id").Equal(e.head.Doc) {
			return nil, fmt.Errorf("%w: document %d of %s is %s, not %s", dataset.ErrChanged, seq+1, part, IDText(doc.Lookup("_id")), e.head.DocID())
		}
		sets = append(sets, dataset.Set{At: e.head.At, Old: e.head.Old, New: e.head.New})
		e.step()
	}
	if e.err != nil {
		return nil, e.err
	}
	edited, err := dataset.Replace(doc, sets)
	if err != nil || e.Over == nil {
		return edited, err
	}
	if why := e.Over(part, doc, edited); why != "" {
		id := doc.Lookup("_id")
		e.Kept = append(e.Kept, Misfit{part, bson.RawValue{Type: id.Type, Value: slices.Clone(id.Value)}, why})
		return doc, nil
	}
	return edited, nil
}

// Close ends the edit. It is an error if planned values are left, because
// documents are gone.
func (e *Editor) Close() error {
	defer e.stop()
	if e.err != nil {
		return e.err
	}
	if e.more {
		return fmt.Errorf("%w: %s of %s is not there any more", dataset.ErrChanged, e.head.DocID(), e.head.Part)
	}
	return nil
}
