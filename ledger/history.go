package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"
)

// Notes of runs that tell whose rows they are about, for History.
const (
	// NoteUUID is what tells a dataset in a database from a copy of it on another
	// server.
	NoteUUID = "collection"
	// NoteMade and NoteMadeIn are the _id of a dataset that a run has made, and
	// the database that it is in.
	NoteMade   = "lift dataset"
	NoteMadeIn = "lift database"
	// NoteSender is the run that sent the media of that dataset.
	NoteSender = "upload"
)

// DatabaseKey is what runs know a dataset in a database by: it stays the same
// when the dataset is renamed. ID is the hexadecimal _id.
func DatabaseKey(database, id string) string { return "db:" + database + "/" + id }

// A Sent is a file that a run has sent, and what it was sent for.
type Sent struct {
	// File is as the ledger has it, except ID, Path, Field, Refs, Twin, Err and
	// Kind, which mean nothing outside of it.
	File
	// Run has sent it, and Dataset is the key of the dataset that it did so for:
	// the absolute path of an export directory, or see DatabaseKey.
	Run, Dataset string
	// Row is the row that it was sent for, where the answer is about rows.
	Row RowKey
	// Made: the run gave the row its URL. Otherwise it only sent the file, for
	// others to do so.
	Made bool
}

// A History knows what the runs of a folder have sent. What it costs does not
// depend on how much it is asked: an index beside the ledgers holds what they all
// say, and of those only what has changed is read when it is first asked, a few
// at a time. It is safe for concurrent use.
//
// The index says what the ledgers said when they were last read. Before anything
// is deleted or replaced on its word, Confirm asks the ledger itself.
type History struct {
	dir    *Dir
	except string

	mu       sync.Mutex
	index    *index
	unread   map[string]error
	whole    bool // the index has all of every ledger, not only of those that mattered
	busy     int  // ledgers that are being written
	waited   int  // those of them that were waited for
	lockless map[string]stamp
	opened   int64
	open     []*reading // for Confirm, the one used last at the end
	views    int        // of datasets, so far
}

// History returns what all runs of the folder but one have sent.
func (d *Dir) History(except string) *History { return &History{dir: d, except: except} }

// sentColumns are those of a voucher, as scanSent reads them.
const sentColumns = `s.url, s.local, s.size, s.lsize, s.mtime, s.state, s.checksum, s.etag, s.variant`

// scanSent reads the sentColumns, and more behind them.
func scanSent(rows *sql.Rows, more ...any) (s Sent, err error) {
	var mtime int64
	err = rows.Scan(append([]any{&s.URL, &s.Local, &s.Size, &s.LocalSize, &mtime, &s.State, &s.Checksum, &s.ETag, &s.Variant}, more...)...)
	s.ModTime = time.Unix(0, mtime)
	return s, err
}

// scanRun reads the name and the dataset of the run too.
func scanRun(rows *sql.Rows) (Sent, error) {
	var run, of string
	s, err := scanSent(rows, &run, &of)
	s.Run, s.Dataset = run, of
	return s, err
}

// Sent returns the files that were sent to url, whatever for: each once, however
// many runs of a dataset say the same of it. Ledgers that cannot be read, or that
// another process is writing, are left out; Unread names them.
func (h *History) Sent(ctx context.Context, url string) ([]Sent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return ask(ctx, h, scanRun, `SELECT `+sentColumns+`, r.name, o.dataset FROM (
			SELECT `+sentColumns+`, s.owner, min((SELECT h.run FROM held h JOIN usable USING(run) JOIN run r ON r.id = h.run
				WHERE h.voucher = s.id AND r.name <> ?2 LIMIT 1)) AS run
			FROM voucher s WHERE s.url = ?1 GROUP BY `+sentColumns+`, s.owner) s
		JOIN run r ON r.id = s.run JOIN owner o ON o.id = s.owner`, url, h.except)
}

// Needed returns the files that were sent because the one at url, a 3D scene,
// needs them.
func (h *History) Needed(ctx context.Context, url string) ([]Sent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.needed(ctx, "usable", url, h.except)
}

