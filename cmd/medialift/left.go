package main

import (
	"context"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// leftError is the end of a command that left documents alone: because somebody else
// changed them, or because they cannot be what they were to become.
func (a *app) leftError(ctx context.Context, done ledger.Applied, run *ledger.Run) error {
	switch {
	case done.Refused > 0:
		if err := a.showRefused(ctx, run, done.Refused); err != nil {
			return err
		}
		msg := refusedText(done.Refused)
		if done.Conflicts > 0 {
			msg += fmt.Sprintf("; %s changed since and stay too", plural(done.Conflicts, "document"))
		}
		return &partialError{msg: msg, hint: refusedHint(run), stuck: true}
	case done.Conflicts > 0:
		return &partialError{
			msg:  fmt.Sprintf("%s changed since and stay as they are", plural(done.Conflicts, "document")),
			hint: fmt.Sprintf("medialift runs %s --rows changed lists them", run.Name()),
		}
	}
	return nil
}

func refusedText(n int64) string {
	if n == 1 {
		return "1 document keeps its paths: the database cannot hold it with the new ones"
	}
	return plural(n, "document") + " keep their paths: the database cannot hold them with the new ones"
}

func refusedHint(run *ledger.Run) string {
	return fmt.Sprintf("medialift runs %s --rows failed lists them with the reason; mend or shrink them in FiftyOne, and the same command takes them too", run.Name())
}

// showRefused names the documents that the database cannot hold, each once.
func (a *app) showRefused(ctx context.Context, run *ledger.Run, total int64) error {
	rows, err := run.Rows(ctx, ledger.RowsFailed)
	if err != nil {
		return err
	}
	var list []dataset.Problem
	seen := map[string]bool{}
	for row, err := range rows {
		if err != nil {
			return err
		}
		id := string(row.Part) + row.DocID()
		if row.State == ledger.ValuePlanned || seen[id] {
			continue
		}
		seen[id] = true
		list = append(list, dataset.Problem{Kind: "refused", ID: row.DocID(), Field: row.Field, Path: row.Old, URL: row.New, Hint: row.Reason})
		if len(list) == dataset.KeptProblems {
			break
		}
	}
	a.ui.doc.Counts.Failed += total
	a.ui.problems(list, total)
	return nil
}
