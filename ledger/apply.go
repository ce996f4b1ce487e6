package ledger

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/medialift/medialift/dataset"
)

// Applied counts what became of the documents of a dataset.
type Applied struct {
	// Changed documents hold their new values now, Already ones did before;
	// Conflicts were changed by somebody else, or are gone, and were left alone.
	Changed, Already, Conflicts int64
	// Values is how many values the changed documents hold.
	Values int64
	// Refused documents are as they were, since the store cannot hold them as they
	// would become: Rows(RowsFailed) lists their values with the reason.
	Refused int64
	// Copies is how many values were changed in documents that FiftyOne derived
	// from others; those documents count nowhere else.
	Copies int64
	// Views is how many stages of saved views were changed; those views count nowhere
	// else.
	Views int64
}

// partOrder puts samples before frames, and what is made of them after both: a view
// follows paths that have changed.
const partOrder = `part = '` + viewsField + `', part DESC`

// Apply changes the attempted values of the dataset, and notes which were
// changed and which were not. Copies that FiftyOne has made of these values change
// with them; see dataset.Deriver.
func (r *Run) Apply(ctx context.Context, u dataset.Updater) (Applied, error) {
	if err := r.derive(ctx, u); err != nil {
		return Applied{}, err
	}
	values, err := r.ranked(ctx, `SELECT id FROM value WHERE state = ? ORDER BY `+partOrder+`, seq, doc, id`, ValueAttempted)
	if err != nil {
		return Applied{}, err
	}
	a := applier{run: r, exception: ValueConflict, refused: ValueRefused, from: []ValueState{ValueAttempted}, to: ValueDone,
		set: func(v Value) dataset.Set { return dataset.Set{At: v.At, Old: v.Old, New: v.New} }}
	return a.apply(ctx, u, values)
}

// Revert puts back the values that this run changed or may have changed, each
// to what it was before the last change, and notes which were put back.
func (r *Run) Revert(ctx context.Context, u dataset.Updater) (Applied, error) {
	if err := r.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE state IN (?, ?)`, ValueDone, ValueKept, ValueStuck)
		return err
	}); err != nil {
		return Applied{}, err
	}
	values, err := r.ranked(ctx, `SELECT max(id) FROM value WHERE state IN (?, ?)
		GROUP BY part, seq, at, doc ORDER BY `+partOrder+`, seq, doc, max(id)`, ValueAttempted, ValueDone)
	if err != nil {
		return Applied{}, err
	}
	a := applier{run: r, exception: ValueKept, refused: ValueStuck, from: []ValueState{ValueAttempted, ValueDone}, to: ValueUndone,
		set: func(v Value) dataset.Set {
			return dataset.Set{At: v.At, Old: v.New, New: v.Old, Spelling: v.Spelling}
		}}
	return a.apply(ctx, u, values)
}

// ranked streams the values whose ids the query selects, in its order: that of
// the dataset, which is not that of ids where a plan follows a killed commit.
func (r *Run) ranked(ctx context.Context, ids string, args ...any) (iter.Seq2[Value, error], error) {
	err := r.tx(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			text string
			args []any
		}{
			{`DROP TABLE IF EXISTS temp.ranked`, nil},
			{`CREATE TEMP TABLE ranked(rank INTEGER PRIMARY KEY, value INTEGER)`, nil},
			{`INSERT INTO ranked(value) ` + ids, args},
		} {
			if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	rank := int64(0) // of the last value that was read
	list := pages(func(Value) ([]Value, error) {
		return query(ctx, r.db, func(rows *sql.Rows) (Value, error) { return scanBehind(rows, &rank) },
			`SELECT r.rank, `+valueColumns+` FROM temp.ranked r JOIN value v ON v.id = r.value JOIN field f ON f.id = v.field
			WHERE r.rank > ? ORDER BY r.rank LIMIT ?`, rank, pageSize)
	})
	return list, err
}

// An applier makes changes of values and notes their outcomes.
type applier struct {
	run       *Run
	set       func(Value) dataset.Set
	exception ValueState   // of values whose document was not changed
	refused   ValueState   // of those whose document cannot be
	from      []ValueState // what all other values were …
	to        ValueState   // … and become
}

func (a applier) apply(ctx context.Context, u dataset.Updater, values iter.Seq2[Value, error]) (Applied, error) {
	var s Applied
	var failed error // of the ledger, while it was read
	for o, err := range u.Update(ctx, a.changes(values, &failed)) {
		if err != nil {
			return s, errors.Join(err, failed)
		}
		derived := o.Change.Part.IsDerived()
		switch {
		case o.Status == dataset.Changed && derived:
			s.Copies += int64(len(o.Change.Sets))
		case o.Status == dataset.Changed && o.Change.Part == dataset.Views:
			s.Views += int64(len(o.Change.Sets))
		case o.Status == dataset.Changed:
			s.Changed++
			s.Values += int64(len(o.Change.Sets))
		case o.Status == dataset.Already:
			if !derived && o.Change.Part != dataset.Views {
				s.Already++
			}
		case o.Status == dataset.Refused:
			s.Refused++
			if err := a.except(ctx, o.Change, a.refused, o.Reason); err != nil {
				return s, err
			}
		default:
			if !derived {
				s.Conflicts++
			}
			if err := a.except(ctx, o.Change, a.exception, ""); err != nil {
				return s, err
			}
		}
	}
	if failed != nil {
		return s, failed
	}
	return s, a.run.tx(ctx, func(tx *sql.Tx) error {
		marks, args := placeholders(a.from)
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE state IN (`+marks+`)`, append([]any{a.to}, args...)...)
		return err
	})
}

// changes gathers the values of one document into one change.
func (a applier) changes(values iter.Seq2[Value, error], failed *error) iter.Seq[dataset.Change] {
	return func(yield func(dataset.Change) bool) {
		var c dataset.Change
		var seq int64
		for v, err := range values {
			if err != nil {
				*failed = err
				return
			}
			// Plans of different days may count the documents differently.
			if len(c.Sets) > 0 && (v.Part != c.Part || v.Seq != seq || !v.Doc.Equal(c.ID)) {
				if !yield(c) {
					return
				}
				c.Sets = nil
			}
			c.Part, c.ID, seq = v.Part, v.Doc, v.Seq
			c.Sets = append(c.Sets, a.set(v))
		}
		if len(c.Sets) > 0 {
			yield(c)
		}
	}
}

// except notes that a document was not changed. Such rows are few; the index
// that finds them is only made when the first is met.
func (a applier) except(ctx context.Context, c dataset.Change, state ValueState, reason string) error {
	return a.run.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
			return err
		}
		if reason != "" {
			if err := noteRefused(ctx, tx, c, reason); err != nil {
				return err
			}
		}
		marks, args := placeholders(a.from)
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE doc = ? AND part = ? AND state IN (`+marks+`)`,
			append([]any{state, encodeID(c.ID), string(c.Part)}, args...)...)
		return err
	})
}
