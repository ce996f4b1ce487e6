package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A RowKey names one media field of one document, in every dataset that has it.
type RowKey string

// KeyOf is the key of a media field of the document with that _id.
func KeyOf(part dataset.Part, id bson.RawValue, field string) RowKey {
	return rowKey(string(part), encodeID(id), field)
}

func rowKey(part string, doc any, field string) RowKey {
	return RowKey(fmt.Sprintf("%s\x00%s\x00%s", part, doc, field))
}

// A Lineage is what runs have sent for the rows of one dataset: those of the
// dataset itself, and those of the dataset that it was lifted or imported from.
// What was sent for any other dataset, under the same URL or not, says nothing of
// what its rows should name.
type Lineage struct {
	h         *History
	key, uuid string
	table     string
	of        *index // that has the table
}

// Of returns what was sent for the rows of a dataset, by all runs: also by the one
// that the history leaves out. Key is the dataset's, as in Sent; uuid, which may
// be empty, tells it from copies on other servers (NoteUUID).
func (h *History) Of(ctx context.Context, key, uuid string) (*Lineage, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.connect(ctx); err != nil {
		return nil, err
	}
	if err := h.renew(ctx, ""); err != nil {
		return nil, err
	}
	h.views++
	l := &Lineage{h: h, key: key, uuid: uuid, table: fmt.Sprintf("lineage%d", h.views)}
	return l, l.complete(ctx)
}

// complete lists the runs that count, and reads to their end those of which only the
// notes are known.
func (l *Lineage) complete(ctx context.Context) error {
	if err := l.gather(ctx); err != nil {
		return err
	}
	h := l.h
	names, err := query(ctx, h.index.conn, func(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) },
		`SELECT name FROM run WHERE NOT whole AND id IN (SELECT run FROM `+l.table+`)`)
	if err != nil || len(names) == 0 {
		return err
	}
	for batch := range slices.Chunk(names, attached) {
		if err := h.readBatch(ctx, batch, true); err != nil {
			return err
		}
	}
	if names, err = h.dir.Names(); err == nil {
		err = h.makeUsable(ctx, names, "")
	}
	if err != nil {
		return err
	}
	return l.gather(ctx)
}

// gather lists the runs that count.
func (l *Lineage) gather(ctx context.Context) error {
	x := l.h.index
	if err := x.exec(ctx, `DROP TABLE IF EXISTS temp.`+l.table+`; CREATE TEMP TABLE `+l.table+`(run INTEGER PRIMARY KEY)`); err != nil {
		return err
	}
	origins, err := l.h.dir.origins()
	if err != nil {
		return err
	}
	type ancestor struct{ key, uuid string }
	seen := map[ancestor]bool{}
	for todo := []ancestor{{l.key, l.uuid}}; len(todo) > 0; todo = todo[1:] {
		a := todo[0]
		if seen[a] {
			continue
		}
		seen[a] = true
		if err := x.exec(ctx, `INSERT OR IGNORE INTO `+l.table+` SELECT r.id FROM run r JOIN usable u ON u.run = r.id JOIN owner o ON o.id = r.owner
			WHERE o.dataset = ?1 AND (uuid = ?2 OR uuid = '' OR ?2 = '')`, a.key, a.uuid); err != nil {
			return err
		}
		lifts, err := query(ctx, x.conn, func(rows *sql.Rows) (s [3]string, err error) { return s, rows.Scan(&s[0], &s[1], &s[2]) },
			`SELECT o.dataset, lift.sender, coalesce(sender.uuid, '') FROM run lift JOIN owner o ON o.id = lift.owner
				LEFT JOIN run sender ON sender.name = lift.sender WHERE lift.made = ?`, a.key)
		if err != nil {
			return err
		}
		for _, lift := range lifts {
			todo = append(todo, ancestor{lift[0], lift[2]})
			if err := x.exec(ctx, `INSERT OR IGNORE INTO `+l.table+` SELECT r.id FROM run r JOIN usable u ON u.run = r.id WHERE r.name = ?`, lift[1]); err != nil {
				return err
			}
		}
		if o, ok := origins[a.key]; ok {
			todo = append(todo, ancestor{o.Of, o.OfUUID})
		}
	}
	l.of = x
	return nil
}

// current makes sure that the index still has the table: it may have been
// exchanged since.
func (l *Lineage) current(ctx context.Context) error {
	if l.h.index == nil {
		l.h.whole = false
		if err := l.h.connect(ctx); err != nil {
			return err
		}
		if err := l.h.renew(ctx, ""); err != nil {
			return err
		}
	}
	if l.of == l.h.index {
		return nil
	}
	return l.complete(ctx)
}

// Sent streams what was sent to url, for which rows: those of one row together,
// and each file once, however many runs say the same of it. The history must not
// be asked anything else meanwhile.
func (l *Lineage) Sent(ctx context.Context, url string) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		l.h.mu.Lock()
		defer l.h.mu.Unlock()
		if err := l.current(ctx); err != nil {
			yield(Sent{}, err)
			return
		}
		// To have the driver watch ctx meanwhile costs more than the question.
		rows, err := l.of.conn.QueryContext(context.WithoutCancel(ctx), `SELECT `+sentColumns+`, r.name, o.dataset, s.part, s.doc, s.field, s.made
			FROM (SELECT s.*, (SELECT h.run FROM held h JOIN `+l.table+` USING(run) WHERE h.voucher = s.id LIMIT 1) AS run
				FROM voucher s WHERE s.url = ? AND s.doc <> '') s
			JOIN run r ON r.id = s.run JOIN owner o ON o.id = s.owner ORDER BY s.part, s.doc, s.field`, url)
		if err != nil {
			yield(Sent{}, fmt.Errorf("reading the index of the ledgers: %w", err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			s, err := scanNamed(rows)
			if !yield(s, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Sent{}, fmt.Errorf("reading the index of the ledgers: %w", err))
		}
	}
}

func scanNamed(rows *sql.Rows) (Sent, error) {
	var run, of, part, field string
	var doc any
	var made bool
	s, err := scanSent(rows, &run, &of, &part, &doc, &field, &made)
	s.Run, s.Dataset, s.Row, s.Made = run, of, rowKey(part, doc, field), made
	return s, err
}

// Needed returns the files that were sent because the one at url, a 3D scene of
// the dataset, needs them.
func (l *Lineage) Needed(ctx context.Context, url string) ([]Sent, error) {
	l.h.mu.Lock()
	defer l.h.mu.Unlock()
	if err := l.current(ctx); err != nil {
		return nil, err
	}
	return l.h.needed(ctx, l.table, url, "")
}
