package main

import (
	"context"
	"errors"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/ledger"
)

// due are the states of values that a commit changes.
func due() []ledger.ValueState {
	return []ledger.ValueState{ledger.ValuePlanned, ledger.ValueAttempted}
}

// undoable are those of values that an undo puts back.
func undoable() []ledger.ValueState {
	return []ledger.ValueState{ledger.ValueAttempted, ledger.ValueDone, ledger.ValueKept, ledger.ValueMissing}
}

// writable refuses an export whose paths are going to be changed and whose files cannot
// be: before anything is sent. What else can be done is added to the hint. A dry run
// makes no file to find out.
func (s *source) writable(ctx context.Context, run *ledger.Run, states []ledger.ValueState, dry bool, otherwise string) error {
	if s.files == nil {
		return nil
	}
	parts, err := run.Parts(ctx, states...)
	if err != nil {
		return err
	}
	for _, part := range parts {
		err := s.files.Writable(ctx, part, dry)
		if errors.Is(err, dirstore.ErrReadOnly) {
			return &dataset.Refusal{
				Reason: err.Error(), Err: dirstore.ErrReadOnly,
				Hint: "let this user write there (chmod u+w, or a mount that is not read-only), or work on a copy of the export" + otherwise,
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
