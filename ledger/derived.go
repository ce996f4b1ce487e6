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
		`CREATE TEMP TABLE becoming(old TEXT, field INTEGER, path TEXT, new TEXT, PRIMARY KEY(old, field)) WITHOUT ROWID`,
		`INSERT OR IGNORE INTO becoming SELECT coalesce(old, path), field, path, new FROM value WHERE state = 1 AND new IS NOT NULL ORDER BY id`,
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
	return r.steps(ctx, `DROP TABLE becoming`)
}

// addDerived attempts those of the rows whose originals are attempted.
func (r *Run) addDerived(ctx context.Context, rows []dataset.Row) error {
	return r.tx(ctx, func(tx *sql.Tx) (err error) {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO value(part, seq, doc, at, field, path, old, spelling, new, state)
			SELECT ?1, ?2, ?3, ?4, b.field, b.path, iif(?6 = b.path, NULL, ?6), ?7, b.new, 1
			FROM becoming b JOIN field f ON f.id = b.field WHERE b.old = ?6 AND f.name = ?5`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, insert.Close()) }()
		for _, row := range rows {
			if row.Missing {
				continue
			}
			_, err := insert.ExecContext(ctx, string(row.Part), row.Seq, encodeID(row.ID), string(row.At), row.Field, row.Value, null(row.Spelling))
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
