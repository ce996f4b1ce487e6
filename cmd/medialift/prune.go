package main

import (
	"context"
	"errors"
	"math"
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
	const day = 24 * time.Hour
	days, ok := strings.CutSuffix(s, "d")
	if n, err := strconv.ParseUint(days, 10, 64); ok && err == nil {
		return time.Duration(min(n, uint64(math.MaxInt64/day))) * day, nil //nolint:gosec // no more than MaxInt64
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
	n, busy := int64(0), 0
	for _, s := range list {
		if !s.Used.Before(before) {
			continue
		}
		err := pruneOne(dir, s)
		if errors.Is(err, ledger.ErrLocked) {
			a.ui.say("%s stays: %v.", s.Run, err)
			busy++
			continue
		}
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 && busy == 0 {
		a.ui.say("Nothing to delete.")
	}
	if n > 0 {
		a.ui.say("Deleted the state of %s.", plural(n, "run"))
	}
	return nil
}

// pruneOne deletes one ledger, unless its run, or another one on its dataset, is at
// work: runs of older versions hold nothing but the dataset.
func pruneOne(dir *ledger.Dir, s ledger.Summary) error {
	if s.Dataset == "" { // it cannot be read
		return dir.Remove(s.Run)
	}
	lock, err := dir.Lock(s.Dataset)
	if err != nil {
		return err
	}
	return errors.Join(dir.Remove(s.Run), lock.Unlock())
}
