package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Datasets returns the keys of all datasets that the runs are about: absolute
// paths of export directories, which may be gone, and see DatabaseKey.
func (h *History) Datasets(ctx context.Context) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return ask(ctx, h, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT DISTINCT o.dataset FROM usable JOIN run r ON r.id = usable.run JOIN owner o ON o.id = r.owner ORDER BY o.dataset`)
}

// Into returns at most limit files that runs have sent to places below a local
// directory, which is absolute and clean, by their URLs: the first behind after, or of
// all where that is empty.
func (h *History) Into(ctx context.Context, dir, after string, limit int) ([]Sent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	low, high := below(dir)
	if after != "" {
		low = after + "\x00"
	}
	return ask(ctx, h, scanRun, `SELECT `+sentColumns+`, min(r.name), o.dataset FROM voucher s JOIN held h ON h.voucher = s.id
			JOIN usable USING(run) JOIN run r ON r.id = h.run JOIN owner o ON o.id = s.owner
		WHERE s.url >= ? AND s.url < ? AND s.state = 1 GROUP BY `+sentColumns+`, s.owner ORDER BY s.url LIMIT ?`, low, high, limit)
}

// Identity is what made a run the one that it is. It only reads.
func (d *Dir) Identity(ctx context.Context, run string) (id Identity, err error) {
	r, err := d.reading(ctx, run)
	if err != nil {
		return id, err
	}
	defer func() { _ = r.close() }()
	var text string
	err = r.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'identity'`).Scan(&text)
	if err == nil {
		err = json.Unmarshal([]byte(text), &id)
	}
	if err != nil {
		return id, fmt.Errorf("reading what run %q was asked: %w", run, explainAt(d.file(run), "reading", err))
	}
	return id, nil
}
