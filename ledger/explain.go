package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/medialift/medialift/dataset"
)

// Stage notes a value of which it is not known whether an earlier run made it
// what it is; Explain finds out. It is not planned.
func (d *Draft) Stage(ctx context.Context, row dataset.Row) error {
	field, err := d.Field(ctx, row.Field)
	if err != nil {
		return err
	}
	if d.staged == nil {
		// The key is led by what makes a row of another ledger find its own.
		err := errors.Join(
			d.exec(ctx, `DROP TABLE IF EXISTS temp.staged`),
			d.exec(ctx, `CREATE TEMP TABLE staged(doc NOT NULL, at TEXT NOT NULL, part TEXT NOT NULL, path TEXT NOT NULL,
				seq INTEGER NOT NULL, field INTEGER NOT NULL, PRIMARY KEY(doc, at, part, path)) WITHOUT ROWID`))
		if err != nil {
			return err
		}
		if d.staged, err = d.tx.PrepareContext(ctx, `INSERT OR IGNORE INTO staged VALUES(?, ?, ?, ?, ?, ?)`); err != nil {
			return d.run.explain("writing", err)
		}
	}
	_, err = d.staged.ExecContext(ctx, encodeID(row.ID), string(row.At), string(row.Part), row.Value, row.Seq, field)
	if err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}

// Made tells whether this run, in an earlier invocation, made the value what it
// is.
func (d *Draft) Made(ctx context.Context, row dataset.Row) (bool, error) {
	if changed, err := d.madeAny(ctx); err != nil || !changed {
		return false, err
	}
	if err := d.exec(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
		return false, err
	}
	var made bool
	err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM value
		WHERE doc = ? AND at = ? AND part = ? AND new = ? AND state IN (?, ?))`,
		encodeID(row.ID), string(row.At), string(row.Part), row.Value, ValueAttempted, ValueDone).Scan(&made)
	if err != nil {
		return false, d.run.explain("reading", err)
	}
	return made, nil
}

// madeAny tells whether this run has changed any value.
func (d *Draft) madeAny(ctx context.Context) (bool, error) {
	if d.made == nil {
		var changed bool
		err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM value WHERE state IN (?, ?))`,
			ValueAttempted, ValueDone).Scan(&changed)
		if err != nil {
			return false, d.run.explain("reading", err)
		}
		d.made = &changed
	}
	return *d.made, nil
}

// Explain drops the staged values that a run made what they are: this run, or
// another one of the same dataset that has its ledger in dir, which may be nil.
// It returns the first of those that are left, at most limit, and counts them.
func (d *Draft) Explain(ctx context.Context, dir *Dir, limit int) (left []Value, total int64, err error) {
	if d.staged == nil {
		return nil, 0, nil
	}
	err = d.exec(ctx, `DELETE FROM staged WHERE (doc, at, part, path) IN
		(SELECT doc, at, part, new FROM value WHERE state IN (?, ?))`, ValueAttempted, ValueDone)
	if err == nil && dir != nil {
		err = d.explainElsewhere(ctx, dir)
	}
	if err != nil {
		return nil, 0, err
	}
	if total, err = d.countStaged(ctx); err != nil {
		return nil, 0, err
	}
	left, err = query(ctx, d.tx, scanValue, `SELECT 0, s.part, s.seq, s.doc, s.at, f.name, s.path, '', '', ?
		FROM staged s JOIN field f ON f.id = s.field ORDER BY s.part DESC, s.seq, s.at LIMIT ?`, ValuePlanned, limit)
	return left, total, err
}

func (d *Draft) countStaged(ctx context.Context) (n int64, err error) {
	if err := d.tx.QueryRowContext(ctx, `SELECT count(*) FROM staged`).Scan(&n); err != nil {
		return 0, d.run.explain("reading", err)
	}
	return n, nil
}

