package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/rewrite"
)

// A tour is the work of one command on its datasets, one after the other. What is
// refused, locked or broken about one dataset does not stop the others. The JSON
// document says of each how it ended, and the exit code is that of them all.
type tour struct {
	*app
	chosen  bool // by --all or --match
	entries []*entry
}

// idleError says that a command has nothing to do with a dataset. Beside others
// that it has to do with, that is not a failure.
type idleError struct{ error }

func (e *idleError) Unwrap() error { return e.error }

// idle reports whether err says that a command has nothing to do with a dataset.
func idle(err error) bool {
	if _, ok := errors.AsType[*idleError](err); ok {
		return true
	}
	return slices.ContainsFunc([]error{dataset.ErrUnknownField, mongostore.ErrNoView, rewrite.ErrNoPaths, rewrite.ErrKeptAll},
		func(e error) bool { return errors.Is(err, e) })
}

// everywhere are failures that every other dataset would meet too.
var everywhere = []error{
	errSignal, mongostore.ErrUnreachable, mongostore.ErrCredentials, mongostore.ErrNoConfig, mongostore.ErrForeign, ledger.ErrFull, bucket.ErrUnreachable, syscall.ENOSPC,
}

func isEverywhere(err error) bool {
	return slices.ContainsFunc(everywhere, func(cause error) bool { return errors.Is(err, cause) })
}

// visit works on the datasets that args and c choose, each with one.
func (a *app) visit(ctx context.Context, args []string, c datasetChoice, writes bool, one func(context.Context, string) error) error {
	t, err := a.tour(ctx, args, c, writes)
	if err != nil {
		return err
	}
	return t.end(t.each(ctx, one))
}

// tour prepares the work on datasets. A name that is not there, and anything else
// that is wrong usage, is said before the work on the first begins.
func (a *app) tour(ctx context.Context, args []string, c datasetChoice, writes bool) (*tour, error) {
	t := &tour{app: a, chosen: c.given()}
	if len(args) == 1 && !t.chosen { // opened when its turn comes
		t.add(args[0])
	} else {
		for _, arg := range args {
			name, err := a.named(ctx, arg, writes)
			if err != nil {
				return nil, err
			}
			t.add(name)
		}
	}
	found, err := a.choose(ctx, c, writes)
	for _, name := range found {
		t.add(databaseMark + name)
	}
	return t, err
}

// add adds a dataset, once.
func (t *tour) add(arg string) {
	if !slices.ContainsFunc(t.entries, func(e *entry) bool { return e.arg == arg }) {
		t.entries = append(t.entries, &entry{arg: arg, Dataset: arg, Problems: []dataset.Problem{}})
	}
}

// named is a DATASET argument in its one spelling. What is wrong with the dataset
// itself is left to its turn.
func (a *app) named(ctx context.Context, arg string, writes bool) (string, error) {
	src, err := a.openDataset(ctx, arg, writes)
	switch {
	case err == nil:
		return src.String(), nil
	case judge(err).code == exitUsage || isEverywhere(err):
		return "", err
	}
	return arg, nil
}

// datasets are the DATASET arguments of those that can still be worked on.
func (t *tour) datasets() []string {
	var list []string
	for _, e := range t.entries {
		if e.err == nil {
			list = append(list, e.arg)
		}
	}
	return list
}

// each works on every dataset that nothing is wrong with so far. Its error is one
// that ends the command.
func (t *tour) each(ctx context.Context, one func(context.Context, string) error) error {
	t.ui.doc.Datasets = t.entries
	for _, e := range t.entries {
		if e.err != nil {
			continue
		}
		t.ui.turn(e)
		err := withCause(ctx, one(ctx, e.arg))
		e.ended(err, &t.ui.doc)
		e.Error, e.Hint = t.ui.secrets.inError(e.Error), t.ui.secrets.inError(e.Hint)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || isEverywhere(err) {
			return err
		}
		t.say(e)
	}
	t.ui.at = nil
	return nil
}

