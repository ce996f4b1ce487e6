package ledger

import (
	"context"
	"database/sql"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Turn is a value of a document as it is and as the plan makes it.
type Turn struct {
	At       dataset.Pointer
	Field    string
	Old, New string
}

// A Turner answers what a draft makes of documents, and finds documents that would
// have one key, without holding either in memory. It is of one part, and to be used
// while no stream of the draft is open.
type Turner struct{ d *Draft }

// Turner prepares the answers for the values of a part. The one before it is of no use
// any more.
func (d *Draft) Turner(ctx context.Context, part dataset.Part) (*Turner, error) {
	for _, s := range []struct {
		text string
		args []any
	}{
		{`DROP TABLE IF EXISTS temp.turned`, nil},
		{`CREATE TEMP TABLE turned(doc, at TEXT, field INTEGER, old TEXT, new TEXT, PRIMARY KEY(doc, at)) WITHOUT ROWID`, nil},
		{`INSERT OR REPLACE INTO turned SELECT v.doc, v.at, v.field, coalesce(v.old, v.path), coalesce(v.new, l.url)
			FROM value v LEFT JOIN file l ON l.path = v.path AND l.live
			WHERE v.part = ? AND v.state = ? AND coalesce(v.new, l.url) IS NOT NULL ORDER BY v.id`, []any{string(part), ValuePlanned}},
	} {
		if err := d.exec(ctx, s.text, s.args...); err != nil {
			return nil, err
		}
	}
	return &Turner{d}, nil
}

// Keys are the names of the first keys of documents, as in "filepath" or "gt" of
// "gt.mask_path", below which values get another one.
func (t *Turner) Keys(ctx context.Context) (map[string]bool, error) {
	list, err := query(ctx, t.d.tx, func(rows *sql.Rows) (p dataset.Pointer, err error) { return p, rows.Scan(&p) },
		`SELECT DISTINCT substr(at, 1, iif(instr(substr(at, 2), '/') = 0, length(at), instr(substr(at, 2), '/'))) FROM turned`)
	keys := map[string]bool{}
	for _, p := range list {
		for step := range p.Steps() {
			keys[step] = true
		}
	}
	return keys, err
}

// Of is what becomes of the values of one document.
func (t *Turner) Of(ctx context.Context, doc bson.RawValue) ([]Turn, error) {
	stmt, err := t.d.again(ctx, `SELECT at, (SELECT name FROM field WHERE id = field), old, new FROM turned WHERE doc = ?`) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(context.WithoutCancel(ctx), encodeID(doc))
	if err != nil {
		return nil, t.d.run.explain("reading", err)
	}
	defer func() { _ = rows.Close() }()
	var list []Turn
	for rows.Next() {
		var turn Turn
		if err := rows.Scan(&turn.At, &turn.Field, &turn.Old, &turn.New); err != nil {
			return nil, t.d.run.explain("reading", err)
		}
		list = append(list, turn)
	}
	return list, rows.Err()
}

// Clear forgets all keys.
func (t *Turner) Clear(ctx context.Context) error {
	if err := t.d.exec(ctx, `CREATE TEMP TABLE IF NOT EXISTS held(key BLOB, doc, PRIMARY KEY(key, doc)) WITHOUT ROWID`); err != nil {
		return err
	}
	return t.d.exec(ctx, `DELETE FROM temp.held`)
}

// Add notes that a document would have a key.
func (t *Turner) Add(ctx context.Context, key []byte, doc bson.RawValue) error {
	return t.d.each(ctx, `INSERT OR IGNORE INTO held VALUES(?, ?)`, key, encodeID(doc))
}

// Shared returns at most limit of the documents whose key others have too, each with one
// of these others, and how many there are.
func (t *Turner) Shared(ctx context.Context, limit int) (list [][2]bson.RawValue, total int64, err error) {
	const shared = `FROM held h WHERE EXISTS (SELECT 1 FROM held o WHERE o.key = h.key AND o.doc <> h.doc)`
	if err := t.d.tx.QueryRowContext(ctx, `SELECT count(DISTINCT doc) `+shared).Scan(&total); err != nil || total == 0 {
		return nil, 0, err
	}
	list, err = query(ctx, t.d.tx, func(rows *sql.Rows) (pair [2]bson.RawValue, err error) {
		var ids [2]any
		if err := rows.Scan(&ids[0], &ids[1]); err != nil {
			return pair, err
		}
		for i, id := range ids {
			if pair[i], err = decodeID(id); err != nil {
				return pair, err
			}
		}
		return pair, nil
	}, `SELECT h.doc, (SELECT o.doc FROM held o WHERE o.key = h.key AND o.doc <> h.doc LIMIT 1) `+shared+` GROUP BY h.doc ORDER BY h.key, h.doc LIMIT ?`, limit)
	return list, total, err
}
