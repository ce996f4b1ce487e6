package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
)

// A reading is a ledger that is only read, whatever format it has.
type reading struct {
	name string
	db   *sql.DB
	// columns are those of its table of files, as scanSent reads them.
	columns string
	dataset string
}

// reading opens a ledger to read it.
func (d *Dir) reading(ctx context.Context, name string) (*reading, error) {
	path := d.file(name)
	if d.unlocked {
		if s, err := stampOf(path); err != nil || s.hot {
			return nil, errors.Join(fmt.Errorf("%w: reading ledger %q, to which a run was writing when it was killed", ErrNoLocks, path), err)
		}
		return openReading(ctx, path, name, "mode=ro&immutable=1")
	}
	r, err := openReading(ctx, path, name, "mode=ro")
	if isReadOnly(err) { // a killed run left a journal
		if err = d.borrow(ctx, name); err == nil {
			r, err = openReading(ctx, d.place(name), name, "mode=rw")
		}
	}
	return r, err
}

func openReading(ctx context.Context, path, name, options string) (*reading, error) {
	r := &reading{name: name}
	if err := r.connect(ctx, "file:"+escapePath(path)+"?"+options+"&_pragma=busy_timeout("+patience+")"); err != nil {
		return nil, errors.Join(explainAt(path, "reading", err), r.close())
	}
	return r, nil
}

func (r *reading) connect(ctx context.Context, dsn string) (err error) {
	if r.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	r.db.SetMaxOpenConns(1)
	if err := r.db.QueryRowContext(ctx, `SELECT coalesce((SELECT value FROM meta WHERE key = 'dataset'), '')`).Scan(&r.dataset); err != nil {
		return err
	}
	columns, err := query(ctx, r.db, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT name FROM pragma_table_info('file')`)
	size, variant := "size", "NULL"
	if slices.Contains(columns, "osize") {
		size, variant = "coalesce(osize, size)", "variant"
	}
	r.columns = `coalesce(url, ''), coalesce(local, path), coalesce(` + size + `, 0), coalesce(size, 0), coalesce(mtime, 0), state,
		coalesce(checksum, ''), coalesce(etag, ''), coalesce(` + variant + `, '')`
	return err
}

func (r *reading) close() error {
	if r.db == nil {
		return nil
	}
	return r.db.Close()
}

// Confirm reports whether the ledger of s.Run says the same now: that it sent
// this file, of this size and time, to this URL, and what came of it. A ledger
// that cannot be read confirms nothing, which is no error.
func (h *History) Confirm(ctx context.Context, s Sent) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, err := h.keep(ctx, s.Run)
	if err != nil {
		return false, ctx.Err()
	}
	list, err := query(ctx, r.db, r.scan, `SELECT `+r.columns+` FROM file WHERE path = ?1 OR local = ?1 OR path = ?2`, s.Local, filepath.ToSlash(s.Local))
	if err != nil {
		return false, ctx.Err()
	}
	for _, f := range list {
		f.Row, f.Made = s.Row, s.Made
		if f == s {
			return true, nil
		}
	}
	return false, nil
}

func (r *reading) scan(rows *sql.Rows) (Sent, error) {
	s, err := scanSent(rows)
	s.Run, s.Dataset = r.name, r.dataset
	return s, err
}

// From streams what the runs have sent from the local file at path, or from below
// it if it is a directory: read from their ledgers, each once, and only those that
// have any. A path is one as the runs know it, absolute and clean; they may know a
// directory by the way of a symbolic link too. Ledgers that cannot be read are left
// out; Unread names them.
func (h *History) From(ctx context.Context, path string) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		names, err := h.sendersFrom(ctx, path)
		if err != nil {
			yield(Sent{}, err)
			return
		}
		for _, name := range names {
			for s, err := range h.fromOne(ctx, name, path) {
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}

// sendersFrom are the runs that have sent anything from path or from below it.
func (h *History) sendersFrom(ctx context.Context, path string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	low, high := below(path)
	return ask(ctx, h, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT DISTINCT r.name FROM folder f JOIN usable USING(run) JOIN run r ON r.id = f.run
			WHERE f.dir = ? OR f.dir >= ? AND f.dir < ? ORDER BY r.name`, filepath.Dir(path)+string(filepath.Separator), low, high)
}

// below are the bounds of the paths below a directory, the second exclusive.
func below(path string) (low, high string) {
	low = strings.TrimSuffix(path, string(filepath.Separator)) + string(filepath.Separator)
	return low, low[:len(low)-1] + string(filepath.Separator+1)
}

func (h *History) fromOne(ctx context.Context, name, path string) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		r, err := h.dir.reading(ctx, name)
		if err != nil {
			h.mu.Lock()
			h.unread[name] = err
			h.mu.Unlock()
			if err := ctx.Err(); err != nil {
				yield(Sent{}, err)
			}
			return
		}
		defer func() { _ = r.close() }()
		low, high := below(path)
		type found struct {
			Sent
			id int64
		}
		for f, err := range pages(func(after found) ([]found, error) {
			return query(ctx, r.db, func(rows *sql.Rows) (f found, err error) {
				f.Sent, err = scanSent(rows, &f.id)
				f.Run, f.Dataset = r.name, r.dataset
				return f, err
			}, `SELECT `+r.columns+`, id FROM file WHERE id > ? AND url IS NOT NULL AND `+wasSent+`
				AND (coalesce(local, path) = ? OR coalesce(local, path) >= ? AND coalesce(local, path) < ?) ORDER BY id LIMIT ?`,
				after.id, path, low, high, pageSize)
		}) {
			if !yield(f.Sent, err) || err != nil {
				return
			}
		}
	}
}
