package rewrite

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// An UndoReport says what Undo did.
type UndoReport struct {
	// Undoable is how many values the run had changed, or may have.
	Undoable int64
	// Reverted counts what was put back; nothing on a dry run. Its Conflicts
	// were changed by somebody else since and stay: they are what
	// run.Rows(ctx, ledger.RowsChanged) lists.
	Reverted ledger.Applied
}

// Undo puts back every path that a run changed, whichever verb's it was, byte
// for byte where nobody changed the value since. Objects are left where they
// are. A dry one only counts.
func Undo(ctx context.Context, ds dataset.Updater, run *ledger.Run, dry bool) (UndoReport, error) {
	var u UndoReport
	var err error
	if u.Undoable, err = run.Undoable(ctx); err != nil || dry {
		return u, err
	}
	if u.Reverted, err = run.Revert(ctx, ds); err != nil {
		return u, fmt.Errorf("putting paths back: %w", err)
	}
	if u.Reverted.Conflicts > 0 {
		return u, run.SetStatus(ctx, ledger.Partial)
	}
	return u, run.SetStatus(ctx, ledger.Undone)
}
