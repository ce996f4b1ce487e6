package ledger

import (
	"context"
	"database/sql"
	"time"
)

// partSchema is what format 2 has on top of format 1. An upload is bound to the
// file as it was planned when the upload began: to any other it is of no use.
const partSchema = `
CREATE TABLE IF NOT EXISTS upload(
	id INTEGER PRIMARY KEY, file INTEGER NOT NULL, name TEXT NOT NULL,
	url TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, variant TEXT);
CREATE TABLE IF NOT EXISTS part(
	upload INTEGER NOT NULL, n INTEGER NOT NULL, size INTEGER NOT NULL, checksum TEXT NOT NULL, etag TEXT NOT NULL,
	PRIMARY KEY(upload, n)) WITHOUT ROWID;
`

// An Upload is an object that is being sent in parts, maybe by several
// processes one after the other.
type Upload struct {
	ID   int64
	File int64
	// Name is how the store calls the unfinished object. At Google whoever knows it
	// can send the object's bytes: it stays in the ledger, which only its owner can
	// read, and is in no report.
	Name string
	// URL, Size, ModTime and Variant are those of the file when the upload began.
	URL     string
	Size    int64
	ModTime time.Time
	Variant string
}

// A Part is a part of an Upload that has arrived.
type Part struct {
	// Upload is the ID of the upload; N counts from 1.
	Upload int64
	N      int
	// Size in bytes.
	Size int64
	// Checksum is what the sender wants to know again of the part's bytes.
	Checksum string
	ETag     string
}

func scanUpload(rows *sql.Rows) (Upload, error) {
	var u Upload
	var mtime int64
	err := rows.Scan(&u.ID, &u.File, &u.Name, &u.URL, &u.Size, &mtime, &u.Variant)
	u.ModTime = time.Unix(0, mtime)
	return u, err
}

func scanPart(rows *sql.Rows) (p Part, err error) {
	return p, rows.Scan(&p.Upload, &p.N, &p.Size, &p.Checksum, &p.ETag)
}

// BeginUpload notes that f is being sent in parts, under the name that the
// store gave. It is durable when BeginUpload returns.
func (r *Run) BeginUpload(ctx context.Context, f File, name string) (Upload, error) {
	u := Upload{File: f.ID, Name: name, URL: f.URL, Size: f.Size, ModTime: f.ModTime, Variant: f.Variant}
	err := r.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO upload(file, name, url, size, mtime, variant) VALUES(?, ?, ?, ?, ?, ?) RETURNING id`,
			u.File, u.Name, u.URL, u.Size, u.ModTime.UnixNano(), null(u.Variant)).Scan(&u.ID)
	})
	return u, err
}

// Upload returns the unfinished upload of f as it is planned now, if there is
// one, with the parts that are known to have arrived, in order.
func (r *Run) Upload(ctx context.Context, f File) (Upload, []Part, bool, error) {
	list, err := query(ctx, r.db, scanUpload, `SELECT id, file, name, url, size, mtime, coalesce(variant, '') FROM upload
		WHERE file = ? AND url = ? AND size = ? AND mtime = ? AND variant IS ? ORDER BY id DESC LIMIT 1`,
		f.ID, f.URL, f.Size, f.ModTime.UnixNano(), null(f.Variant))
	if err != nil || len(list) == 0 {
		return Upload{}, nil, false, err
	}
	parts, err := query(ctx, r.db, scanPart, `SELECT upload, n, size, checksum, etag FROM part WHERE upload = ? ORDER BY n`, list[0].ID)
	return list[0], parts, err == nil, err
}

// RecordParts notes parts that have arrived; those of uploads that have ended
// are left out. It is durable when RecordParts returns.
func (r *Run) RecordParts(ctx context.Context, parts []Part) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, p := range parts {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO part SELECT id, ?, ?, ?, ? FROM upload WHERE id = ?`,
				p.N, p.Size, p.Checksum, p.ETag, p.Upload); err != nil {
				return err
			}
		}
		return nil
	})
}

// EndUpload forgets an upload that is finished, aborted or gone.
func (r *Run) EndUpload(ctx context.Context, id int64) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{`DELETE FROM part WHERE upload = ?`, `DELETE FROM upload WHERE id = ?`} {
			if _, err := tx.ExecContext(ctx, text, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Abandoned lists the uploads that will not be gone on with: the current plan
// has no such file to send, or it has changed or goes elsewhere.
func (r *Run) Abandoned(ctx context.Context) ([]Upload, error) {
	return query(ctx, r.db, scanUpload, `SELECT u.id, u.file, u.name, u.url, u.size, u.mtime, coalesce(u.variant, '') FROM upload u
		WHERE NOT EXISTS (SELECT 1 FROM file f WHERE f.id = u.file AND f.live AND f.twin IS NULL AND f.state IN (?, ?)
			AND f.url = u.url AND coalesce(f.osize, f.size) = u.size AND f.mtime = u.mtime AND f.variant IS u.variant)
		OR EXISTS (SELECT 1 FROM upload n WHERE n.file = u.file AND n.id > u.id)
		ORDER BY u.id`, FilePlanned, FileFailed)
}
