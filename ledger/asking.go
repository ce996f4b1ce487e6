package ledger

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/medialift/medialift/dataset"
)

// A Question is a value of which it is still to be asked what a path becomes:
// its own, or that which it is going to have.
type Question struct {
	Row  dataset.Row
	Path string

	n int64
}

// Ask keeps a question for later, behind the others of its stage, which is any
// number. It is not planned.
func (d *Draft) Ask(ctx context.Context, stage int, row dataset.Row, path string) error {
	field, err := d.Field(ctx, row.Field)
	if err != nil {
		return err
	}
	if d.asking == nil {
		err := errors.Join(
			d.exec(ctx, `DROP TABLE IF EXISTS temp.asking`),
			d.exec(ctx, `CREATE TEMP TABLE asking(stage INTEGER NOT NULL, n INTEGER NOT NULL, path TEXT NOT NULL,
				part TEXT NOT NULL, seq INTEGER NOT NULL, doc NOT NULL, at TEXT NOT NULL, field INTEGER NOT NULL,
				value TEXT, spelling TEXT, PRIMARY KEY(stage, n)) WITHOUT ROWID`))
		if err != nil {
			return err
		}
		if d.asking, err = d.tx.PrepareContext(ctx, `INSERT INTO asking VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`); err != nil {
			return d.run.explain("writing", err)
		}
	}
	d.asked++
	value := row.Value
	if value == path {
		value = ""
	}
	_, err = d.asking.ExecContext(ctx, stage, d.asked, path, string(row.Part), row.Seq, encodeID(row.ID), string(row.At), field,
		null(value), null(row.Spelling))
	if err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}

// Asking counts the questions of a stage.
func (d *Draft) Asking(ctx context.Context, stage int) (n int64, err error) {
	if d.asking == nil {
		return 0, nil
	}
	if err := d.tx.QueryRowContext(ctx, `SELECT count(*) FROM asking WHERE stage = ?`, stage).Scan(&n); err != nil {
		return 0, d.run.explain("reading", err)
	}
	return n, nil
}

// Questions streams the questions of a stage in order. Unlike all other methods
// it may be used by a goroutine of its own.
func (d *Draft) Questions(ctx context.Context, stage int) iter.Seq2[Question, error] {
	return pages(func(after Question) ([]Question, error) {
		return query(ctx, d.tx, scanQuestion, `SELECT a.n, a.path, a.part, a.seq, a.doc, a.at, f.name,
			coalesce(a.value, a.path), coalesce(a.spelling, '') FROM asking a JOIN field f ON f.id = a.field
			WHERE a.stage = ? AND a.n > ? ORDER BY a.n LIMIT ?`, stage, after.n, pageSize)
	})
}

func scanQuestion(rows *sql.Rows) (q Question, err error) {
	var doc any
	r := &q.Row
	err = rows.Scan(&q.n, &q.Path, &r.Part, &r.Seq, &doc, &r.At, &r.Field, &r.Value, &r.Spelling)
	if err != nil {
		return q, err
	}
	r.ID, err = decodeID(doc)
	return q, err
}
