package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/medialift/medialift/dataset"
)

// Attempted counts the values whose change was begun and is not known to have
// ended: before Attempt, those that a killed run left.
func (r *Run) Attempted(ctx context.Context) (n int64, err error) {
	if err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM value WHERE state = ?`, ValueAttempted).Scan(&n); err != nil {
		return 0, r.explain("reading", err)
	}
	return n, nil
}

// derivedBatch is how many copies are written to the ledger at a time.
const derivedBatch = 2000

// derive attempts the copies that FiftyOne has made of the values which are being
// attempted: each becomes what its original does. Copies are looked for when the
// originals are about to change, and not when that is planned: they come and go
// with views, and nothing else hangs on them.
func (r *Run) derive(ctx context.Context, u dataset.Updater) error {
	deriver, ok := u.(dataset.Deriver)
	if !ok {
		return nil
	}
	parts, err := deriver.Derived(ctx)
	if err != nil || len(parts) == 0 {
		return err
	}
	manifest, err := u.Manifest(ctx)
	if err != nil {
		return err
	}
	finder, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		return err
	}
	if err := r.steps(ctx,
		`DROP TABLE IF EXISTS temp.becoming`,
		`DROP TABLE IF EXISTS temp.agreed`,
		`CREATE TEMP TABLE becoming(old TEXT, field INTEGER, doc, path TEXT, new TEXT, PRIMARY KEY(old, field, doc)) WITHOUT ROWID`,
		`INSERT OR REPLACE INTO becoming SELECT coalesce(old, path), field, doc, path, new FROM value
			WHERE state = 1 AND new IS NOT NULL AND part IN (`+ownParts+`) ORDER BY id`,
		`CREATE TEMP TABLE agreed(old TEXT, field INTEGER, path TEXT, new TEXT, PRIMARY KEY(old, field)) WITHOUT ROWID`,
		`INSERT INTO agreed SELECT old, field, min(path), min(new) FROM becoming GROUP BY old, field HAVING min(new) = max(new)`,
	); err != nil {
		return err
	}
	for _, part := range parts {
		var batch []dataset.Row
		for row, err := range u.Rows(ctx, part, finder) {
			if err != nil {
				return fmt.Errorf("reading %s: %w", part, err)
			}
			if batch = append(batch, row); len(batch) == derivedBatch {
				if err := r.addDerived(ctx, batch); err != nil {
					return err
				}
				batch = batch[:0]
			}
		}
		if err := r.addDerived(ctx, batch); err != nil {
			return err
		}
		// A killed run has left some of them, and not all were changed.
		if err := r.tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM value WHERE state = 1 AND part = ?1 AND id NOT IN (
				SELECT max(id) FROM value WHERE state = 1 AND part = ?1 GROUP BY doc, at)`, string(part))
			return err
		}); err != nil {
			return err
		}
	}
	return r.steps(ctx, `DROP TABLE becoming`, `DROP TABLE agreed`)
}

// ownParts are the parts that copies are made of.
const ownParts = `'` + string(dataset.Samples) + `', '` + string(dataset.Frames) + `'`

// addDerived attempts those of the rows whose originals are attempted. What one path
// becomes may differ from document to document, where a map looks at more than paths: a
// copy becomes what its own original does, or what all of its path do.
func (r *Run) addDerived(ctx context.Context, rows []dataset.Row) error {
	return r.tx(ctx, func(tx *sql.Tx) (err error) {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO value(part, seq, doc, at, field, path, old, spelling, new, state)
			SELECT ?1, ?2, ?3, ?4, field, path, iif(?6 = path, NULL, ?6), ?7, new, 1 FROM (
				SELECT 0 AS rank, b.field, b.path, b.new FROM becoming b
					WHERE b.old = ?6 AND b.field = (SELECT id FROM field WHERE name = ?5) AND b.doc IN (?8, ?9, ?10)
				UNION ALL
				SELECT 1, a.field, a.path, a.new FROM agreed a
					WHERE a.old = ?6 AND a.field = (SELECT id FROM field WHERE name = ?5)
			) ORDER BY rank LIMIT 1`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, insert.Close()) }()
		for _, row := range rows {
			if row.Missing {
				continue
			}
			var of [3]any
			for i, id := range row.Of[:min(len(row.Of), len(of))] {
				of[i] = encodeID(id)
			}
			_, err := insert.ExecContext(ctx, string(row.Part), row.Seq, encodeID(row.ID), string(row.At), row.Field, row.Value, null(row.Spelling),
				of[0], of[1], of[2])
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// steps runs statements in one transaction.
func (r *Run) steps(ctx context.Context, texts ...string) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, text := range texts {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}
