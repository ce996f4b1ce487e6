package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// take copies into the index what a ledger says of what was sent, or only its notes.
func (x *index) take(ctx context.Context, path, name, schema string, id *int64, whole bool) error {
	notes, err := x.notes(ctx, schema)
	if err != nil {
		return err
	}
	s, err := stampOf(path) // while the ledger cannot change: a lock is held on it
	if err != nil {
		return err
	}
	made := ""
	if notes[NoteMade] != "" {
		made = DatabaseKey(notes[NoteMadeIn], notes[NoteMade])
	}
	if err := x.exec(ctx, `INSERT OR IGNORE INTO owner(dataset) VALUES(?)`, notes["dataset"]); err != nil {
		return err
	}
	var run, owner int64
	if err := x.conn.QueryRowContext(ctx, `INSERT INTO run(id, name, size, mtime, racy, uuid, made, sender, whole, owner)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, id FROM owner WHERE dataset = ? RETURNING id, owner`,
		id, name, s.size, s.mtime, s.racy || s.hot, notes[NoteUUID], made, notes[NoteSender], whole, notes["dataset"]).Scan(&run, &owner); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	return x.takeFiles(ctx, schema, run, owner)
}

// takeFiles copies what an attached ledger says of files.
func (x *index) takeFiles(ctx context.Context, schema string, run, owner int64) error {
	columns, err := x.columns(ctx, schema)
	if err != nil {
		return err
	}
	osize, variant := "NULL", "NULL"
	if slices.Contains(columns, "variant") {
		osize, variant = "f.osize", "f.variant"
	}
	const sent = ` f.url IS NOT NULL AND (f.state = 1 OR f.checksum IS NOT NULL OR f.etag IS NOT NULL)`
	file := `f.id, f.url, coalesce(f.local, f.path), coalesce(` + osize + `, f.size, 0), coalesce(f.size, 0), coalesce(f.mtime, 0), f.state,
		coalesce(f.checksum, ''), coalesce(f.etag, ''), coalesce(` + variant + `, '')`
	texts := []string{
		`DELETE FROM stage`,
		`INSERT INTO stage SELECT ` + file + `, v.part, v.doc, d.name, v.state NOT IN (0, 7)
			FROM L.value v JOIN L.file f ON f.path = v.path JOIN L.field d ON d.id = v.field
			WHERE` + sent + ` AND (v.state IN (0, 7) OR v.state IN (1, 2, 5, 6, 8) AND v.new = f.url)`,
		`INSERT INTO stage SELECT ` + file + `, '', '', '', 0 FROM L.file f WHERE` + sent + ` AND f.id NOT IN (SELECT file FROM stage)`,
		`INSERT INTO voucher SELECT DISTINCT NULL, OWNER, ` + stageColumns + ` FROM stage g
			WHERE NOT EXISTS (SELECT 1 FROM voucher v WHERE ` + sameVoucher + `)`,
		`INSERT OR IGNORE INTO held SELECT v.id, RUN, g.file FROM stage g JOIN voucher v ON ` + sameVoucher,
		`INSERT OR IGNORE INTO folder SELECT DISTINCT rtrim(local, replace(local, 'SEP', '')), RUN FROM stage`,
	}
	if slices.Contains(columns, "kind") {
		texts = append(texts, `INSERT OR IGNORE INTO link SELECT RUN, file, asset FROM L.link`)
	}
	names := strings.NewReplacer("L.", schema+".", "RUN", strconv.FormatInt(run, 10), "OWNER", strconv.FormatInt(owner, 10),
		"SEP", string(filepath.Separator))
	for _, text := range texts {
		if err := x.exec(ctx, names.Replace(text)); err != nil {
			return err
		}
	}
	return nil
}

const (
	stageColumns = `g.url, g.local, g.size, g.lsize, g.mtime, g.state, g.checksum, g.etag, g.variant, g.part, g.doc, g.field, g.made`
	sameVoucher  = `v.url = g.url AND v.owner = OWNER AND v.doc = g.doc AND v.field = g.field AND v.part = g.part AND v.made = g.made
		AND v.local = g.local AND v.etag = g.etag AND v.checksum = g.checksum AND v.size = g.size AND v.lsize = g.lsize
		AND v.mtime = g.mtime AND v.state = g.state AND v.variant = g.variant`
)

// columns are those of the table of files, of which older ledgers have fewer.
func (x *index) columns(ctx context.Context, schema string) ([]string, error) {
	return query(ctx, x.conn, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT name FROM pragma_table_info('file', ?)`, schema)
}

// notes are those of an attached ledger; it is an error if it is none.
func (x *index) notes(ctx context.Context, schema string) (map[string]string, error) {
	list, err := query(ctx, x.conn, func(rows *sql.Rows) (s [2]string, err error) { return s, rows.Scan(&s[0], &s[1]) },
		`SELECT key, value FROM `+schema+`.meta`)
	notes := map[string]string{}
	for _, n := range list {
		notes[n[0]] = n[1]
	}
	if v := notes["format"]; err == nil && v != "1" && v != "2" && v != formatVersion {
		err = fmt.Errorf("its format is %q, this medialift knows %q", v, formatVersion)
	}
	return notes, err
}
