package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// attached is how many ledgers are open at a time while the index is refreshed.
const attached = 8

// How old a ledger must be before its time tells that it is unchanged: file systems
// count time in ticks, of some milliseconds or of up to two seconds.
const (
	racyFine   = 100 * time.Millisecond
	racyCoarse = 3 * time.Second
)

// A stamp tells one state of a ledger from another.
type stamp struct {
	size, mtime int64
	racy        bool
	whole       bool // it was read to its end
	// hot: a journal lies beside it, so that its file alone says nothing.
	hot bool
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	racyFor := racyFine
	if s.mtime%int64(time.Millisecond) == 0 {
		racyFor = racyCoarse
	}
	s.racy = time.Since(info.ModTime()) < racyFor
	if journal, err := os.Stat(path + "-journal"); err == nil && journal.Size() > 0 {
		s.hot = true
	}
	return s, nil
}

// refresh brings the index up to date with the ledgers of the folder, except one.
// Only what has changed is read, a few ledgers at a time, and of that only the notes
// unless all of it is wanted.
func (h *History) refresh(ctx context.Context, except string) error {
	x := h.index
	names, err := h.dir.Names()
	if err != nil {
		return err
	}
	known, err := x.stamps(ctx)
	if err != nil {
		return err
	}
	h.unread = map[string]error{}
	var stale, gone []string
	for _, name := range names {
		if name == except {
			continue
		}
		s, err := stampOf(h.dir.file(name))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				h.unread[name] = err
			}
			continue
		}
		if k, ok := known[name]; !ok || k.racy || s.hot || k.size != s.size || k.mtime != s.mtime || h.whole && !k.whole {
			stale = append(stale, name)
		}
	}
	for name := range known {
		if !slices.Contains(names, name) {
			gone = append(gone, name)
		}
	}
	for batch := range slices.Chunk(gone, 100) {
		if err := x.within(ctx, func() error { return x.forget(ctx, batch...) }); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(stale, attached) {
		if err := h.readBatch(ctx, batch, h.whole); err != nil {
			return err
		}
	}
	return h.makeUsable(ctx, names, except)
}

// makeUsable notes which runs the index may speak for: all that could be read.
func (h *History) makeUsable(ctx context.Context, names []string, except string) error {
	x := h.index
	if err := x.exec(ctx, `DELETE FROM usable`); err != nil {
		return err
	}
	for batch := range slices.Chunk(names, 200) {
		batch = slices.DeleteFunc(slices.Clone(batch), func(name string) bool { return name == except || h.unread[name] != nil })
		marks, args := placeholders(batch)
		if err := x.exec(ctx, `INSERT OR IGNORE INTO usable SELECT id FROM run WHERE name IN (`+marks+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}

// stamps are those of the ledgers when they were last read.
func (x *index) stamps(ctx context.Context) (map[string]stamp, error) {
	rows, err := x.conn.QueryContext(ctx, `SELECT name, size, mtime, racy, whole FROM run`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]stamp{}
	for rows.Next() {
		var name string
		var s stamp
		if err := rows.Scan(&name, &s.size, &s.mtime, &s.racy, &s.whole); err != nil {
			return nil, err
		}
		all[name] = s
	}
	return all, rows.Err()
}

// within runs f in a transaction that may write to the index, and only reads
// what is attached.
func (x *index) within(ctx context.Context, f func() error) error {
	err := x.exec(ctx, `BEGIN`)
	if err != nil {
		return err
	}
	err = x.exec(ctx, `DELETE FROM run WHERE id < 0`) // takes the lock, here and nowhere else
	if err == nil {
		err = f()
	}
	if err == nil {
		err = x.exec(ctx, `COMMIT`)
	}
	if err != nil {
		_ = x.exec(context.WithoutCancel(ctx), `ROLLBACK`)
	}
	return err
}

// known is the number of a run, nil if it has none yet, and whether it was read to
// its end.
func (x *index) known(ctx context.Context, name string) (id *int64, whole bool, err error) {
	list, err := query(ctx, x.conn, func(rows *sql.Rows) (int64, error) {
		var n int64
		return n, rows.Scan(&n, &whole)
	}, `SELECT id, whole FROM run WHERE name = ?`, name)
	if err != nil || len(list) == 0 {
		return nil, false, err
	}
	return &list[0], whole, nil
}

// forget removes what the index has of runs, and vouchers that no other run holds.
func (x *index) forget(ctx context.Context, names ...string) error {
	marks, args := placeholders(names)
	runs := `(SELECT id FROM run WHERE name IN (` + marks + `))`
	for _, text := range []string{
		`DELETE FROM voucher WHERE id IN (SELECT voucher FROM held WHERE run IN ` + runs + `)
			AND NOT EXISTS (SELECT 1 FROM held h WHERE h.voucher = voucher.id AND h.run NOT IN ` + runs + `)`,
		`DELETE FROM held WHERE run IN ` + runs,
		`DELETE FROM link WHERE run IN ` + runs,
		`DELETE FROM folder WHERE run IN ` + runs,
		`DELETE FROM run WHERE id IN ` + runs,
	} {
		if err := x.exec(ctx, text, slices.Repeat(args, strings.Count(text, runs))...); err != nil {
			return err
		}
	}
	return nil
}

// readBatch reads some ledgers into the index. What cannot be read is noted, and
// the index does not speak for it; the others are read again without it, since
// there is no telling what a failure left of the transaction.
func (h *History) readBatch(ctx context.Context, names []string, whole bool) error {
	for {
		bad, err := h.readAll(ctx, names, whole)
		if bad == "" {
			return err
		}
		h.unread[bad] = err
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return h.unread[name] != nil })
	}
}

// readAll reads ledgers into the index in one transaction, or names one that cannot
// be read. Any other error is one of the index.
func (h *History) readAll(ctx context.Context, names []string, whole bool) (bad string, err error) {
	x := h.index
	schemas := map[string]string{}
	defer func() {
		for _, schema := range schemas {
			if detached := x.exec(context.WithoutCancel(ctx), `DETACH `+schema); bad == "" {
				err = errors.Join(err, detached)
			}
		}
	}()
	for i, name := range names {
		schema := fmt.Sprintf("l%d", i)
		if err := h.attach(ctx, name, schema); err != nil {
			if ctx.Err() != nil {
				return "", err
			}
			h.unread[name] = err
			continue
		}
		schemas[name] = schema
	}
	err = x.within(ctx, func() error {
		for _, name := range names {
			if schemas[name] == "" {
				continue
			}
			// Another process may be asking about the run: it keeps its number, and what
			// was read to its end is so again.
			id, before, err := x.known(ctx, name)
			if err == nil {
				err = x.forget(ctx, name)
			}
			if err != nil {
				return err
			}
			err = x.take(ctx, h.dir.file(name), name, schemas[name], id, whole || before)
			if err == nil {
				err = h.unchanged(name)
			}
			if err != nil {
				bad = name
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil || isDamage(err) && bad != "" && x.isHealthy(ctx, schemas[bad]) {
		bad = ""
	}
	return bad, err
}
