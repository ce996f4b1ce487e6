package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"
)

// A FileState says how far one file has come.
type FileState int

// The states of a file.
const (
	FilePlanned FileState = iota // to be sent
	FileArrived                  // its object is there, with this file's bytes
	FileFailed                   // the last try to send it failed
	FileMissing                  // not there, or not readable, when last planned
)

// A File is one file to send: one object, however many values name it.
type File struct {
	ID int64
	// Path is the stored path in its cleaned form, the key of the row.
	Path string
	// Local is where the file was found.
	Local string
	// Field is the media field whose target takes the file: the first in flag
	// order of those that name it.
	Field int
	// Refs is the number of values that name the file: 0 if only other files do.
	Refs int64
	// Size in bytes of the object: that of the file, unless there is a Variant.
	Size int64
	// LocalSize is that of the file; AddFile takes it from Size.
	LocalSize int64
	ModTime   time.Time
	// URL is what values that name the file become.
	URL string
	// Twin is the ID of the file whose object serves this one too, or 0.
	Twin  int64
	State FileState
	// Checksum and ETag are those of the object that was last sent for this
	// file, also while State is FilePlanned because the file changed since.
	Checksum string
	ETag     string
	// Err says why State is FileFailed or FileMissing.
	Err string
	// Kind is how the file names other files, in a word of its planner's; empty
	// where it names none. See Link.
	Kind string
	// Variant tells apart the copies of the file that name their assets in
	// different ways; empty where the file is sent as it is.
	Variant string
}

const fileColumns = `id, path, coalesce(local, path), field, refs, coalesce(osize, size, 0), coalesce(size, 0), coalesce(mtime, 0),
	coalesce(url, ''), coalesce(twin, 0), state, coalesce(checksum, ''), coalesce(etag, ''), coalesce(error, ''),
	coalesce(kind, ''), coalesce(variant, '')`

func scanFile(rows *sql.Rows) (File, error) {
	var f File
	var mtime int64
	err := rows.Scan(&f.ID, &f.Path, &f.Local, &f.Field, &f.Refs, &f.Size, &f.LocalSize, &mtime,
		&f.URL, &f.Twin, &f.State, &f.Checksum, &f.ETag, &f.Err, &f.Kind, &f.Variant)
	f.ModTime = time.Unix(0, mtime)
	return f, err
}

// pageSize is how many rows a stream holds at a time.
const pageSize = 4000

// files streams the file rows that the condition where selects, in path order
// as they were planned; between pages the ledger is free for writers.
func (r *Run) files(ctx context.Context, where string, args ...any) iter.Seq2[File, error] {
	return pages(func(after File) ([]File, error) {
		return query(ctx, r.db, scanFile, `SELECT `+fileColumns+` FROM file WHERE id > ? AND (`+where+`) ORDER BY id LIMIT ?`,
			append(append([]any{after.ID}, args...), pageSize)...)
	})
}

// Pending streams the files that the current plan still has to send.
func (r *Run) Pending(ctx context.Context) iter.Seq2[File, error] {
	return r.files(ctx, `live AND twin IS NULL AND state IN (?, ?)`, FilePlanned, FileFailed)
}

// Files streams the files of the current plan that are in one of the states.
func (r *Run) Files(ctx context.Context, states ...FileState) iter.Seq2[File, error] {
	marks, args := placeholders(states)
	return r.files(ctx, `live AND state IN (`+marks+`)`, args...)
}

// Objects streams every file whose object an invocation of this run has sent
// or found, also those that earlier plans had.
func (r *Run) Objects(ctx context.Context) iter.Seq2[File, error] {
	return r.files(ctx, `twin IS NULL AND state = ?`, FileArrived)
}

// Record notes what became of files that were sent: State, Checksum, ETag and
// Err of each. It is durable when Record returns.
func (r *Run) Record(ctx context.Context, files []File) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		set, err := tx.PrepareContext(ctx, `UPDATE file SET state = ?, checksum = ?, etag = ?, error = ? WHERE id = ?`)
		if err != nil {
			return err
		}
		defer func() { _ = set.Close() }()
		for _, f := range files {
			if _, err := set.ExecContext(ctx, f.State, null(f.Checksum), null(f.ETag), null(f.Err), f.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// SettleTwins gives files that share another file's object that file's state.
func (r *Run) SettleTwins(ctx context.Context) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE file SET (state, checksum, etag, error) =
				(SELECT t.state, t.checksum, t.etag, t.error FROM file t WHERE t.id = file.twin)
			WHERE live AND twin IS NOT NULL AND state <> ?`, FileMissing)
		return err
	})
}

// query runs one statement and scans all its rows.
func query[T any](ctx context.Context, db queryer, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return list, nil
}

type queryer interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// pages makes one stream of a query that returns the rows after a given one;
// the first page is asked for with the zero value.
func pages[T any](next func(after T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for {
			page, err := next(last)
			if err != nil {
				yield(last, err)
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			last = page[len(page)-1]
		}
	}
}

func placeholders[T any](list []T) (marks string, args []any) {
	for i, v := range list {
		if i > 0 {
			marks += ", "
		}
		marks += "?"
		args = append(args, v)
	}
	return marks, args
}

// null is SQL's NULL for an empty string.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