// explainElsewhere asks the other ledgers of dir. They are read through
// connections of their own: what is attached to a transaction stays attached,
// and no more than ten can be.
func (d *Draft) explainElsewhere(ctx context.Context, dir *Dir) error {
	var mine string
	if err := d.tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'dataset'`).Scan(&mine); err != nil {
		return d.run.explain("reading", err)
	}
	names, err := dir.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if left, err := d.countStaged(ctx); err != nil || left == 0 {
			return err
		}
		if name == d.run.name {
			continue
		}
		r, err := dir.Open(ctx, name)
		if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNoRun) {
			continue
		}
		if err != nil {
			return err
		}
		theirs, err := r.Meta(ctx, "dataset")
		if err == nil && theirs == mine {
			err = d.explainBy(ctx, r)
		}
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (d *Draft) explainBy(ctx context.Context, r *Run) (err error) {
	drop, err := d.tx.PrepareContext(ctx, `DELETE FROM staged WHERE doc = ? AND at = ? AND part = ? AND path = ?`)
	if err != nil {
		return d.run.explain("writing", err)
	}
	defer func() { err = errors.Join(err, drop.Close()) }()
	rows, err := r.db.QueryContext(ctx, `SELECT doc, at, part, new FROM value
		WHERE state IN (?, ?) AND new IS NOT NULL`, ValueAttempted, ValueDone)
	if err != nil {
		return r.explain("reading", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var doc any
		var at, part, path string
		if err := rows.Scan(&doc, &at, &part, &path); err != nil {
			return r.explain("reading", err)
		}
		if _, err := drop.ExecContext(ctx, doc, at, part, path); err != nil {
			return d.run.explain("writing", err)
		}
	}
	if err := rows.Err(); err != nil {
		return r.explain("reading", err)
	}
	return nil
}

// Converging streams the planned values whose New another planned value with
// another Old has too: one for each distinct Old, those of one New together.
func (d *Draft) Converging(ctx context.Context) iter.Seq2[Value, error] {
	return streamRows(ctx, d, scanFirst, `SELECT min(v.id), `+valueColumns+` FROM value v JOIN field f ON f.id = v.field
		WHERE v.state = ?1 AND v.new IN (
			SELECT new FROM value WHERE state = ?1 AND new IS NOT NULL
			GROUP BY new HAVING min(coalesce(old, path)) <> max(coalesce(old, path)))
		GROUP BY v.new, coalesce(v.old, v.path) ORDER BY v.new, min(v.id)`, ValuePlanned)
}

// Becoming streams one planned value for each distinct New; with a sample above
// 0, no more than that many, chosen at random.
func (d *Draft) Becoming(ctx context.Context, sample int) iter.Seq2[Value, error] {
	order := `min(v.id)`
	if sample > 0 {
		order = fmt.Sprintf(`random() LIMIT %d`, sample)
	}
	return streamRows(ctx, d, scanFirst, `SELECT min(v.id), `+valueColumns+` FROM value v JOIN field f ON f.id = v.field
		WHERE v.state = ? AND v.new IS NOT NULL GROUP BY v.new ORDER BY `+order, ValuePlanned)
}

// scanFirst scans a value behind the min(id) of its group, to which SQLite
// takes all other columns from the row of that id.
func scanFirst(rows *sql.Rows) (Value, error) {
	var first int64
	return scanBehind(rows, &first)
}

// scanBehind scans a value behind a number.
func scanBehind(rows *sql.Rows, n *int64) (Value, error) {
	var v Value
	var doc any
	err := rows.Scan(n, &v.ID, &v.Part, &v.Seq, &doc, &v.At, &v.Field, &v.Old, &v.New, &v.Spelling, &v.State)
	if err != nil {
		return v, err
	}
	v.Doc, err = decodeID(doc)
	return v, err
}

// streamRows runs one query of which other statements may run between rows.
func streamRows[T any](ctx context.Context, d *Draft, scan func(*sql.Rows) (T, error), text string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := d.tx.QueryContext(ctx, text, args...)
		if err != nil {
			yield(none, d.run.explain("reading", err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, d.run.explain("reading", err))
		}
	}
}
