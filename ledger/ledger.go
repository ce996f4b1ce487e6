// Package ledger keeps, in one SQLite file a run, what was planned, what has
// arrived, and what stood in the dataset before. It is what makes a run safe
// to kill, to repeat and to take back.
//
// A [Dir] holds the ledgers of a user. A [Run] is one of them: rows of files to
// send ([File]) and of values to change ([Value]). A run is known by its
// [Identity] — the command, the dataset and what decides where things go — so
// that the same command finds its own ledger again. Memory stays flat at any
// number of rows: everything that grows is streamed.
//
// The files are plain SQLite databases in rollback-journal mode, which is safe
// on network file systems; a person can read them with the sqlite3 tool.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Sentinels that callers branch on.
var (
	// ErrNoRun: there is no ledger of that name.
	ErrNoRun = errors.New("no such run")
	// ErrLocked: another process is at work on the same dataset.
	ErrLocked = errors.New("another run is at work on this dataset")
	// ErrOtherPlan: a ledger holds another plan than the one that was asked for.
	ErrOtherPlan = errors.New("ledger of another plan")
	// ErrFull: the disk of the state folder is full or failing.
	ErrFull = errors.New("the disk does not take the ledger")
	// ErrNoState: the state folder cannot be made or written to.
	ErrNoState = errors.New("the state of runs cannot be kept there")
	// ErrDamaged: a file in the state folder is not a readable ledger.
	ErrDamaged = errors.New("damaged ledger")
)

const suffix = ".ledger"

// A Dir is the folder that holds a user's ledgers.
type Dir struct {
	path string
	base string // the folder that stays as it is, if it is another; see OpenDirToRead
	// unlocked: its file system has no locks.
	unlocked bool
}

// OpenDir opens the folder at path and makes it if need be.
func OpenDir(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the state folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w: %w", ErrNoState, err)
	}
	return &Dir{path: path}, nil
}

// Path is the absolute path of the folder.
func (d *Dir) Path() string { return d.home() }

// Room is a folder for large things that are not kept.
func (d *Dir) Room() string { return d.path }

// home is where the ledgers are.
func (d *Dir) home() string {
	if d.base != "" {
		return d.base
	}
	return d.path
}

// Begin opens the ledger of the run that id describes, and makes it if there
// is none.
func (d *Dir) Begin(ctx context.Context, id Identity) (*Run, error) {
	if err := d.borrow(ctx, id.Run()); err != nil {
		return nil, err
	}
	r, err := d.held(ctx, id.Run(), true)
	if err != nil {
		return nil, err
	}
	if err := r.claim(ctx, id); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Open opens the ledger of an earlier run by its name.
func (d *Dir) Open(ctx context.Context, run string) (*Run, error) {
	if strings.ContainsAny(run, `/\`) || run == "" {
		return nil, fmt.Errorf("%w: %q", ErrNoRun, run)
	}
	if _, err := os.Stat(d.file(run)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q", ErrNoRun, run)
	}
	if err := d.borrow(ctx, run); err != nil {
		return nil, err
	}
	return d.held(ctx, run, false)
}

// held opens a ledger, which nobody can remove until it is closed.
func (d *Dir) held(ctx context.Context, run string, create bool) (*Run, error) {
	h, err := newHold(d.place(run))
	if err != nil {
		return nil, err
	}
	r, err := openRun(ctx, d.place(run), create)
	if err != nil {
		return nil, errors.Join(err, h.end())
	}
	r.hold = h
	return r, nil
}

// Names lists the runs that have a ledger here, in no particular order.
func (d *Dir) Names() ([]string, error) {
	entries, err := os.ReadDir(d.home())
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil // nothing has run yet
	}
	if err != nil {
		return nil, fmt.Errorf("listing the state folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok && e.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names, nil
}

// Summaries describes every run, the newest first. A ledger that cannot be
// read has its error in place of a status.
func (d *Dir) Summaries(ctx context.Context) ([]Summary, error) {
	names, err := d.Names()
	if err != nil {
		return nil, err
	}
	var list []Summary
	for _, name := range names {
		s := Summary{Run: name, Status: Unreadable}
		if r, err := d.reading(ctx, name); err == nil {
			if got, err := (&Run{name: name, path: d.file(name), db: r.db}).Summary(ctx); err == nil {
				s = got
			}
			_ = r.close()
		}
		if info, err := os.Stat(d.file(name)); err == nil {
			if s.Used = info.ModTime(); s.Started.IsZero() {
				s.Started = s.Used
			}
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Summary) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(a.Run, b.Run)
	})
	return list, nil
}

func (d *Dir) file(run string) string { return filepath.Join(d.home(), run+suffix) }

// place is where a ledger is opened.
func (d *Dir) place(run string) string { return filepath.Join(d.path, run+suffix) }

func (d *Dir) indexFile() string { return filepath.Join(d.home(), indexName) }

// A Summary is what a list of runs says about one of them.
type Summary struct {
	Run     string `json:"run"`
	Command string `json:"command"`
	Dataset string `json:"dataset"`
	// Name is the dataset's where Dataset does not tell people much.
	Name    string    `json:"name,omitempty"`
	Started time.Time `json:"started"`
	Status  Status    `json:"status"`
	// Used is when the ledger was last written.
	Used time.Time `json:"-"`
}

// A Status says how far a run has come.
type Status string

// The states of a run.
const (
	Planned     Status = "planned"     // nothing was sent or changed
	Running     Status = "running"     // at work, or killed at work
	Done        Status = "done"        // everything asked for is done
	Partial     Status = "partial"     // some rows are left
	Refused     Status = "refused"     // the plan found something that must not happen
	Failed      Status = "failed"      // ended by an error
	Interrupted Status = "interrupted" // stopped by a signal or a time limit
	Undone      Status = "undone"      // its changes were taken back
	Unreadable  Status = "unreadable"  // the ledger cannot be read
)
