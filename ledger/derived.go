package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

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
	ids, err := r.fieldIDs(ctx)
	if err != nil {
		return err
	}
	finder, err := wideFinder(ctx, u, ids)
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
				if err := r.addDerived(ctx, batch, ids); err != nil {
					return err
				}
				batch = batch[:0]
			}
		}
		if err := r.addDerived(ctx, batch, ids); err != nil {
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

// fieldIDs are the ids of the run's media fields, by name.
func (r *Run) fieldIDs(ctx context.Context) (map[string]int64, error) {
	type field struct {
		id   int64
		name string
	}
	list, err := query(ctx, r.db, func(rows *sql.Rows) (f field, err error) { return f, rows.Scan(&f.id, &f.name) }, `SELECT id, name FROM field`)
	ids := map[string]int64{}
	for _, f := range list {
		ids[f.name] = f.id
	}
	return ids, err
}

// wideFinder finds the media of a dataset, and what the run found besides because it
// was told to.
func wideFinder(ctx context.Context, u dataset.Updater, fields map[string]int64) (*dataset.Finder, error) {
	manifest, err := u.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	finder, err := dataset.NewFinder(manifest, nil)
	if err != nil {
		return nil, err
	}
	var more []string
	for name := range fields {
		if name != viewsField && !slices.Contains(finder.Names(), name) {
			more = append(more, name)
		}
	}
	if manifest, err = manifest.WithMediaFields(more); err != nil {
		return nil, err
	}
	return dataset.NewFinder(manifest, nil)
}

// addDerived attempts those of the rows whose originals are attempted. What one path
// becomes may differ from document to document, where a map looks at more than paths: a
// copy becomes what its own original does, or what all of its path do.
func (r *Run) addDerived(ctx context.Context, rows []dataset.Row, fields map[string]int64) error {
	return r.tx(ctx, func(tx *sql.Tx) (err error) {
		insert, err := tx.PrepareContext(ctx, `INSERT INTO value(part, seq, doc, at, field, path, old, spelling, new, state)
			SELECT ?1, ?2, ?3, ?4, field, path, iif(?6 = path, NULL, ?6), ?7, new, 1 FROM (
				SELECT c.key AS rank, b.field, b.path, b.new FROM json_each(?5) c JOIN becoming b
					ON b.old = ?6 AND b.field = c.value AND b.doc IN (?8, ?9, ?10)
				UNION ALL
				SELECT 1000 + c.key, a.field, a.path, a.new FROM json_each(?5) c JOIN agreed a ON a.old = ?6 AND a.field = c.value
			) ORDER BY rank LIMIT 1`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, insert.Close()) }()
		for _, row := range rows {
			from := knownFields(row.From, fields)
			if row.Missing || from == "" {
				continue
			}
			var of [3]any
			for i, id := range row.Of[:min(len(row.Of), len(of))] {
				of[i] = encodeID(id)
			}
			_, err := insert.ExecContext(ctx, string(row.Part), row.Seq, encodeID(row.ID), string(row.At), from, row.Value, null(row.Spelling),
				of[0], of[1], of[2])
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// knownFields lists the ids of those fields that the run has, as JSON; empty for none.
func knownFields(names []string, fields map[string]int64) string {
	var list []byte
	for _, name := range names {
		if id, ok := fields[name]; ok {
			list = strconv.AppendInt(append(list, ','), id, 10)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "[" + string(list[1:]) + "]"
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