// needed answers for the runs that a table lists, except one.
func (h *History) needed(ctx context.Context, table, url, except string) ([]Sent, error) {
	return ask(ctx, h, scanRun, `WITH RECURSIVE need(run, file) AS (
			SELECT l.run, l.asset FROM voucher s JOIN held h ON h.voucher = s.id JOIN `+table+` USING(run)
				JOIN link l ON l.run = h.run AND l.file = h.file WHERE s.url = ?
			UNION SELECT l.run, l.asset FROM need n JOIN link l ON l.run = n.run AND l.file = n.file)
		SELECT `+sentColumns+`, min(r.name), o.dataset FROM need n JOIN held h ON h.run = n.run AND h.file = n.file
			JOIN voucher s ON s.id = h.voucher JOIN run r ON r.id = n.run JOIN owner o ON o.id = s.owner
		WHERE r.name <> ? GROUP BY `+sentColumns+`, s.owner`, url, except)
}

// Unread names the ledgers that could not be read, so that what they say is not
// known, and why; none before the history was first asked.
func (h *History) Unread() map[string]error {
	h.mu.Lock()
	defer h.mu.Unlock()
	unread := map[string]error{}
	for name, err := range h.unread {
		unread[name] = err
	}
	return unread
}

// Opened counts how many ledgers were opened so far.
func (h *History) Opened() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opened
}

// Waited counts the ledgers that were being written when they were to be read, and
// were waited for in vain. Those after the first few are passed over at once.
func (h *History) Waited() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waited
}

// Load makes the history ready: it need not be called, since the first question
// does the same.
func (h *History) Load(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.load(ctx)
}

func (h *History) load(ctx context.Context) error {
	if h.index != nil && h.whole {
		return nil
	}
	if err := h.connect(ctx); err != nil {
		return err
	}
	h.whole = true
	return h.renew(ctx, h.except)
}

func (h *History) connect(ctx context.Context) (err error) {
	if h.index == nil {
		h.index, err = openIndex(ctx, h.dir.indexFile(), h.dir.base != "")
	}
	return err
}

// renew brings the index up to date. Where the file cannot be written, or is
// damaged, a temporary one is made of all ledgers.
func (h *History) renew(ctx context.Context, except string) error {
	h.busy, h.lockless = 0, map[string]stamp{}
	err := h.refresh(ctx, except)
	if err == nil || h.index.temporary || ctx.Err() != nil {
		return err
	}
	return h.replace(ctx, err, except)
}

// replace exchanges the index for a temporary one.
func (h *History) replace(ctx context.Context, why error, except string) error {
	err := h.index.close()
	if isDamage(why) {
		err = errors.Join(err, removeIndex(h.dir.indexFile()))
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	if h.index, err = temporaryIndex(ctx); err != nil {
		h.index = nil
		return err
	}
	return h.refresh(ctx, except)
}

// ask asks the index. One that turns out damaged is exchanged.
func ask[T any](ctx context.Context, h *History, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	if err := h.load(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// To have the driver watch ctx meanwhile costs more than the question.
	list, err := query(context.WithoutCancel(ctx), h.index.conn, scan, text, args...)
	if isDamage(err) && !h.index.temporary {
		if err := h.replace(ctx, err, h.except); err != nil {
			return nil, err
		}
		list, err = query(context.WithoutCancel(ctx), h.index.conn, scan, text, args...)
	}
	return list, err
}

// Close frees what the history holds.
func (h *History) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, r := range h.open {
		errs = append(errs, r.close())
	}
	if h.index != nil {
		errs = append(errs, h.index.close())
	}
	h.open, h.index = nil, nil
	return errors.Join(errs...)
}

// keep holds a ledger open that was just used, and closes the one that was not
// used for longest.
func (h *History) keep(ctx context.Context, name string) (*reading, error) {
	if i := slices.IndexFunc(h.open, func(r *reading) bool { return r.name == name }); i >= 0 {
		r := h.open[i]
		h.open = append(slices.Delete(h.open, i, i+1), r)
		return r, nil
	}
	h.opened++
	r, err := h.dir.reading(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(h.open) == attached {
		err = h.open[0].close()
		h.open = slices.Delete(h.open, 0, 1)
	}
	h.open = append(h.open, r)
	return r, err
}
