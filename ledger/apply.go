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
}

// Apply changes the attempted values of the dataset, and notes which were
// changed and which were not.
func (r *Run) Apply(ctx context.Context, u dataset.Updater) (Applied, error) {
	values := pages(func(after Value) ([]Value, error) {
		return query(ctx, r.db, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field
			WHERE v.id > ? AND v.state = ? ORDER BY v.id LIMIT ?`, after.ID, ValueAttempted, pageSize)
	})
	a := applier{run: r, exception: ValueConflict, from: []ValueState{ValueAttempted}, to: ValueDone,
		set: func(v Value) dataset.Set { return dataset.Set{At: v.At, Old: v.Old, New: v.New} }}
	return a.apply(ctx, u, values)
}

// Revert puts back the values that this run changed or may have changed, each
// to what it was before the last change, and notes which were put back.
func (r *Run) Revert(ctx context.Context, u dataset.Updater) (Applied, error) {
	if err := r.listUndo(ctx); err != nil {
		return Applied{}, err
	}
	type ranked struct {
		rank int64
		Value
	}
	list := pages(func(after ranked) ([]ranked, error) {
		return query(ctx, r.db, func(rows *sql.Rows) (o ranked, err error) {
			return o, rows.Scan(&o.rank, &o.ID)
		}, `SELECT rank, value FROM undo WHERE rank > ? ORDER BY rank LIMIT ?`, after.rank, pageSize)
	})
	values := func(yield func(Value, error) bool) {
		for o, err := range list {
			if err == nil {
				o.Value, err = r.value(ctx, o.ID)
			}
			if !yield(o.Value, err) || err != nil {
				return
			}
		}
	}
	a := applier{run: r, exception: ValueKept, from: []ValueState{ValueAttempted, ValueDone}, to: ValueUndone,
		set: func(v Value) dataset.Set {
			return dataset.Set{At: v.At, Old: v.New, New: v.Old, Spelling: v.Spelling}
		}}
	return a.apply(ctx, u, values)
}

// listUndo lists, in the dataset's order, the last change that this run made
// to each value.
func (r *Run) listUndo(ctx context.Context) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			text string
			args []any
		}{
			{`UPDATE value SET state = ? WHERE state = ?`, []any{ValueDone, ValueKept}},
			{`DROP TABLE IF EXISTS temp.undo`, nil},
			{`CREATE TEMP TABLE undo(rank INTEGER PRIMARY KEY, value INTEGER)`, nil},
			{`INSERT INTO undo(value) SELECT max(id) FROM value WHERE state IN (?, ?)
				GROUP BY part, seq, at, doc ORDER BY part DESC, seq, max(id)`, []any{ValueAttempted, ValueDone}},
		} {
			if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Run) value(ctx context.Context, id int64) (Value, error) {
	list, err := query(ctx, r.db, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field WHERE v.id = ?`, id)
	if err != nil {
		return Value{}, err
	}
	if len(list) == 0 {
		return Value{}, r.explain("reading", errors.New("a row is gone"))
	}
	return list[0], nil
}

// An applier makes changes of values and notes their outcomes.
type applier struct {
	run       *Run
	set       func(Value) dataset.Set
	exception ValueState   // of values whose document was not changed
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
		switch o.Status {
		case dataset.Changed:
			s.Changed++
			s.Values += int64(len(o.Change.Sets))
		case dataset.Already:
			s.Already++
		default:
			s.Conflicts++
			if err := a.except(ctx, o.Change); err != nil {
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
			if len(c.Sets) > 0 && (v.Part != c.Part || v.Seq != seq) {
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
func (a applier) except(ctx context.Context, c dataset.Change) error {
	return a.run.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
			return err
		}
		marks, args := placeholders(a.from)
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE doc = ? AND part = ? AND state IN (`+marks+`)`,
			append([]any{a.exception, encodeID(c.ID), string(c.Part)}, args...)...)
		return err
	})
}
