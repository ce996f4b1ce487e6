package ledger

import (
	"context"
	"database/sql"
	"errors"
)

// What is asked of the table of files by URL.
const (
	indexByURL     = `CREATE INDEX IF NOT EXISTS file_by_url ON file(url)`
	indexValuePath = `CREATE INDEX IF NOT EXISTS value_path ON value(path)`
	// wasSent selects files that were sent once, also those that are planned
	// anew because they changed since.
	wasSent = `(state = 1 OR checksum IS NOT NULL OR etag IS NOT NULL)`
	// takenBy, to be closed, tells whether values that were changed to the URL
	// ?1 stand for another file than ?2.
	takenBy = `SELECT EXISTS(SELECT 1 FROM file g JOIN value v ON v.path = g.path
		WHERE g.url = ?1 AND g.id <> ?2 AND v.new = ?1 AND v.state IN (1, 2)`
	// takenByNeed tells the same of values whose file needs one at that URL.
	takenByNeed = `EXISTS(SELECT 1 FROM file g WHERE g.url = ?1 AND g.id <> ?2 AND NOT g.live AND EXISTS(
		WITH RECURSIVE up(id) AS (
			SELECT l.file FROM link l WHERE l.asset = g.id
			UNION SELECT l.file FROM up JOIN link l ON l.asset = up.id)
		SELECT 1 FROM file s JOIN value v ON v.path = s.path WHERE s.id IN up AND v.new = s.url AND v.state IN (1, 2)))`
	// nameNeeded names what named files need.
	nameNeeded = `INSERT OR IGNORE INTO named
		WITH RECURSIVE need(id) AS (
			SELECT l.asset FROM named n JOIN file s ON s.url = n.url JOIN link l ON l.file = s.id
			UNION SELECT l.asset FROM need JOIN link l ON l.file = need.id)
		SELECT url FROM file WHERE id IN need AND url IS NOT NULL AND ` + wasSent
)

// Sent returns the files that this run has sent to url.
func (r *Run) Sent(ctx context.Context, url string) ([]File, error) {
	if _, err := r.db.ExecContext(ctx, indexByURL); err != nil {
		return nil, r.explain("reading", err)
	}
	return query(ctx, r.db, scanFile, `SELECT `+fileColumns+` FROM file WHERE url = ? AND `+wasSent+` ORDER BY id`, url)
}

// Sent tells whether an earlier plan of this run has put an object at url.
func (d *Draft) Sent(ctx context.Context, url string) (bool, error) {
	if !d.byURL {
		d.byURL = true
		if err := d.exec(ctx, indexByURL); err != nil {
			return false, err
		}
	}
	var sent bool
	err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM file WHERE url = ? AND `+wasSent+`)`, url).Scan(&sent)
	if err != nil {
		return false, d.run.explain("reading", err)
	}
	return sent, nil
}

// Taken tells whether values that this run has changed to url stand for another
// file than id, and none that the draft has.
func (d *Draft) Taken(ctx context.Context, id int64, url string) (bool, error) {
	changed, err := d.madeAny(ctx)
	if err != nil || !changed {
		return false, err
	}
	if _, err := d.Sent(ctx, url); err != nil { // for its index
		return false, err
	}
	if err := d.exec(ctx, indexValuePath); err != nil {
		return false, err
	}
	var taken bool
	if err := d.tx.QueryRowContext(ctx, takenBy+` AND NOT g.live) OR `+takenByNeed, url, id).Scan(&taken); err != nil {
		return false, d.run.explain("reading", err)
	}
	return taken, nil
}

// Name notes that a value of the dataset is url already.
func (d *Draft) Name(ctx context.Context, url string) error {
	if d.named == nil {
		err := errors.Join(d.exec(ctx, `DROP TABLE IF EXISTS temp.named`),
			d.exec(ctx, `CREATE TEMP TABLE named(url TEXT PRIMARY KEY) WITHOUT ROWID`))
		if err != nil {
			return err
		}
		if d.named, err = d.tx.PrepareContext(ctx, `INSERT OR IGNORE INTO named VALUES(?)`); err != nil {
			return d.run.explain("writing", err)
		}
	}
	if _, err := d.named.ExecContext(ctx, url); err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}

// NameNeeded does the same for what the files under the named URLs need, as far
// as this run has sent it.
func (d *Draft) NameNeeded(ctx context.Context) error {
	var links bool
	if err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM link)`).Scan(&links); err != nil {
		return d.run.explain("reading", err)
	}
	if d.named == nil || !links {
		return nil
	}
	return errors.Join(d.exec(ctx, indexByURL), d.exec(ctx, nameNeeded))
}

// Named tells whether url was named.
func (d *Draft) Named(ctx context.Context, url string) (bool, error) {
	if d.named == nil {
		return false, nil
	}
	var named bool
	if err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM named WHERE url = ?)`, url).Scan(&named); err != nil {
		return false, d.run.explain("reading", err)
	}
	return named, nil
}

// Holds tells whether the file of that path is one of the plan, and is there.
func (d *Draft) Holds(ctx context.Context, path string) (held bool, err error) {
	err = d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM file WHERE path = ? AND live AND state <> ?)`, path, FileMissing).Scan(&held)
	if err != nil {
		return false, d.run.explain("reading", err)
	}
	return held, nil
}

// Like returns at most limit local files of the plan, which are there, whose stored path
// holds that text and which have that size.
func (d *Draft) Like(ctx context.Context, text string, size int64, limit int) ([]string, error) {
	return query(ctx, d.tx, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) },
		`SELECT coalesce(local, path) FROM file WHERE size = ?1 AND live AND state <> ?2 AND instr(path, ?3) > 0 LIMIT ?4`,
		size, FileMissing, text, limit)
}
