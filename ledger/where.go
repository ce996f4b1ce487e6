package ledger

import (
	"context"
	"database/sql"
	"errors"

	"github.com/medialift/medialift/localfile"
)

// A Place is where a file of the plan is.
type Place int

// The places.
const (
	Unplanned Place = iota // the plan knows no such file
	Pending                // it has not arrived yet
	NotThere               // it was not there when planned, and its values stay
	AtURL                  // its object has arrived
)

// Where answers, in any number of calls, where the files of a run are. It is to be
// closed.
type Where struct{ ask, urls *sql.Stmt }

// Where returns what answers where the files of the current plan are.
func (r *Run) Where(ctx context.Context) (*Where, error) {
	if _, err := r.db.ExecContext(ctx, indexByURL); err != nil {
		return nil, r.explain("reading", err)
	}
	w := &Where{}
	var err error
	if w.ask, err = r.prepare(ctx, `SELECT coalesce(url, ''), state FROM file WHERE path = ? AND live`); err == nil {
		w.urls, err = r.prepare(ctx, `SELECT EXISTS(SELECT 1 FROM file WHERE url = ? AND state = ?)`)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (r *Run) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	stmt, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, r.explain("reading", err)
	}
	return stmt, nil
}

// Is tells where the file of a stored path is; the URL is empty unless it is AtURL.
func (w *Where) Is(ctx context.Context, path string) (url string, place Place, err error) {
	var state FileState
	err = w.ask.QueryRowContext(ctx, localfile.Clean(path)).Scan(&url, &state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", Unplanned, nil
	case err != nil:
		return "", Unplanned, err
	case state == FileMissing:
		return "", NotThere, nil
	case state == FileArrived && url != "":
		return url, AtURL, nil
	}
	return "", Pending, nil
}

// Holds tells whether an object of the run has arrived at url.
func (w *Where) Holds(ctx context.Context, url string) (held bool, err error) {
	err = w.urls.QueryRowContext(ctx, url, FileArrived).Scan(&held)
	return held, err
}

// Close ends the questions.
func (w *Where) Close() (err error) {
	for _, stmt := range []*sql.Stmt{w.ask, w.urls} {
		if stmt != nil {
			err = errors.Join(err, stmt.Close())
		}
	}
	return err
}
