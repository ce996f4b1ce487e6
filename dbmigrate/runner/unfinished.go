package runner

import (
	"context"
	"errors"
	"time"

	"github.com/medialift/medialift/dbmigrate"
)

// Unfinished is a migration that an earlier run left in the journal.
type Unfinished struct {
	Collection string // dbmigrate.Datasets or dbmigrate.Config
	ID         any
	// Dataset is the name that the dataset has now, or had where it is gone; "" for the
	// database itself.
	Dataset string
	// Former is the name that it had when it was planned.
	Former   string
	From, To string
	Legs     []string
	Started  time.Time
	// Begun tells that data may have been changed, so that it can only be finished;
	// Written that the dataset itself is at To, and deletions alone may be left.
	Begun, Written bool
	// Changed tells that somebody has changed or deleted the dataset since.
	Changed          bool
	Losses, Warnings []string
	// Backup is the file that holds what it destroys, "" where none was asked for.
	Backup string

	plan *dbmigrate.Plan
	// late tells that something may be gone, so that no backup can be made any more.
	late bool
}

// Unfinished lists what earlier runs left in the journal, in its order. It changes
// nothing.
func (r *Runner) Unfinished(ctx context.Context) ([]Unfinished, error) {
	entries, err := journal{r}.read(ctx)
	if err != nil {
		return nil, err
	}
	var list []Unfinished
	for _, e := range entries {
		u, err := r.unfinished(ctx, e)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

func (r *Runner) unfinished(ctx context.Context, e *entry) (Unfinished, error) {
	at, current, err := r.stage(ctx, e)
	if err != nil {
		return Unfinished{}, err
	}
	u := Unfinished{
		Collection: e.plan.Collection, ID: e.plan.ID, Dataset: e.plan.Name, Former: e.plan.Name, From: e.plan.From, To: e.plan.To, Legs: e.legs, Started: e.started,
		Begun: e.begun || at == written, Written: at == written, Changed: at != planned && at != written,
		Losses: e.plan.Losses, Warnings: e.plan.Warnings, Backup: e.backup, plan: e.plan,
		late: e.begun || e.written || e.unmarked && at == written,
	}
	if name := lookup(current, "name"); name != nil && e.plan.Collection == dbmigrate.Datasets {
		u.Dataset = spell(name)
	}
	return u, nil
}

// Onward plans on paper the way of a dataset, or of the database, from where an
// unfinished migration ends to a version. The reader gives what is there now, so that
// the plan is about what is going to be carried out, and not exactly it.
func (r *Runner) Onward(ctx context.Context, u Unfinished, version string, now time.Time) (*dbmigrate.Plan, error) {
	if u.Collection == dbmigrate.Config {
		return r.database.PlanDatabase(ctx, r.Reader(), u.plan.After, version, dbmigrate.Env{Now: now})
	}
	return r.datasets.Plan(ctx, r.Reader(), u.plan.After, version, dbmigrate.Env{Now: now})
}

// Abandoned is what Abandon did.
type Abandoned struct {
	Dropped []Unfinished
	// Kept had begun to change data: the same migration has to be finished.
	Kept []Unfinished
}

// Abandon drops the unfinished migrations that which chooses, those of them that have
// not begun to change anything, and takes back what was added for them. nil chooses
// all.
func (r *Runner) Abandon(ctx context.Context, which func(Unfinished) bool, opts Options) (Abandoned, error) {
	var done Abandoned
	err := r.leased(ctx, opts, func(ctx context.Context) error {
		x := &execution{Runner: r, opts: opts, journal: journal{r}}
		entries, err := x.journal.read(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			u, err := r.unfinished(ctx, e)
			switch {
			case err != nil:
				return err
			case which != nil && !which(u):
				continue
			case u.Begun:
				done.Kept = append(done.Kept, u)
				continue
			}
			if err := x.takeBack(ctx, e); err != nil {
				return err
			}
			done.Dropped = append(done.Dropped, u)
		}
		return x.journal.dropEmpty(context.WithoutCancel(ctx))
	})
	return done, err
}

// leased does something while this run has the lease.
func (r *Runner) leased(ctx context.Context, opts Options, do func(ctx context.Context) error) error {
	lease, err := r.acquire(ctx, opts)
	if err != nil {
		return err
	}
	err = lease.why(do(lease.Context()))
	return errors.Join(err, lease.release(ctx))
}
