package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// apply carries out plans; todo is how many there are.
func (c *migrateCmd) apply(ctx context.Context, plans iter.Seq2[*dbmigrate.Plan, error], todo int) error {
	opts := c.options(todo)
	opts.BackupDir, opts.Finish, opts.Agree, opts.Now = c.backup, c.finishes, c.agreesTo, c.now
	var report runner.Report
	err := c.waiting(ctx, func() (err error) {
		report, err = c.runner.Apply(ctx, plans, opts)
		return err
	})
	c.ui.doc.Counts.Rows, c.ui.doc.Counts.Rewritten, c.ui.doc.Counts.Already = int64(todo), int64(report.Migrated), int64(report.Unchanged)
	c.ui.doc.Counts.Failed = int64(len(report.Failures))
	for _, warning := range report.Warnings {
		c.ui.warn("%s", warning)
	}
	if err != nil && !errors.Is(err, runner.ErrStopped) {
		return err
	}
	return c.ended(ctx, report)
}

// locked are the names of the datasets that the command is at work on; nil for all.
func (c *migrateCmd) locked() []string {
	if len(c.names) == 0 {
		return nil
	}
	return slices.Concat(c.names, c.former)
}

// options are those of the runner.
func (c *migrateCmd) options(todo int) runner.Options {
	return runner.Options{
		Workers: c.workers, StopAtFirst: c.errorLevel == 0, StealLease: c.steal, MaxOps: c.maxOps, Datasets: c.locked(), Waiting: c.ui.wait,
		Progress: func(p runner.Progress) {
			phase := "migrating"
			if p.Collection != "" {
				phase = fmt.Sprintf("migrating %s (%d documents of %s)", p.Dataset, p.Documents, p.Collection)
			}
			c.ui.bar.show(step{Phase: phase, Files: int64(p.Datasets), TotalFiles: int64(todo)})
		},
	}
}

// waiting tries again while another run has the lock, for as long as was asked.
func (c *migrateCmd) waiting(ctx context.Context, try func() error) error {
	for end := time.Now().Add(c.lockTimeout); ; {
		err := try()
		if _, held := errors.AsType[*runner.LeaseError](err); !held || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(min(time.Second, time.Until(end)+time.Millisecond)):
		}
	}
}

// ended says what was done.
func (c *migrateCmd) ended(ctx context.Context, report runner.Report) error {
	if report.Resumed > 0 {
		c.ui.say("%s of an earlier run, which did not end, finished.", plural(int64(report.Resumed), "migration"))
	}
	if report.Migrated == 0 && len(report.Failures) == 0 {
		c.ui.say("Nothing to do: everything is at v%s.", c.to)
		return nil
	}
	if report.Migrated > 0 {
		c.ui.say("Migrated %s; %d were there before.", plural(int64(report.Migrated), "document"), report.Unchanged)
		c.showClients(ctx)
	}
	return c.failures(report)
}

// failures are datasets that were left out: the others have moved.
func (c *migrateCmd) failures(report runner.Report) error {
	list := report.Failures
	if len(list) == 0 {
		return nil
	}
	problems := make([]dataset.Problem, 0, min(len(list), dataset.KeptProblems))
	for _, f := range list[:min(len(list), dataset.KeptProblems)] {
		problems = append(problems, failureProblem(f))
	}
	hint := "they are listed above with the reason; the same command tries them again"
	if refused, ok := errors.AsType[*dbmigrate.RefusalError](list[0].Err); ok && refused.Hint != "" {
		hint = refused.Hint
	}
	msg := fmt.Sprintf("%s not migrated", plural(int64(len(list)), "dataset"))
	if report.Migrated == 0 && !slices.ContainsFunc(list, func(f runner.Failure) bool { return !isRefused(f) }) {
		return &dataset.Refusal{Reason: msg, Hint: hint, Problems: problems, Total: int64(len(list))}
	}
	c.ui.problems(problems, int64(len(list)))
	return &partialError{msg: msg, hint: hint, stuck: true}
}

func isRefused(f runner.Failure) bool {
	_, refused := errors.AsType[*dbmigrate.RefusalError](f.Err)
	return refused
}

func failureProblem(f runner.Failure) dataset.Problem {
	p := dataset.Problem{Kind: "failed", ID: f.Dataset, Hint: f.Err.Error()}
	if isRefused(f) {
		p.Kind = "refused"
	}
	return p
}
