package ledger

import (
	"context"
	"database/sql"
	"errors"
	"iter"
)

// linkSchema is what format 3 has on top of format 2: which file names which,
// by what words, and by what words in the copy that is sent if they differ.
const linkSchema = `
CREATE TABLE IF NOT EXISTS link(
	id INTEGER PRIMARY KEY, file INTEGER NOT NULL, asset INTEGER NOT NULL, ref TEXT NOT NULL, new TEXT);
CREATE INDEX IF NOT EXISTS link_file ON link(file);
CREATE INDEX IF NOT EXISTS link_asset ON link(asset);
`

const (
	// unfinished are the files that have not arrived, and those that need one
	// of them. What is missing was left out on purpose.
	unfinished = `WITH RECURSIVE un(id) AS (
		SELECT id FROM file WHERE live AND state NOT IN (1, 3)
		UNION SELECT l.file FROM un JOIN link l ON l.asset = un.id) SELECT id FROM un`
	// failed are the files that could not be sent, and those that need one of
	// them; failedAsset says which one, for the file l.
	failed = `WITH RECURSIVE bad(id) AS (
		SELECT id FROM file WHERE live AND state = 2
		UNION SELECT k.file FROM bad JOIN link k ON k.asset = bad.id) SELECT id FROM bad`
	failedAsset = `WITH RECURSIVE need(id) AS (
		SELECT k.asset FROM link k WHERE k.file = l.id
		UNION SELECT k.asset FROM need JOIN link k ON k.file = need.id)
		SELECT 'its asset ' || path || ': ' || coalesce(error, '') FROM file WHERE id IN need AND live AND state = 2 ORDER BY id LIMIT 1`
	// namedBy are the paths of the files that need the one at a path.
	namedBy = `WITH RECURSIVE up(id) AS (
		SELECT id FROM file WHERE path = ?
		UNION SELECT l.file FROM up JOIN link l ON l.asset = up.id)
		SELECT path FROM file WHERE id IN up`
	// neededAt, to be closed, are the files that the one at a URL needs.
	neededAt = `WITH RECURSIVE need(id) AS (
		SELECT l.asset FROM file s JOIN link l ON l.file = s.id WHERE s.url = ?
		UNION SELECT l.asset FROM need JOIN link l ON l.file = need.id)
		SELECT ` + fileColumns + ` FROM file WHERE id IN need AND url IS NOT NULL`
)

// A Link is one file naming another: a scene its mesh, a mesh its material.
type Link struct {
	// Ref is the reference as it stands in the file.
	Ref string
	// Asset is the file that is named.
	Asset File
}

// ErrKind says that a file is to be read in two ways.
var ErrKind = errors.New("named as two kinds of file")

// BeginLinks forgets what files of the plan name, as earlier plans found it,
// marks those with the given extension as of a kind, and counts them.
func (d *Draft) BeginLinks(ctx context.Context, ext, kind string) (int64, error) {
	if err := d.exec(ctx, `DELETE FROM link WHERE EXISTS (SELECT 1 FROM file f WHERE f.id = link.file AND f.live)`); err != nil {
		return 0, err
	}
	res, err := d.tx.ExecContext(ctx, `UPDATE file SET kind = ? WHERE live AND state <> ? AND path LIKE '%' || ?`, kind, FileMissing, ext)
	if err != nil {
		return 0, d.run.explain("writing", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n > 0 {
		err = d.exec(ctx, `CREATE INDEX IF NOT EXISTS file_local ON file(coalesce(local, path))`)
	}
	return n, err
}

// AddAsset puts a file into the plan that another file names, and returns its
// ID: that of the file which the plan has already, if it is the same on this
// machine. It fails with ErrKind where that is of another kind; none is no kind.
func (d *Draft) AddAsset(ctx context.Context, f File) (int64, error) {
	//nolint:sqlclosecheck // closed with the transaction
	find, err := d.again(ctx, `SELECT id, live, path, coalesce(kind, '') FROM file
		WHERE coalesce(local, path) = ?1 AND (live OR field = ?2) ORDER BY live DESC, id LIMIT 1`)
	if err != nil {
		return 0, err
	}
	var id int64
	var live bool
	var path, kind string
	err = find.QueryRowContext(ctx, f.Local, f.Field).Scan(&id, &live, &path, &kind)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return 0, d.run.explain("reading", err)
	case err == nil && live && (f.Kind == "" || f.Kind == kind):
		return id, nil
	case err == nil && live && kind == "":
		return id, d.exec(ctx, `UPDATE file SET kind = ? WHERE id = ?`, f.Kind, id)
	case err == nil && live:
		return id, ErrKind
	case err == nil:
		f.Path = path
	}
	f.Refs = 0
	add, err := d.again(ctx, upsertFile+` RETURNING id`) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return 0, err
	}
	if err := add.QueryRowContext(ctx, fileValues(f)...).Scan(&id); err != nil {
		return 0, d.run.explain("writing", err)
	}
	return id, d.each(ctx, `DELETE FROM link WHERE file = ?`, id)
}

