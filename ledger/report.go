package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
)

// A FieldTotal says what the current plan does with the files of one field.
type FieldTotal struct {
	Field  string
	Target string
	Base   string
	// Files and Bytes count what belongs to the field; a file that several
	// fields name counts for the first of them. Shared files are also named by
	// other fields, Twins share another file's object.
	Files, Bytes, Twins int64
	// Arrived and Missing count files, Values the dataset's values.
	Arrived, Missing, Values int64
	// ToSend counts the objects that are still to be sent, and their bytes.
	ToSend, ToSendBytes int64
}

// Totals sums up the current plan, field by field in flag order.
func (r *Run) Totals(ctx context.Context) ([]FieldTotal, error) {
	return query(ctx, r.db, func(rows *sql.Rows) (t FieldTotal, err error) {
		return t, rows.Scan(&t.Field, &t.Target, &t.Base, &t.Values, &t.Files, &t.Bytes, &t.Twins,
			&t.Arrived, &t.Missing, &t.ToSend, &t.ToSendBytes)
	}, `
		SELECT d.name, coalesce(d.target, ''), coalesce(d.base, ''),
			(SELECT count(*) FROM value v WHERE v.field = d.id AND v.state = 0),
			count(f.id), coalesce(sum(f.size), 0), count(f.twin),
			coalesce(sum(f.state = 1), 0), coalesce(sum(f.state = 3), 0),
			coalesce(sum(f.state IN (0, 2) AND f.twin IS NULL), 0),
			coalesce(sum(iif(f.state IN (0, 2) AND f.twin IS NULL, coalesce(f.osize, f.size), 0)), 0)
		FROM field d LEFT JOIN file f ON f.field = d.id AND f.live
		WHERE d.name <> '`+viewsField+`' GROUP BY d.id ORDER BY d.id`)
}

// A RowKind selects rows of a run for a list.
type RowKind string

// The kinds of rows that runs lists.
const (
	RowsFailed  RowKind = "failed"  // values whose file, or one that it needs, could not be sent, or whose document cannot hold them
	RowsMissing RowKind = "missing" // values whose file is not there, planned or to be put back
	RowsChanged RowKind = "changed" // values that somebody else changed since
)

// A Row is a value with what stood in its way.
type Row struct {
	Value
	Reason string
}

// Rows streams the values of one kind.
func (r *Run) Rows(ctx context.Context, kind RowKind) (iter.Seq2[Row, error], error) {
	var where string
	var args []any
	switch kind {
	case RowsFailed:
		where, args = `l.id IN (`+failed+`) AND l.live AND v.state = ? OR v.state IN (?, ?)`, []any{ValuePlanned, ValueRefused, ValueStuck}
	case RowsMissing:
		where, args = `l.state = ? AND l.live AND v.state = ? OR v.state = ?`, []any{FileMissing, ValuePlanned, ValueMissing}
	case RowsChanged:
		where, args = `v.state IN (?, ?)`, []any{ValueConflict, ValueKept}
	default:
		return nil, fmt.Errorf("unknown kind of rows %q: there are %s, %s and %s", kind, RowsFailed, RowsMissing, RowsChanged)
	}
	refused := `NULL`
	if has, err := r.hasRefused(ctx); err != nil {
		return nil, err
	} else if has && kind == RowsFailed {
		refused = `iif(v.state IN (7, 8), ` + refusedReason + `, NULL)`
	}
	text := `SELECT ` + valueColumns + `, coalesce(` + refused + `, l.error, (` + failedAsset + `), '') FROM value v JOIN field f ON f.id = v.field
		LEFT JOIN file l ON l.path = v.path WHERE v.id > ? AND (` + where + `) ORDER BY v.id LIMIT ?`
	return pages(func(after Row) ([]Row, error) {
		return query(ctx, r.db, scanRow, text, append(append([]any{after.ID}, args...), pageSize)...)
	}), nil
}

func scanRow(rows *sql.Rows) (Row, error) {
	var row Row
	var doc any
	v := &row.Value
	err := rows.Scan(&v.ID, &v.Part, &v.Seq, &doc, &v.At, &v.Field, &v.Old, &v.New, &v.Spelling, &v.State, &row.Reason)
	if err != nil {
		return row, err
	}
	v.Doc, err = decodeID(doc)
	return row, err
}

// Undoable counts the values that Revert would put back.
func (r *Run) Undoable(ctx context.Context) (int64, error) {
	var n int64
	err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM value WHERE state IN (?, ?, ?, ?, ?)`,
		ValueAttempted, ValueDone, ValueKept, ValueMissing, ValueStuck).Scan(&n)
	if err != nil {
		return 0, r.explain("reading", err)
	}
	return n, nil
}

// Remaining counts the values that are still planned and whose files are not
// missing.
func (r *Run) Remaining(ctx context.Context) (int64, error) {
	var n int64
	err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM value v JOIN file f ON f.path = v.path
		WHERE v.state = ? AND f.state <> ?`, ValuePlanned, FileMissing).Scan(&n)
	if err != nil {
		return 0, r.explain("reading", err)
	}
	return n, nil
}

// Examples returns the first values of the run's plan, changed or not.
func (r *Run) Examples(ctx context.Context, n int) ([]Value, error) {
	return query(ctx, r.db, scanValue, `SELECT v.id, v.part, v.seq, v.doc, v.at, f.name, coalesce(v.old, v.path),
			coalesce(v.new, l.url, ''), coalesce(v.spelling, ''), v.state
		FROM value v JOIN field f ON f.id = v.field LEFT JOIN file l ON l.path = v.path
		WHERE v.state IN (?, ?, ?) ORDER BY v.id LIMIT ?`, ValuePlanned, ValueAttempted, ValueDone, n)
}
