package ledger

import (
	"context"
	"database/sql"
	"iter"
	"slices"
)

// arrivedObject selects the files of the current plan that have an object of their
// own, which has arrived.
const arrivedObject = `live AND twin IS NULL AND state = 1 AND url IS NOT NULL`

// Landed streams the files of the current plan whose own object has arrived.
func (r *Run) Landed(ctx context.Context) iter.Seq2[File, error] {
	return r.files(ctx, arrivedObject)
}

// LandedCount counts what Landed streams.
func (r *Run) LandedCount(ctx context.Context) (n int64, err error) {
	if err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM file WHERE `+arrivedObject).Scan(&n); err != nil {
		return 0, r.explain("reading", err)
	}
	return n, nil
}

// Spread returns, of what Landed streams, at most n files of each field: the first,
// the last, and others between them. Of a field that has no more than n it returns
// all.
func (r *Run) Spread(ctx context.Context, n int) ([]File, error) {
	type span struct{ field, first, last int64 }
	spans, err := query(ctx, r.db, func(rows *sql.Rows) (s span, err error) {
		return s, rows.Scan(&s.field, &s.first, &s.last)
	}, `SELECT field, min(id), max(id) FROM file WHERE `+arrivedObject+` GROUP BY field ORDER BY field`)
	if err != nil {
		return nil, err
	}
	var list []File
	for _, s := range spans {
		some, err := r.spread(ctx, s.field, s.first, s.last, n)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

// spread picks the files of one field. It steps through the range of their IDs,
// which may have gaps, and fills up from the beginning.
func (r *Run) spread(ctx context.Context, field, first, last int64, n int) ([]File, error) {
	const text = `SELECT ` + fileColumns + ` FROM file WHERE field = ? AND id >= ? AND ` + arrivedObject + ` ORDER BY id LIMIT ?`
	var picked []File
	next := first
	for i := range n {
		at := first
		if n > 1 {
			at += int64(float64(last-first) * float64(i) / float64(n-1))
		}
		found, err := query(ctx, r.db, scanFile, text, field, max(at, next), 1)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			break
		}
		picked = append(picked, found[0])
		next = found[0].ID + 1
	}
	if len(picked) == n {
		return picked, nil
	}
	more, err := query(ctx, r.db, scanFile, text, field, first, n)
	if err != nil {
		return nil, err
	}
	for _, f := range more {
		if len(picked) < n && !slices.ContainsFunc(picked, func(p File) bool { return p.ID == f.ID }) {
			picked = append(picked, f)
		}
	}
	slices.SortFunc(picked, func(a, b File) int { return int(a.ID - b.ID) })
	return picked, nil
}
