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
		_, err = r.db.ExecContext(ctx, indexByURL)
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
	switch {
	case err == nil:
		return url, nil
	case errors.Is(err, sql.ErrNoRows):
		return "", pathmap.ErrNoAnswer
	}
	return "", a.run.explain("reading", err)
}

// Close closes the ledger.
func (a *Arrived) Close() error { return a.run.Close() }
