package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// schema of a ledger. A value's path is the stored path in its cleaned form
// and the key to its file; old is the stored path itself where it differs.
const schema = `
CREATE TABLE IF NOT EXISTS meta(
	key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS field(
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, target TEXT, base TEXT);
CREATE TABLE IF NOT EXISTS file(
	id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, field INTEGER NOT NULL, refs INTEGER NOT NULL,
	local TEXT, size INTEGER, mtime INTEGER, url TEXT, fold INTEGER, twin INTEGER,
	live INTEGER NOT NULL, state INTEGER NOT NULL, checksum TEXT, etag TEXT, error TEXT,
	kind TEXT, variant TEXT, osize INTEGER);
CREATE TABLE IF NOT EXISTS value(
	id INTEGER PRIMARY KEY, part TEXT NOT NULL, seq INTEGER NOT NULL, doc NOT NULL, at TEXT NOT NULL,
	field INTEGER NOT NULL, path TEXT NOT NULL, old TEXT, spelling TEXT, new TEXT, state INTEGER NOT NULL);
`

// formatVersion is that of this program. Format 2 added uploads in parts to
// format 1, format 3 files that name others.
const formatVersion = "3"

// A Run is the ledger of one run. It is safe for concurrent use; at most one
// transaction is open at a time.
type Run struct {
	name string
	path string
	db   *sql.DB
	hold hold
}

func openRun(ctx context.Context, path string, create bool) (*Run, error) {
	mode := "rw"
	if create {
		mode = "rwc"
		if err := private(path); err != nil {
			return nil, fmt.Errorf("opening ledger %q: %w", path, err)
		}
	}
	dsn := "file:" + escapePath(path) + "?mode=" + mode +
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(TRUNCATE)&_pragma=synchronous(FULL)" +
		"&_pragma=cache_size(-16000)&_pragma=temp_store(FILE)&_txlock=immediate"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	r := &Run{name: strings.TrimSuffix(filepath.Base(path), suffix), path: path, db: db}
	if create {
		if _, err := db.ExecContext(ctx, schema+partSchema+linkSchema); err != nil {
			return nil, errors.Join(r.explain("opening", err), db.Close())
		}
		return r, nil
	}
	if err := r.readable(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := r.upgrade(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// private makes sure that nobody else can read the file at path, which it makes if
// need be: the names of unfinished uploads may be as good as a password.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return err
}

// readable fails with ErrDamaged where the file is no ledger that this program
// knows how to read; one that another process is writing is no such file.
func (r *Run) readable(ctx context.Context) error {
	v, err := r.Meta(ctx, "format")
	switch {
	case errors.Is(err, ErrLocked), errors.Is(err, ErrDamaged), ctx.Err() != nil:
		return err
	case err == nil && v != "1" && v != "2" && v != formatVersion:
		err = fmt.Errorf("its format is %q, this medialift knows %q", v, formatVersion)
	}
	if err != nil {
		return fmt.Errorf("%w %q: %w", ErrDamaged, r.path, err)
	}
	return nil
}

// explain adds to an error what the layer knows: which ledger, and whether the
// file itself is the trouble.
func (r *Run) explain(doing string, err error) error { return explainAt(r.path, doing, err) }

func explainAt(path, doing string, err error) error {
	switch text := err.Error(); {
	case isLockless(err):
		return fmt.Errorf("%s: %w %q: %w", doing, ErrNoLocks, path, err)
	case isDamage(err):
		return fmt.Errorf("%s: %w %q: %w", doing, ErrDamaged, path, err)
	case strings.Contains(text, "disk is full"), strings.Contains(text, "disk I/O error"):
		return fmt.Errorf("%s: %w %q: %w", doing, ErrFull, path, err)
	case isBusy(err):
		return fmt.Errorf("%s ledger %q: %w: %w", doing, path, ErrLocked, err)
	}
	return fmt.Errorf("%s ledger %q: %w", doing, path, err)
}

// claim makes a fresh ledger the one of id, or checks that it already is.
func (r *Run) claim(ctx context.Context, id Identity) error {
	text, err := r.Meta(ctx, "identity")
	if err != nil {
		return err
	}
	if text == "" {
		return r.SetMeta(ctx, map[string]string{
			"format":   formatVersion,
			"identity": id.text(),
			"command":  id.Command,
			"dataset":  id.Dataset,
			"started":  time.Now().UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano), // runs of one second keep their order
			"status":   string(Planned),
		})
	}
	if err := r.readable(ctx); err != nil {
		return err
	}
	if text != id.text() {
		return fmt.Errorf("%w: %q: %s", ErrOtherPlan, r.path, id.differs(text))
	}
	return r.upgrade(ctx)
}

// upgrade brings a ledger that an older program made to this one's format. It
// is cheap: what a row does not have is null.
func (r *Run) upgrade(ctx context.Context) error {
	v, err := r.Meta(ctx, "format")
	if err != nil || v == formatVersion {
		return err
	}
	columns, err := query(ctx, r.db, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT 'file.' || name FROM pragma_table_info('file') UNION ALL SELECT 'upload.' || name FROM pragma_table_info('upload')`)
	if err != nil {
		return err
	}
	return r.tx(ctx, func(tx *sql.Tx) error {
		texts := []string{partSchema, linkSchema}
		for _, c := range []struct{ table, name, kind string }{
			{"file", "kind", "TEXT"}, {"file", "variant", "TEXT"}, {"file", "osize", "INTEGER"}, {"upload", "variant", "TEXT"},
		} {
			if !slices.Contains(columns, c.table+"."+c.name) && (c.table == "file" || slices.Contains(columns, "upload.id")) {
				texts = append(texts, "ALTER TABLE "+c.table+" ADD COLUMN "+c.name+" "+c.kind)
			}
		}
		texts = append(texts, "UPDATE meta SET value = '"+formatVersion+"' WHERE key = 'format'")
		for _, text := range texts {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// Name is the name of the run.
func (r *Run) Name() string { return r.name }

// Size is the size of the ledger's file in bytes.
func (r *Run) Size() int64 {
	info, err := os.Stat(r.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Close closes the ledger.
func (r *Run) Close() error { return errors.Join(r.db.Close(), r.hold.end()) }

// Meta returns a note of the run, or "" where there is none.
func (r *Run) Meta(ctx context.Context, key string) (string, error) {
	var value string
	err := r.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", r.explain("reading", err)
	}
	return value, nil
}

// SetMeta writes notes of the run.
func (r *Run) SetMeta(ctx context.Context, notes map[string]string) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for key, value := range notes {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO meta VALUES(?, ?)`, key, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetStatus notes how far the run has come.
func (r *Run) SetStatus(ctx context.Context, s Status) error {
	return r.SetMeta(ctx, map[string]string{"status": string(s)})
}

// Summary describes the run.
func (r *Run) Summary(ctx context.Context) (Summary, error) {
	s := Summary{Run: r.name}
	for key, into := range map[string]*string{
		"command": &s.Command, "dataset": &s.Dataset, "status": (*string)(&s.Status), "name": &s.Name,
	} {
		var err error
		if *into, err = r.Meta(ctx, key); err != nil {
			return s, err
		}
	}
	started, err := r.Meta(ctx, "started")
	if err != nil {
		return s, err
	}
	s.Started, _ = time.Parse(time.RFC3339, started)
	return s, nil
}

// tx runs f in a transaction.
func (r *Run) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return r.explain("writing", err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return r.explain("writing", err)
	}
	if err := tx.Commit(); err != nil {
		return r.explain("writing", err)
	}
	return nil
}
