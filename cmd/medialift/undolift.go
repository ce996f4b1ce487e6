package main

import (
	"context"
	"errors"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
)

// undoLift deletes the dataset that a lift made.
func undoLift(ctx context.Context, a *app, dir *ledger.Dir, run *ledger.Run, to string, dry bool) (err error) {
	target, err := lift.TargetOf(ctx, run)
	if err != nil {
		return err
	}
	if target.Dataset == "" {
		a.ui.say("Nothing to undo: %s has made no dataset.", run.Name())
		return nil
	}
	from := "--to-uri"
	if to == "" {
		to, from = target.Address, "as the lift had it; --to-uri gives its user and password"
	}
	d, done, err := a.connectTo(ctx, to, target.Database, from)
	if err != nil {
		return err
	}
	defer func() { err = withCause(ctx, errors.Join(err, done())) }()
	if d.Address() != target.Address {
		return usage("name the server of the lift with --to-uri", "the lift went to %s, not to %s", target.Address, d.Address())
	}
	lock, err := dir.Lock(a.ui.doc.Dataset)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	u, err := lift.Undo(ctx, d, run, dry)
	if err != nil {
		return err
	}
	switch {
	case u.Gone:
		a.ui.say("Nothing to undo: %q is not in %s any more.", u.Name, inDatabase(d))
	case u.Changed != "":
		a.ui.problems([]dataset.Problem{{Kind: "changed", ID: u.Name, Hint: u.Changed}}, 1)
		return &partialError{msg: "the dataset stays as it is", hint: "delete it in FiftyOne if it is not needed", stuck: true}
	case dry:
		a.ui.doc.Status = string(ledger.Planned)
		a.ui.say("%q would be deleted from %s.", u.Name, inDatabase(d))
	default:
		a.ui.say("Deleted %q from %s; its objects stay: medialift runs %s --objects lists them.", u.Name, inDatabase(d), run.Name())
	}
	if len(u.Kept) > 0 {
		a.ui.say("Others use these ontologies of its label schemas, which stay: %s.", strings.Join(u.Kept, ", "))
	}
	return nil
}
