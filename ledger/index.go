package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// indexName is the file beside the ledgers that holds what all of them have sent.
// Its number changes with its schema: an older program keeps to its own file.
const indexName = "history-3.index"

// indexSchema of the index. It holds nothing that the ledgers do not: a file that
// is absent, damaged or of another time is made again. A run's size and mtime are
// those of its ledger when it was read; racy ones are read again, since the
// ledger was so fresh that a later change may bear the same time. Of a run that is
// not whole only the notes were read: nobody has asked for more yet.
//
// A voucher says that a file was sent to a URL, for a row of a dataset, or for none
// where only other files need it; made tells that the run changed the row itself,
// and did not only plan to. What several ledgers say alike is there once, and held
// by each of the runs, under the number that the file has in its ledger.
const indexSchema = `
CREATE TABLE IF NOT EXISTS run(
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, mtime INTEGER NOT NULL, racy INTEGER NOT NULL,
	owner INTEGER NOT NULL, uuid TEXT NOT NULL, made TEXT NOT NULL, sender TEXT NOT NULL, whole INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS owner(id INTEGER PRIMARY KEY, dataset TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS voucher(
	id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, ` + voucherColumns + `);
CREATE INDEX IF NOT EXISTS voucher_url ON voucher(url);
CREATE TABLE IF NOT EXISTS held(
	voucher INTEGER NOT NULL, run INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY(voucher, run, file)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_run ON held(run, file);
CREATE TABLE IF NOT EXISTS link(
	run INTEGER NOT NULL, file INTEGER NOT NULL, asset INTEGER NOT NULL, PRIMARY KEY(run, file, asset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folder(
	dir TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY(dir, run)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS folder_run ON folder(run);
`

const voucherColumns = `url TEXT NOT NULL, local TEXT NOT NULL, size INTEGER NOT NULL, lsize INTEGER NOT NULL, mtime INTEGER NOT NULL,
	state INTEGER NOT NULL, checksum TEXT NOT NULL, etag TEXT NOT NULL, variant TEXT NOT NULL,
	part TEXT NOT NULL, doc NOT NULL, field TEXT NOT NULL, made INTEGER NOT NULL`

// indexTemporary is what a connection has besides: the runs that the index may
// speak for, and the rows of the ledger that is being read.
const indexTemporary = `
CREATE TEMP TABLE usable(run INTEGER PRIMARY KEY);
CREATE TEMP TABLE stage(file INTEGER NOT NULL, ` + voucherColumns + `);
`

// patience is how long a ledger, or the index, that another process is writing
// is waited for: once an invocation.
const patience = "2000"

// An index is the connection to the file, or to a temporary one that only this
// process sees and that goes away with it.
type index struct {
	db        *sql.DB
	conn      *sql.Conn
	temporary bool
}

// openIndex opens the index of a folder, which is at path. Where the file cannot be had, for want
// of permission, locks or space, or is not wanted, a temporary one does.
func openIndex(ctx context.Context, path string, temporary bool) (*index, error) {
	if temporary {
		return temporaryIndex(ctx)
	}
	x, err := openIndexFile(ctx, path)
	if isDamage(err) {
		if err = removeIndex(path); err == nil {
			x, err = openIndexFile(ctx, path)
		}
	}
	if err != nil && ctx.Err() == nil {
		return temporaryIndex(ctx)
	}
	return x, err
}

func openIndexFile(ctx context.Context, path string) (*index, error) {
	// Only a new file is opened here: to close one of which this process has
	// another connection would end the locks of that.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("making the index of the ledgers: %w", err)
	}
	return connectIndex(ctx, "file:"+escapePath(path)+"?mode=rw&_pragma=busy_timeout("+patience+
		")&_pragma=journal_mode(TRUNCATE)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-8000)&_pragma=temp_store(FILE)", false)
}

func temporaryIndex(ctx context.Context) (*index, error) {
	return connectIndex(ctx, "file:?_pragma=busy_timeout("+patience+
		")&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-8000)&_pragma=temp_store(FILE)", true)
}

func connectIndex(ctx context.Context, dsn string, temporary bool) (*index, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening the index of the ledgers: %w", err)
	}
	x := &index{db: db, temporary: temporary}
	if x.conn, err = db.Conn(ctx); err == nil {
		if err = x.exec(ctx, `SELECT 1 FROM folder LIMIT 1`); err != nil && !isDamage(err) {
			err = x.exec(ctx, `BEGIN;`+indexSchema+`COMMIT`)
		}
	}
	if err == nil {
		err = x.exec(ctx, indexTemporary)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the index of the ledgers: %w", err), x.close())
	}
	return x, nil
}

func (x *index) exec(ctx context.Context, text string, args ...any) error {
	_, err := x.conn.ExecContext(ctx, text, args...)
	return err
}

func (x *index) close() error {
	var errs []error
	if x.conn != nil {
		errs = append(errs, x.conn.Close())
	}
	return errors.Join(append(errs, x.db.Close())...)
}

// removeIndex removes a damaged index, which is made again from the ledgers.
func removeIndex(path string) error {
	for _, name := range []string{path + "-journal", path} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the damaged index of the ledgers: %w", err)
		}
	}
	return nil
}

// escapePath spells a path for a URI, so that a "?" or "#" in it is not read as
// one.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}

// isDamage reports whether the file itself is the trouble.
func isDamage(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "not a database") || strings.Contains(text, "malformed")
}

func isBusy(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "database is locked") || strings.Contains(err.Error(), "SQLITE_BUSY"))
}

func isReadOnly(err error) bool { return err != nil && strings.Contains(err.Error(), "readonly") }
