package verify

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/medialift/medialift/ledger"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// A row is one distinct path of the dataset.
type row struct {
	id    int64
	path  string
	field int    // the first of those that name it, in the report's order
	doc   string // the first document that names it in that field
	refs  int64  // how many values name it
	// low and high are the sizes that the samples say it has, -1 if none does.
	low, high int64
	scene     string // the first that needs it, if no value names it
	promised  bool   // scenes need it, and runs have sent it for them
}

// A scratch is the list of distinct paths, in a database that only this process
// sees. Writing is for one goroutine, and ends before reading starts.
type scratch struct {
	db   *sql.DB
	conn *sql.Conn // the database lives as long as its one connection
	put  *sql.Stmt
	also *sql.Stmt
}

// The cache bounds what is held in memory; the rest is on disk. No journal is
// needed where nothing is ever rolled back.
const scratchSchema = `
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16000;
PRAGMA temp_store = FILE;
CREATE TABLE object(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, field INTEGER NOT NULL, doc TEXT NOT NULL,
	refs INTEGER NOT NULL, low INTEGER, high INTEGER, scene TEXT);
CREATE TABLE named(object INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY(object, row)) WITHOUT ROWID;
CREATE TABLE promise(object INTEGER NOT NULL, file TEXT NOT NULL, PRIMARY KEY(object, file)) WITHOUT ROWID;
BEGIN`

const scratchPut = `
INSERT INTO object(path, field, doc, refs, low, high) VALUES(?, ?, ?, 1, ?4, ?4)
ON CONFLICT(path) DO UPDATE SET refs = refs + 1, scene = NULL,
	doc = iif(excluded.field < field, excluded.doc, doc), field = min(field, excluded.field),
	low = min(coalesce(low, excluded.low), coalesce(excluded.low, low)),
	high = max(coalesce(high, excluded.high), coalesce(excluded.high, high))
RETURNING id`

func newScratch(ctx context.Context) (*scratch, error) {
	db, err := sql.Open("sqlite", "") // no name: a temporary file that is gone when closed
	if err != nil {
		return nil, fmt.Errorf("making a temporary database: %w", err)
	}
	s := &scratch{db: db}
	if s.conn, err = db.Conn(ctx); err == nil {
		if _, err = s.conn.ExecContext(ctx, scratchSchema); err == nil {
			s.put, err = s.conn.PrepareContext(ctx, scratchPut)
		}
		if err == nil {
			s.also, err = s.conn.PrepareContext(ctx, `INSERT OR IGNORE INTO named VALUES(?, ?)`)
		}
	}
	if err != nil {
		return nil, errors.Join(trouble(err), s.close())
	}
	return s, nil
}

// add notes a value, and returns the id of its object. A size below 0 is none.
func (s *scratch) add(ctx context.Context, path string, field int, doc string, size int64) (object int64, err error) {
	var known any
	if size >= 0 {
		known = size
	}
	if err := s.put.QueryRowContext(ctx, path, field, doc, known).Scan(&object); err != nil {
		return 0, trouble(err)
	}
	return object, nil
}

// name notes that a row names an object.
func (s *scratch) name(ctx context.Context, object int64, row ledger.RowKey) error {
	if _, err := s.also.ExecContext(ctx, object, digest(row)); err != nil {
		return trouble(err)
	}
	return nil
}

// isNamed reports whether a row names an object.
func (s *scratch) isNamed(ctx context.Context, object int64, row ledger.RowKey) (named bool, err error) {
	err = s.conn.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM named WHERE object = ? AND row = ?)`, object, digest(row)).Scan(&named)
	if err != nil {
		return false, trouble(err)
	}
	return named, nil
}

// digest stands for a row, of which there are many.
func digest(row ledger.RowKey) []byte {
	sum := sha256.Sum256([]byte(row))
	return sum[:16]
}

// addNeeded notes an object that was sent since a scene needs it; what is noted
// already stays as it is. It may be called between the pages of rows.
func (s *scratch) addNeeded(ctx context.Context, file ledger.File, by row) error {
	text, err := json.Marshal(file)
	if err == nil {
		_, err = s.conn.ExecContext(ctx, `INSERT OR IGNORE INTO object(path, field, doc, refs, scene) VALUES(?, ?, ?, 0, ?)`,
			file.URL, by.field, by.doc, by.path)
	}
	if err == nil {
		_, err = s.conn.ExecContext(ctx, `INSERT OR IGNORE INTO promise SELECT id, ? FROM object WHERE path = ?`, string(text), file.URL)
	}
	if err != nil {
		return trouble(err)
	}
	return nil
}

// promised are the files that were sent as an object since scenes need it.
func (s *scratch) promised(ctx context.Context, object int64) (list claim, err error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT file FROM promise WHERE object = ?`, object)
	if err != nil {
		return nil, trouble(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var file ledger.File
		if err := rows.Scan(&text); err != nil {
			return nil, trouble(err)
		}
		if err := json.Unmarshal([]byte(text), &file); err != nil {
			return nil, trouble(err)
		}
		list = append(list, file)
	}
	if err := rows.Err(); err != nil {
		return nil, trouble(err)
	}
	return list, nil
}

// counted is how many paths a field has, and how many only scenes need.
type counted struct{ objects, assets int64 }

// done ends the writing. It returns the counts of each field.
func (s *scratch) done(ctx context.Context) (map[int]counted, error) {
	if _, err := s.conn.ExecContext(ctx, `COMMIT`); err != nil {
		return nil, trouble(err)
	}
	rows, err := s.conn.QueryContext(ctx, `SELECT field, count(*), count(scene) FROM object GROUP BY field`)
	if err != nil {
		return nil, trouble(err)
	}
	defer rows.Close()
	counts := map[int]counted{}
	for rows.Next() {
		var field int
		var n counted
		if err := rows.Scan(&field, &n.objects, &n.assets); err != nil {
			return nil, trouble(err)
		}
		counts[field] = n
	}
	if err := rows.Err(); err != nil {
		return nil, trouble(err)
	}
	return counts, nil
}

// sample keeps n paths, chosen at random.
func (s *scratch) sample(ctx context.Context, n int) error {
	_, err := s.conn.ExecContext(ctx, `DELETE FROM object WHERE id NOT IN (SELECT id FROM object ORDER BY random() LIMIT ?)`, n)
	if err != nil {
		return trouble(err)
	}
	return nil
}

// pageSize is how many rows are held at a time.
const pageSize = 1000

// rows streams the paths in the order in which they were first met.
func (s *scratch) rows(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		last := int64(0)
		for {
			page, err := s.page(ctx, last)
			if err != nil {
				yield(row{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			last = page[len(page)-1].id
		}
	}
}

func (s *scratch) page(ctx context.Context, after int64) ([]row, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT id, path, field, doc, refs, coalesce(low, -1), coalesce(high, -1), coalesce(scene, ''),
		EXISTS(SELECT 1 FROM promise p WHERE p.object = object.id) FROM object WHERE id > ? ORDER BY id LIMIT ?`, after, pageSize)
	if err != nil {
		return nil, trouble(err)
	}
	defer rows.Close()
	var page []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.path, &r.field, &r.doc, &r.refs, &r.low, &r.high, &r.scene, &r.promised); err != nil {
			return nil, trouble(err)
		}
		page = append(page, r)
	}
	if err := rows.Err(); err != nil {
		return nil, trouble(err)
	}
	return page, nil
}

func (s *scratch) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{s.put, s.also} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}

func trouble(err error) error {
	return fmt.Errorf("keeping the list of paths in a temporary file (TMPDIR says where): %w", err)
}
