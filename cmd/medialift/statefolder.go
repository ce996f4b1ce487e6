package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/ledger"
)

// onlyReads reports whether a command needs the state of runs for nothing but what
// it says: it works where that cannot be written, or is not there.
func onlyReads(cmd *cobra.Command) bool {
	switch cmd.Name() {
	case "verify", "runs":
		return true
	}
	dry := cmd.Flags().Lookup("dry-run")
	return dry != nil && dry.Value.String() == "true"
}

// ledgers opens the folder that keeps the state of runs.
func (a *app) ledgers() (*ledger.Dir, error) {
	path, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	if !a.reads {
		return ledger.OpenDir(path)
	}
	if a.borrowed != nil {
		return a.borrowed, nil
	}
	var why error
	if _, err := os.Stat(path); a.plans() || !errors.Is(err, fs.ErrNotExist) {
		if why = ledger.Writable(path); why == nil {
			return ledger.OpenDir(path)
		}
	}
	if a.scratch, err = os.MkdirTemp("", "medialift-state-*"); err != nil {
		return nil, fmt.Errorf("making a temporary state folder: %w", err)
	}
	if a.plans() {
		a.ui.warn("the plan is not kept, since the state folder cannot be: %v", why)
	}
	a.borrowed, err = ledger.OpenDirToRead(path, a.scratch)
	return a.borrowed, err
}

// plans reports whether the command makes a plan that is worth keeping.
func (a *app) plans() bool {
	switch a.ui.doc.Command {
	case "upload", "rewrite", "lift":
		return a.reads
	}
	return false
}

// endState removes what was written instead of the state folder.
func (a *app) endState() error {
	if a.scratch == "" {
		return nil
	}
	if err := os.RemoveAll(a.scratch); err != nil {
		return fmt.Errorf("removing the temporary state folder: %w", err)
	}
	return nil
}
