package ledger

import (
	"context"
	"errors"
	"fmt"
)

// patientFor is how many ledgers that are being written are waited for; any more
// are passed over at once, so that no number of them makes a command wait.
const patientFor = 3

// attach attaches a ledger to the index for reading only.
func (h *History) attach(ctx context.Context, name, schema string) error {
	path := h.dir.file(name)
	h.opened++
	if h.busy >= patientFor {
		if err := h.index.exec(ctx, `PRAGMA busy_timeout = 0`); err != nil {
			return err
		}
		defer func() { _ = h.index.exec(context.WithoutCancel(ctx), `PRAGMA busy_timeout = `+patience) }()
	}
	attach := func() error { return h.attachAs(ctx, path, schema, "mode=ro") }
	if h.dir.unlocked {
		attach = func() error { return h.attachLockless(ctx, name, schema) }
	}
	err := attach()
	if isReadOnly(err) { // a killed run left a journal, which has to be taken back first
		if path, err = h.recovered(ctx, name); err == nil {
			err = attach()
		}
	}
	if isBusy(err) {
		if h.busy++; h.busy <= patientFor {
			h.waited++
		}
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	if isDamage(err) {
		err = fmt.Errorf("%w %q: %w", ErrDamaged, path, err)
	}
	return err
}

// recovered takes back what a killed run had begun to write, in a copy of the ledger
// if the folder is to stay as it is.
func (h *History) recovered(ctx context.Context, name string) (path string, err error) {
	if err := h.dir.borrow(ctx, name); err != nil {
		return "", err
	}
	path = h.dir.place(name)
	r, err := openRun(ctx, path, false)
	if err != nil {
		return "", err
	}
	return path, r.Close()
}

func (h *History) attachAs(ctx context.Context, path, schema, options string) error {
	x := h.index
	if err := x.exec(ctx, `ATTACH ? AS `+schema, "file:"+escapePath(path)+"?"+options); err != nil {
		return err
	}
	_, err := x.notes(ctx, schema)
	if err != nil {
		err = errors.Join(err, x.exec(context.WithoutCancel(ctx), `DETACH `+schema))
	}
	return err
}

// attachLockless attaches a ledger on a file system that has no locks. Nobody can
// write to it there, not even this program; all the same it must not change while
// it is read, which is seen by its stamp.
func (h *History) attachLockless(ctx context.Context, name, schema string) error {
	s, err := stampOf(h.dir.file(name))
	if err != nil {
		return err
	}
	if s.hot {
		return errors.New("a run was killed while it wrote, and the file system has no locks")
	}
	h.lockless[name] = s
	return h.attachAs(ctx, h.dir.file(name), schema, "mode=ro&immutable=1")
}

// unchanged reports whether a ledger that was read without a lock is still what
// it was.
func (h *History) unchanged(name string) error {
	before, ok := h.lockless[name]
	if !ok {
		return nil
	}
	after, err := stampOf(h.dir.file(name))
	if err == nil && (after.hot || after.size != before.size || after.mtime != before.mtime) {
		err = errors.New("it changed while it was read without a lock")
	}
	return err
}

// isHealthy reports whether an attached ledger can be read to its end: where
// reading failed, whether the ledger or the index is the trouble.
func (x *index) isHealthy(ctx context.Context, schema string) bool {
	var verdict string
	err := x.conn.QueryRowContext(ctx, `PRAGMA `+schema+`.quick_check(1)`).Scan(&verdict)
	return err == nil && verdict == "ok"
}