// AddLink notes that a file names another.
func (d *Draft) AddLink(ctx context.Context, file, asset int64, ref string) error {
	return d.each(ctx, `INSERT INTO link(file, asset, ref) VALUES(?, ?, ?)`, file, asset, ref)
}

// EndLinks ends what BeginLinks began: files that name no others are of no kind.
// It counts the files that no value names and that are not missing.
func (d *Draft) EndLinks(ctx context.Context) (assets int64, err error) {
	err = errors.Join(
		d.exec(ctx, `DROP INDEX IF EXISTS file_local`),
		d.exec(ctx, `UPDATE file SET kind = NULL WHERE live AND kind IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link l WHERE l.file = file.id)`))
	if err != nil {
		return 0, err
	}
	if err := d.tx.QueryRowContext(ctx, `SELECT count(*) FROM file WHERE live AND refs = 0 AND state <> ?`, FileMissing).Scan(&assets); err != nil {
		return 0, d.run.explain("reading", err)
	}
	return assets, nil
}

// SameLinks tells whether two files name the same files by the same words.
func (d *Draft) SameLinks(ctx context.Context, f, g File) (bool, error) {
	if f.Kind != g.Kind || f.Kind == "" {
		return f.Kind == g.Kind, nil
	}
	var differ bool
	const links = `SELECT ref, asset FROM link WHERE file = `
	if err := d.tx.QueryRowContext(ctx, `SELECT EXISTS(`+links+`?1 EXCEPT `+links+`?2) OR EXISTS(`+links+`?2 EXCEPT `+links+`?1)`,
		f.ID, g.ID).Scan(&differ); err != nil {
		return false, d.run.explain("reading", err)
	}
	return !differ, nil
}

// OfKind streams the files of the plan of a kind that are not missing.
func (d *Draft) OfKind(ctx context.Context, kind string) iter.Seq2[File, error] {
	return d.byID(ctx, `kind = ?`, kind)
}

// Linked streams the files of the plan that name others, and those of which an
// earlier plan had a variant.
func (d *Draft) Linked(ctx context.Context) iter.Seq2[File, error] {
	return d.byID(ctx, `(kind IS NOT NULL OR variant IS NOT NULL)`)
}

func (d *Draft) byID(ctx context.Context, where string, args ...any) iter.Seq2[File, error] {
	return pages(func(after File) ([]File, error) {
		return query(ctx, d.tx, scanFile, `SELECT `+fileColumns+` FROM file
			WHERE id > ? AND live AND state <> ? AND `+where+` ORDER BY id LIMIT ?`,
			append(append([]any{after.ID, FileMissing}, args...), pageSize)...)
	})
}

// Links lists what a file of the plan names, in the order of its text.
func (d *Draft) Links(ctx context.Context, file int64) ([]Link, error) {
	stmt, err := d.again(ctx, `SELECT l.ref, a.id, a.path, coalesce(a.url, ''), a.state
		FROM link l JOIN file a ON a.id = l.asset WHERE l.file = ? ORDER BY l.id`)
	if err != nil {
		return nil, err
	}
	return query(ctx, prepared{stmt}, func(rows *sql.Rows) (l Link, err error) {
		return l, rows.Scan(&l.Ref, &l.Asset.ID, &l.Asset.Path, &l.Asset.URL, &l.Asset.State)
	}, "", file)
}

// prepared is a queryer of one statement.
type prepared struct{ stmt *sql.Stmt }

func (p prepared) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return p.stmt.QueryContext(ctx, args...)
}

// SetVariant notes what a file names its assets by in the copy that is sent,
// and the size of that copy. If they are other words than those of the copy that
// has arrived, it is planned anew. An empty variant is the file as it is.
func (d *Draft) SetVariant(ctx context.Context, file int64, variant string, size int64, refs map[string]string) error {
	var osize any
	if variant != "" {
		osize = size
	}
	err := d.each(ctx, `UPDATE file SET variant = ?1, osize = ?2, state = iif(state = 1 AND variant IS NOT ?1, 0, state) WHERE id = ?3`,
		null(variant), osize, file)
	for ref, fresh := range refs {
		err = errors.Join(err, d.each(ctx, `UPDATE link SET new = ? WHERE file = ? AND ref = ?`, fresh, file, ref))
	}
	return err
}

// References returns the references of a file that are others in the copy that
// is sent, and those others.
func (r *Run) References(ctx context.Context, file int64) (map[string]string, error) {
	list, err := query(ctx, r.db, func(rows *sql.Rows) (s [2]string, err error) { return s, rows.Scan(&s[0], &s[1]) },
		`SELECT ref, new FROM link WHERE file = ? AND new IS NOT NULL`, file)
	refs := make(map[string]string, len(list))
	for _, s := range list {
		refs[s[0]] = s[1]
	}
	return refs, err
}

// Needed lists the files that this run has sent because the one at url needs
// them.
func (r *Run) Needed(ctx context.Context, url string) ([]File, error) {
	if _, err := r.db.ExecContext(ctx, indexByURL); err != nil {
		return nil, r.explain("reading", err)
	}
	return query(ctx, r.db, scanFile, neededAt+` AND `+wasSent+` ORDER BY id`, url)
}
