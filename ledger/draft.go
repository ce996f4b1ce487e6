package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/medialift/medialift/dataset"
)

// A Draft is a plan in the making: one transaction, so that the plan before it
// stands until Commit. It is for one goroutine. What an earlier plan of the
// same run sent is kept: a file that has not changed since is not planned to be
// sent again.
type Draft struct {
	run    *Run
	tx     *sql.Tx
	fields map[string]int
	value  *sql.Stmt
	file   *sql.Stmt
	url    *sql.Stmt
	staged *sql.Stmt // see Stage
	asking *sql.Stmt // see Ask
	asked  int64     // questions so far
	named  *sql.Stmt // see Name
	made   *bool     // this run has changed values; nil until asked
	byURL  bool      // the index that Sent needs is there
	often  map[string]*sql.Stmt
}

// Draft begins a new plan.
func (r *Run) Draft(ctx context.Context) (*Draft, error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, r.explain("writing", err)
	}
	d := &Draft{run: r, tx: tx, fields: map[string]int{}}
	if err := d.begin(ctx); err != nil {
		return nil, errors.Join(r.explain("writing", err), tx.Rollback())
	}
	return d, nil
}

func (d *Draft) begin(ctx context.Context) error {
	marks, states := placeholders([]ValueState{ValuePlanned, ValueConflict, ValueUndone, ValueRefused})
	for _, s := range []struct {
		text string
		args []any
	}{
		{`DROP INDEX IF EXISTS file_url`, nil},
		{`DROP INDEX IF EXISTS value_doc`, nil},
		{`DROP INDEX IF EXISTS value_path`, nil},
		{`DELETE FROM value WHERE state IN (` + marks + `)`, states},
		{`UPDATE file SET live = 0, twin = NULL WHERE live`, nil},
	} {
		if _, err := d.tx.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&d.value, `INSERT INTO value(part, seq, doc, at, field, path, old, spelling, new, state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&d.file, upsertFile},
		{&d.url, `UPDATE file SET url = ?1, fold = ?2, twin = NULL, state = iif(state = 1 AND url <> ?1, 0, state),
			checksum = iif(url <> ?1, NULL, checksum), etag = iif(url <> ?1, NULL, etag) WHERE id = ?3`},
	} {
		var err error
		if *p.stmt, err = d.tx.PrepareContext(ctx, p.text); err != nil { //nolint:sqlclosecheck // closed with the transaction
			return err
		}
	}
	return nil
}

// upsertFile adds a file to the plan, or brings the row of an earlier plan up
// to date: what has arrived stays so while size and time are the same.
const upsertFile = `
INSERT INTO file(path, field, refs, local, size, mtime, live, state, error, kind) VALUES(?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
ON CONFLICT(path) DO UPDATE SET
	state = iif(file.state = 1 AND excluded.state = 0 AND file.size = excluded.size AND file.mtime = excluded.mtime
		AND file.local IS excluded.local, 1, excluded.state),
	field = excluded.field, refs = excluded.refs, local = excluded.local, size = excluded.size,
	mtime = excluded.mtime, live = 1, error = excluded.error, kind = excluded.kind, url = iif(excluded.state = 3, NULL, file.url)`

// Field returns the number of a media field in this ledger, which orders the
// fields: those named first come first.
func (d *Draft) Field(ctx context.Context, name string) (int, error) {
	if id, ok := d.fields[name]; ok {
		return id, nil
	}
	var id int
	err := d.tx.QueryRowContext(ctx, `INSERT INTO field(name) VALUES(?)
		ON CONFLICT(name) DO UPDATE SET name = name RETURNING id`, name).Scan(&id)
	if err != nil {
		return 0, d.run.explain("writing", err)
	}
	d.fields[name] = id
	return id, nil
}

// Base returns the common directory that an earlier plan noted for a field, if
// any file was sent by it.
func (d *Draft) Base(ctx context.Context, field int) (string, error) {
	var base sql.NullString
	err := d.tx.QueryRowContext(ctx, `SELECT base FROM field WHERE id = ?1
		AND EXISTS(SELECT 1 FROM file WHERE field = ?1 AND `+wasSent+`)`, field).Scan(&base)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", d.run.explain("reading", err)
	}
	return base.String, nil
}

// SetField notes where the files of a field go and what their keys start from.
func (d *Draft) SetField(ctx context.Context, field int, target, base string) error {
	return d.exec(ctx, `UPDATE field SET target = ?, base = ? WHERE id = ?`, target, null(base), field)
}

// AddValue plans one value. Path is the key of its file; newPath is what the
// value becomes where that is known already.
func (d *Draft) AddValue(ctx context.Context, row dataset.Row, path, newPath string) error {
	field, err := d.Field(ctx, row.Field)
	if err != nil {
		return err
	}
	old := row.Value
	if old == path {
		old = ""
	}
	return d.step(ctx, d.value, string(row.Part), row.Seq, encodeID(row.ID), string(row.At), field,
		path, null(old), null(row.Spelling), null(newPath), ValuePlanned)
}

// Planned streams the planned values that have their New, in the order in which
// they were added. It may be used by a goroutine of its own.
func (d *Draft) Planned(ctx context.Context) iter.Seq2[Value, error] {
	return pages(func(after Value) ([]Value, error) {
		return query(ctx, d.tx, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field
			WHERE v.id > ? AND v.state = ? AND v.new IS NOT NULL ORDER BY v.id LIMIT ?`, after.ID, ValuePlanned, pageSize)
	})
}

