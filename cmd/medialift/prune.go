package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/ledger"
)

func newPrune(a *app) *cobra.Command {
	var older string
	cmd := &cobra.Command{
		Use:     "prune --older AGE",
		Short:   "Delete the state of old runs; what they did can no longer be undone",
		Example: "  medialift runs prune --older 30d",
		Args:    exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			age, err := parseAge(older)
			if err != nil {
				return err
			}
			return prune(cmd.Context(), a, time.Now().Add(-age))
		},
	}
	cmd.Flags().StringVar(&older, "older", "", "`AGE` like 30d or 12h")
	return cmd
}

// parseAge reads a duration that may be in days.
func parseAge(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if n, err := strconv.Atoi(days); ok && err == nil && n >= 0 {
		return time.Duration(n) * 24 * time.Hour, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	return 0, usage("write --older 30d or --older 12h", "--older %q is not an age", s)
}

func prune(ctx context.Context, a *app, before time.Time) error {
	dir, err := a.ledgers()
	if err != nil {
		return err
	}
	list, err := dir.Summaries(ctx)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, s := range list {
		if !s.Used.Before(before) {
			continue
		}
		if err := pruneOne(dir, s); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		a.ui.say("Nothing to delete.")
		return nil
	}
	a.ui.say("Deleted the state of %s.", plural(n, "run"))
	return nil
}

// pruneOne deletes one ledger, unless its run is at work.
func pruneOne(dir *ledger.Dir, s ledger.Summary) error {
	if _, err := os.Stat(s.Dataset); err == nil {
		lock, err := dir.Lock(s.Dataset)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Unlock() }()
	}
	return dir.Remove(s.Run)
}
