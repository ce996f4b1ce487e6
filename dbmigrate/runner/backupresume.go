package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/medialift/medialift/dbmigrate"
)

// backUp keeps what a new entry is going to destroy.
func (x *execution) backUp(ctx context.Context, e *entry) (err error) {
	if x.opts.BackupDir == "" {
		return nil
	}
	if e.backup, err = x.newBackup(x.opts.BackupDir, e.plan, x.destroys(ctx, e.plan)); err != nil {
		return fmt.Errorf("backing up %s: %w", called(e.plan), err)
	}
	return nil
}

// CheckUnfinished says why dir can't have the backup of an unfinished migration, nil
// where it can or has. Once data has been changed there is nothing to make one from.
func (r *Runner) CheckUnfinished(dir string, u Unfinished) error {
	refused := &dbmigrate.RefusalError{Dataset: u.Dataset}
	switch at := filepath.Dir(u.Backup); {
	case !u.late && u.Backup != "" && sameFolder(at, dir) && u.Kept() == nil:
		return nil
	case !u.late:
		return r.CheckBackup(dir, u.plan)
	case u.Backup == "":
		refused.Reason = fmt.Sprintf("its migration from %s to %s was begun without a backup, and its data is no longer as it was", u.From, u.To)
		refused.Hint = "run the same command without --backup; later migrations can have one"
	case !sameFolder(at, dir):
		refused.Reason = fmt.Sprintf("its unfinished migration from %s to %s has its backup in %q", u.From, u.To, at)
		refused.Hint = fmt.Sprintf("run the same command with --backup %q", at)
	default:
		err := u.Kept()
		if err == nil {
			return nil
		}
		refused.Reason = err.Error()
		refused.Hint = "put the file back where it was, or run the same command without --backup"
	}
	return refused
}

// Kept says why the backup that was made for an unfinished migration is of no use; nil
// where it is there as a whole, and where none was asked for.
func (u Unfinished) Kept() error {
	if u.Backup == "" {
		return nil
	}
	b, err := openBackup(u.Backup)
	if err != nil {
		return fmt.Errorf("the backup of its unfinished migration can't be read: %w", err)
	}
	defer b.end() //nolint:errcheck // it was only read
	for _, err := range b.items() {
		if err != nil {
			return err
		}
	}
	return nil
}

func sameFolder(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(first, second)
}

// backUpResumed sees to the backup of an entry of an earlier run: where nothing was
// changed it is made now, if one is asked for or was.
func (x *execution) backUpResumed(ctx context.Context, e *entry, u Unfinished) (err error) {
	dir := x.opts.BackupDir
	if u.late {
		if dir == "" {
			if err := u.Kept(); err != nil {
				x.warn("%s: %v", called(e.plan), err)
			}
			return nil
		}
		return x.CheckUnfinished(dir, u)
	}
	if u.Kept() == nil && e.backup != "" && (dir == "" || sameFolder(filepath.Dir(e.backup), dir)) {
		return nil
	}
	if dir == "" && e.backup != "" {
		dir = filepath.Dir(e.backup)
	}
	if dir == "" {
		return nil
	}
	if e.backup, err = x.newBackup(dir, e.plan, x.destroys(ctx, e.plan)); err != nil {
		return fmt.Errorf("backing up %s: %w", called(e.plan), err)
	}
	return x.journal.mark(ctx, []*entry{e}, "backup", e.backup)
}

func (x *execution) warn(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.report.Warnings = append(x.report.Warnings, fmt.Sprintf(format, args...))
}

// backUpAgain makes a backup for an entry that takes the place of another one, which
// has come some way: what that one was going to destroy is taken from its backup.
func (x *execution) backUpAgain(ctx context.Context, old, e *entry) (err error) {
	b, err := openBackup(old.backup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	e.backup, err = x.newBackup(filepath.Dir(old.backup), e.plan, x.destroysAgain(ctx, b, old, e))
	return err
}

// destroysAgain lists what the backup of an entry has, and what the entry that takes its
// place destroys beside.
func (x *execution) destroysAgain(ctx context.Context, b *backup, old, e *entry) iter.Seq2[Destroyed, error] {
	whole := map[string]bool{} // the collections of which that backup has all
	for _, op := range old.plan.Ops {
		if _, isPut := op.(dbmigrate.Put); old.changes(op) && !isPut {
			whole[op.Target()] = true
		}
	}
	return func(yield func(Destroyed, error) bool) {
		if !yield(Destroyed{Collection: e.plan.Collection, Doc: e.before}, nil) {
			return
		}
		has := map[string]bool{}
		for item, err := range b.items() {
			if err == nil && item.Index == nil && !whole[item.Collection] {
				has[item.Collection+"\x00"+rawKey(item.Doc)] = true
			}
			if !yield(Destroyed{Collection: item.Collection, Doc: item.Doc, Fields: item.Fields, Absent: item.Absent, Index: item.Index}, err) || err != nil {
				return
			}
		}
		first := true
		for d, err := range x.destroys(ctx, e.plan) {
			isOwn := first
			first = false
			if err == nil && (isOwn || whole[d.Collection] || d.Index == nil && has[d.Collection+"\x00"+rawKey(d.Doc)]) {
				continue
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
