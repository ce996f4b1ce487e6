package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/pathmap"
)

// Arrived says where a run put each file. It is a pathmap.Mapper: a path in any
// of its spellings becomes the URL of its object, if that has arrived; such a
// URL is already there; about anything else it has no answer.
type Arrived struct{ run *Run }

// Arrived opens the ledger of an earlier run as a Mapper. A run that never sent
// anything is ErrNoRun: it would have no answers.
func (d *Dir) Arrived(ctx context.Context, run string) (*Arrived, error) {
	r, err := d.Open(ctx, run)
	if err != nil {
		return nil, err
	}
	var some bool
	err = r.db.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM file WHERE url IS NOT NULL)`).Scan(&some)
	if err == nil && some {
		_, err = r.db.ExecContext(ctx, indexByURL+`; CREATE INDEX IF NOT EXISTS file_by_local ON file(local)`)
	}
	if err != nil {
		return nil, errors.Join(r.explain("reading", err), r.Close())
	}
	if !some {
		return nil, errors.Join(fmt.Errorf("%w that has sent files: %q has none", ErrNoRun, run), r.Close())
	}
	return &Arrived{run: r}, nil
}

// Map looks p.Path up.
func (a *Arrived) Map(ctx context.Context, p pathmap.Path) (string, error) {
	var url string
	err := a.run.db.QueryRowContext(ctx, `SELECT url FROM file WHERE path = ? AND state = ? AND url IS NOT NULL`,
		localfile.Clean(p.Path), FileArrived).Scan(&url)
	if errors.Is(err, sql.ErrNoRows) {
		err = a.run.db.QueryRowContext(ctx, `SELECT url FROM file WHERE url = ? AND state = ? LIMIT 1`,
			p.Path, FileArrived).Scan(&url)
	}
	if errors.Is(err, sql.ErrNoRows) {
		url, err = a.atPlace(ctx, localfile.Clean(p.Path))
	}
	switch {
	case err == nil:
		return url, nil
	case errors.Is(err, sql.ErrNoRows):
		return "", pathmap.ErrNoAnswer
	}
	return "", a.run.explain("reading", err)
}

// atPlace is the URL of the file that was found at path, whatever the dataset calls
// it: a relative path, say. Where there are several it is sql.ErrNoRows.
func (a *Arrived) atPlace(ctx context.Context, path string) (string, error) {
	var url string
	var urls int
	err := a.run.db.QueryRowContext(ctx, `SELECT coalesce(min(url), ''), count(DISTINCT url) FROM file WHERE local = ? AND state = ? AND url IS NOT NULL`,
		path, FileArrived).Scan(&url, &urls)
	if err == nil && urls != 1 {
		err = sql.ErrNoRows
	}
	return url, err
}

// Close closes the ledger.
func (a *Arrived) Close() error { return a.run.Close() }