// Paths streams the distinct paths of the planned values in order, as files of
// which only Path, Field and Refs are known. AddFile may be called meanwhile.
func (d *Draft) Paths(ctx context.Context) iter.Seq2[File, error] {
	return d.stream(ctx, func(rows *sql.Rows) (f File, err error) {
		return f, rows.Scan(&f.Path, &f.Field, &f.Refs)
	}, `SELECT path, min(field), count(*) FROM value WHERE state = ? GROUP BY path ORDER BY path`, ValuePlanned)
}

// AddFile puts a file into the plan. Files must come in the order of Paths.
func (d *Draft) AddFile(ctx context.Context, f File) error {
	return d.step(ctx, d.file, fileValues(f)...)
}

// fileValues are what upsertFile asks for.
func fileValues(f File) []any {
	local := f.Local
	if local == f.Path {
		local = ""
	}
	var size, mtime any
	if f.State != FileMissing {
		size, mtime = f.Size, f.ModTime.UnixNano()
	}
	return []any{f.Path, f.Field, f.Refs, null(local), size, mtime, f.State, null(f.Err), null(f.Kind)}
}

// Files streams the files of the plan that are not missing, in path order;
// those that only other files name too, once they were added.
// SetURL and SetTwin may be called meanwhile.
func (d *Draft) Files(ctx context.Context) iter.Seq2[File, error] {
	return pages(func(after File) ([]File, error) {
		return query(ctx, d.tx, scanFile, `SELECT `+fileColumns+` FROM file
			WHERE path > ? AND live AND state <> ? ORDER BY path LIMIT ?`, after.Path, FileMissing, pageSize)
	})
}

// SetURL notes where a file goes, with an object of its own. A file that arrived
// elsewhere is planned anew. Fold is any number that is the same for URLs which a store may confuse.
func (d *Draft) SetURL(ctx context.Context, id int64, url string, fold int64) error {
	return d.step(ctx, d.url, url, fold, id)
}

// SetTwin makes the file id share the object of another.
func (d *Draft) SetTwin(ctx context.Context, id, of int64) error {
	return d.exec(ctx, `UPDATE file SET twin = ? WHERE id = ?`, of, id)
}

// Folded streams the files of the plan whose fold number another file has too,
// those of one number together.
func (d *Draft) Folded(ctx context.Context) iter.Seq2[File, error] {
	return d.stream(ctx, scanFile, `SELECT `+fileColumns+` FROM file
		WHERE live AND url IS NOT NULL AND state <> ?1 AND fold IN (
			SELECT fold FROM file WHERE live AND url IS NOT NULL AND state <> ?1 GROUP BY fold HAVING count(*) > 1)
		ORDER BY fold, url, id`, FileMissing)
}

// Nested streams the files of the plan so that a URL comes right before those
// that have it as a directory.
func (d *Draft) Nested(ctx context.Context) iter.Seq2[File, error] {
	return d.stream(ctx, scanFile, `SELECT `+fileColumns+` FROM file
		WHERE live AND url IS NOT NULL AND state <> ? ORDER BY replace(url, '/', char(1))`, FileMissing)
}

// FirstValue returns a value that names path, or else one that names a file
// which needs it, for a message that shows the row.
// It must not be called while a stream of the draft is open.
func (d *Draft) FirstValue(ctx context.Context, path string) (Value, error) {
	if err := d.exec(ctx, indexValuePath); err != nil {
		return Value{}, err
	}
	const first = `SELECT ` + valueColumns + ` FROM value v JOIN field f ON f.id = v.field WHERE v.path `
	list, err := query(ctx, d.tx, scanValue, first+`= ? AND v.state = ? ORDER BY v.id LIMIT 1`, path, ValuePlanned)
	if err == nil && len(list) == 0 {
		list, err = query(ctx, d.tx, scanValue, first+`IN (`+namedBy+`) AND v.state = ? ORDER BY v.id LIMIT 1`, path, ValuePlanned)
	}
	if err != nil {
		return Value{}, err
	}
	if len(list) == 0 {
		return Value{}, fmt.Errorf("no planned value names %q", path)
	}
	return list[0], nil
}

// Commit makes the draft the plan of the run. The unique index built here is
// the last guard against two files on one URL.
func (d *Draft) Commit(ctx context.Context) error {
	err := d.dropRepeated(ctx)
	if err == nil {
		err = d.exec(ctx, `CREATE UNIQUE INDEX file_url ON file(url) WHERE live AND twin IS NULL`)
	}
	if err != nil {
		return errors.Join(err, d.Discard())
	}
	if err := d.tx.Commit(); err != nil {
		return d.run.explain("writing", err)
	}
	return nil
}

// dropRepeated removes what a killed commit left: attempted values whose
// documents were not reached, which were planned anew and must not count twice.
func (d *Draft) dropRepeated(ctx context.Context) error {
	var attempted bool
	err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM value WHERE state = ?)`, ValueAttempted).Scan(&attempted)
	if err != nil {
		return d.run.explain("reading", err)
	}
	if !attempted {
		return nil
	}
	return errors.Join(
		d.exec(ctx, `CREATE INDEX value_row ON value(seq, part)`),
		d.exec(ctx, `DELETE FROM value WHERE state = ? AND EXISTS (SELECT 1 FROM value n WHERE n.state = ?
			AND n.seq = value.seq AND n.part = value.part AND n.at = value.at AND n.doc = value.doc)`, ValueAttempted, ValuePlanned),
		d.exec(ctx, `DROP INDEX value_row`))
}

// stream runs one query of which other statements may run between rows.
func (d *Draft) stream(ctx context.Context, scan func(*sql.Rows) (File, error), text string, args ...any) iter.Seq2[File, error] {
	return streamRows(ctx, d, scan, text, args...)
}

// Discard drops the draft; the plan before it stands. After Commit it does
// nothing.
func (d *Draft) Discard() error {
	if err := d.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return d.run.explain("writing", err)
	}
	return nil
}
