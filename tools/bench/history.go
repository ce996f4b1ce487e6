package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	historyPaths   = 10_000
	historyLedgers = 500
	historyRows    = 1_000
)

// history is about what the runs of the past cost: a verification of a dataset beside
// its one ledger, and beside hundreds of others.
func history() entry {
	return entry{name: "history", says: fmt.Sprintf("verify %d paths with 1 ledger, and with %d more of %d rows", historyPaths, historyLedgers, historyRows),
		tables: func(o options, dir string) ([]table, error) {
			e, err := writeExport(filepath.Join(dir, "all"), o.files(historyPaths), func(int) int64 { return 100 }, filled())
			if err != nil {
				return nil, err
			}
			few, many := filepath.Join(dir, "few"), filepath.Join(dir, "many")
			target := filepath.Join(dir, "target")
			if _, err := measure(context.Background(), []string{o.medialift, "upload", e.dataset(), target, "--update-filepaths", "--state", few, "--no-progress"}); err != nil {
				return nil, err
			}
			if err := fillHistory(o, dir, few, many); err != nil {
				return nil, err
			}
			verify := func(name, state string, prepare func() error) row {
				return row{name, func(context.Context, string) (trial, error) {
					return trial{args: []string{o.medialift, "verify", e.dataset(), "--state", state, "--no-progress"}}, prepare()
				}}
			}
			nothing := func() error { return nil }
			one, several := "1 ledger", fmt.Sprintf("%d ledgers", historyLedgers+1)
			return []table{{
				title: fmt.Sprintf("verify of %d paths", e.files), units: e.files, unit: "path", bytes: e.bytes, to: []string{one},
				rows: []row{
					verify(one, few, nothing), verify(several, many, nothing),
					verify(several+", all read anew", many, func() error { return removeIndexes(many) }),
				},
			}}, nil
		}}
}

// fillHistory makes a state folder with the ledgers of few, and many more: those of
// another dataset, which went to the same place, under as many names.
func fillHistory(o options, dir, few, many string) error {
	other, err := writeExport(filepath.Join(dir, "other"), o.files(historyRows), func(int) int64 { return 100 }, filled())
	if err != nil {
		return err
	}
	if _, err := measure(context.Background(), []string{
		o.medialift, "upload", other.dataset(), filepath.Join(dir, "target"), "--update-filepaths", "--state", many, "--no-progress",
	}); err != nil {
		return err
	}
	ledgers, err := filepath.Glob(filepath.Join(many, "*.ledger"))
	if err != nil || len(ledgers) != 1 {
		return errors.Join(err, fmt.Errorf("%d ledgers of one upload", len(ledgers)))
	}
	text, err := os.ReadFile(ledgers[0])
	if err != nil {
		return err
	}
	for i := range historyLedgers - 1 {
		if err := os.WriteFile(filepath.Join(many, fmt.Sprintf("upload-%010x.ledger", i)), text, 0o600); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(few)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".ledger") {
			text, err := os.ReadFile(filepath.Join(few, e.Name()))
			if err == nil {
				err = os.WriteFile(filepath.Join(many, e.Name()), text, 0o600)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// removeIndexes has the next command read every ledger.
func removeIndexes(state string) error {
	found, err := filepath.Glob(filepath.Join(state, "history-*.index*"))
	for _, path := range found {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
