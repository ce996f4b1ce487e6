package ledger

import (
	"context"
	"database/sql"
	"errors"

	"github.com/medialift/medialift/dataset"
)

// Recognized says how much of what a run changed a dataset holds.
type Recognized struct {
	// Values is how many values Revert would put back.
	Values int64
	// Made are those of them that the dataset holds as the run made them, Before
	// those that it holds as they were before the run.
	Made, Before int64
}

// Recognize looks for the values that Revert would put back in a dataset that may
// have moved since the run: by the _id of their document, their place in it, and the
// value itself. It changes nothing.
func (r *Run) Recognize(ctx context.Context, ds dataset.Updater) (Recognized, error) {
	var n Recognized
	const ours = `state IN (1, 2, 5, 6, 8)`
	if err := r.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT DISTINCT part, doc, at FROM value WHERE part <> '`+viewsField+`' AND `+ours+`)`).Scan(&n.Values)
	}); err != nil || n.Values == 0 {
		return n, err
	}
	manifest, err := ds.Manifest(ctx)
	if err != nil {
		return n, err
	}
	fields, err := r.fields(ctx)
	if err != nil {
		return n, err
	}
	finder, err := dataset.NewFinderAlso(manifest, fields)
	if err != nil {
		return n, err
	}
	ask, err := r.prepare(ctx, `SELECT coalesce(new, ''), coalesce(old, path) FROM value
		WHERE doc = ? AND part = ? AND at = ? AND `+ours+` ORDER BY id DESC LIMIT 1`)
	if err != nil {
		return n, err
	}
	defer func() { _ = ask.Close() }()
	for _, part := range dataset.MediaParts() {
		for row, err := range ds.Rows(ctx, part, finder) {
			if err != nil {
				return n, err
			}
			var fresh, old string
			err := ask.QueryRowContext(ctx, encodeID(row.ID), string(part), string(row.At)).Scan(&fresh, &old)
			switch {
			case errors.Is(err, sql.ErrNoRows):
			case err != nil:
				return n, r.explain("reading", err)
			case row.Value == fresh:
				n.Made++
			case row.Value == old:
				n.Before++
			}
		}
	}
	return n, nil
}

// Parts lists the parts that have values in one of the states.
func (r *Run) Parts(ctx context.Context, states ...ValueState) ([]dataset.Part, error) {
	marks, args := placeholders(states)
	return query(ctx, r.db, func(rows *sql.Rows) (p dataset.Part, err error) { return p, rows.Scan(&p) },
		`SELECT DISTINCT part FROM value WHERE state IN (`+marks+`)`, args...)
}

// fields are the names of the media fields that the run knows; plain ones may be media
// by having been named alone.
func (r *Run) fields(ctx context.Context) ([]string, error) {
	return query(ctx, r.db, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) }, `SELECT name FROM field ORDER BY id`)
}
