package ledger

import (
	"context"
	"database/sql"
)

// Withhold keeps Revert from values whose old path would name nothing: it asks there
// of every file that was sent and whose values can be put back, also where a later plan
// found it changed or gone, and marks the
// documents that name one which is not there as ValueMissing. It returns how many
// documents these are. Each call starts again: a file that is back is put back.
func (r *Run) Withhold(ctx context.Context, there func(File) (bool, error)) (documents int64, err error) {
	err = r.tx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`UPDATE value SET state = 2 WHERE state IN (5, 6, 8)`,
			`DROP TABLE IF EXISTS temp.gone`,
			`CREATE TEMP TABLE gone(path TEXT PRIMARY KEY) WITHOUT ROWID`,
		} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	missing := 0
	for f, err := range r.files(ctx, `(state = ? OR checksum IS NOT NULL OR etag IS NOT NULL) AND EXISTS (SELECT 1 FROM value v WHERE v.path = file.path AND v.state IN (?, ?))`,
		FileArrived, ValueAttempted, ValueDone) {
		if err != nil {
			return 0, err
		}
		is, err := there(f)
		if err != nil {
			return 0, err
		}
		if is {
			continue
		}
		missing++
		if err := r.tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO temp.gone VALUES(?)`, f.Path)
			return err
		}); err != nil {
			return 0, err
		}
	}
	if missing == 0 {
		return 0, nil
	}
	return documents, r.tx(ctx, func(tx *sql.Tx) error {
		// Whole documents: none is half put back.
		const held = `(doc, part) IN (SELECT doc, part FROM value WHERE state IN (1, 2) AND path IN (SELECT path FROM temp.gone))`
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT DISTINCT doc, part FROM value WHERE state IN (1, 2) AND `+held+`)`).Scan(&documents); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = 6 WHERE state IN (1, 2) AND `+held)
		return err
	})
}