// plan is each for what comes before the work itself.
func (t *tour) plan(ctx context.Context, one func(context.Context, string) error) error {
	err := t.each(ctx, one)
	for _, e := range t.entries {
		if e.err == nil && e.Status != "" {
			e.Status = string(ledger.Planned)
		}
	}
	return err
}

// say tells people what is wrong with one dataset of several.
func (t *tour) say(e *entry) {
	if t.single() {
		return // finish says it, and adds the problems
	}
	if t.unconcerned(e) {
		e.Status, e.ExitCode, e.Error, e.Hint = string(ledger.Done), exitDone, "", ""
		t.ui.warn("nothing to do in %s: %v", e.Dataset, e.err)
		return
	}
	if refusal, ok := errors.AsType[*dataset.Refusal](e.err); ok {
		t.ui.problems(refusal.Problems, refusal.Total)
	}
	t.ui.complain(fmt.Sprintf("%s: %v", e.Dataset, e.err), e.Hint)
}

// single reports whether the command is about one dataset that was named.
func (t *tour) single() bool { return len(t.entries) == 1 && !t.chosen }

// unconcerned reports whether a command of several datasets has nothing to do with
// this one.
func (t *tour) unconcerned(e *entry) bool { return e.err != nil && !t.single() && idle(e.err) }

// end is how the whole command ends; stopped is what ended it early, if anything.
func (t *tour) end(stopped error) error {
	var failed, unconcerned []*entry
	concerned, changed := 0, false
	for _, e := range t.entries {
		switch {
		case t.unconcerned(e):
			unconcerned = append(unconcerned, e)
		case e.err != nil:
			failed = append(failed, e)
		case !e.empty:
			concerned++
		}
		changed = changed || e.Changed || e.would
	}
	switch {
	case t.single() && stopped == nil && len(failed) == 1:
		return failed[0].err
	case stopped != nil && (t.single() || !changed || judge(stopped).code != exitFailed && judge(stopped).code != exitRefused):
		return stopped
	case stopped == nil && len(failed) == 0:
		return everyIdle(unconcerned, concerned)
	}
	return sum(failed, len(t.entries), changed)
}

// everyIdle is the end of a command that no dataset stood in the way of. Where none
// has what it was told to work on, that is said as of one.
func everyIdle(unconcerned []*entry, concerned int) error {
	if concerned > 0 {
		return nil
	}
	for _, e := range unconcerned {
		if !errors.Is(e.err, rewrite.ErrNoPaths) {
			return fmt.Errorf("%s: %w", e.Dataset, e.err)
		}
	}
	return nil
}

// A severalError ends a command that did not work on all of its datasets.
type severalError struct {
	msg string
	verdict
}

func (e *severalError) Error() string { return e.msg }

// namedFailures is how many datasets the last line names.
const namedFailures = 3

// sum is the one error of several: partly done where anything was changed.
func sum(failed []*entry, of int, changed bool) error {
	worst := failed[0]
	var lines []string
	for i, e := range failed {
		if rank(e.ExitCode) > rank(worst.ExitCode) {
			worst = e
		}
		if i < namedFailures {
			lines = append(lines, fmt.Sprintf("%s: %v", e.Dataset, e.err))
		}
	}
	if more := len(failed) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	v := judge(worst.err)
	_, wrong := errors.AsType[*wrongError](worst.err)
	if changed && !wrong {
		v.code, v.status = exitPartial, "partial"
		v.hint = strings.ReplaceAll(v.hint, "; nothing was changed", "")
	}
	for _, e := range failed {
		v.retry = v.retry || judge(e.err).retry
	}
	return &severalError{fmt.Sprintf("%d of %s not done: %s", len(failed), plural(int64(of), "dataset"), strings.Join(lines, "; ")), v}
}

// rank says which of several exit codes is that of the command.
func rank(code int) int {
	return slices.Index([]int{exitUsage, exitLocked, exitRefused, exitPartial, exitFailed}, code)
}
