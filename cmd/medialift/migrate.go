package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/enterprise"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
)

// openSourceType is the type of the databases of open-source FiftyOne.
const openSourceType = "fiftyone"

// A migrateCmd is one invocation of migrate.
type migrateCmd struct {
	*app
	info, all, verbose, dryRun, yes, steal, repair, abandon bool
	version, enterprise, backup, restore                    string
	names                                                   []string
	errorLevel, workers                                     int
	maxOps                                                  float64
	lockTimeout                                             time.Duration

	runner *runner.Runner
	handle *mongostore.Database
	found  runner.Database
	// to is where to go; now is what migrations write as now, in every plan.
	to  string
	now time.Time
	// left is what earlier runs have not finished. agreed are, by dataset, the losses
	// that were shown.
	left   []runner.Unfinished
	agreed map[string][]string
	// former are the names that datasets have now which were named by an earlier one.
	former []string
}

func newMigrate(a *app) *cobra.Command {
	c := &migrateCmd{app: a}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Upgrade or downgrade a database to another FiftyOne version",
		Long: `Move a database to another version of FiftyOne, up or down, as fiftyone migrate
does: the database alone, with --all every dataset too, with -n single datasets.
Versions are those of open-source FiftyOne; --to-enterprise takes one of FiftyOne
Teams or Enterprise.

The whole way is planned first, and shown; nothing is changed that --dry-run does
not list. What a downgrade deletes is asked for, or taken with --yes, and kept by
--backup, which replaces no earlier one. --restore takes it back: wholly where nobody has
changed a dataset since, and key by key where it was migrated up again. The plan also shows what an earlier run left
unfinished. The next run of the same datasets finishes it; --abandon drops it, as long
as it has not begun to change anything.

It needs FIFTYONE_DATABASE_ADMIN=true, which open-source FiftyOne takes for granted.`,
		Example: `  medialift migrate --info
  medialift migrate --all --dry-run
  medialift migrate --all -v 0.18.0 --backup ./before
  medialift migrate --all -v 1.22.1 --restore ./before
  medialift migrate --all --to-enterprise 1.4.5`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.BoolVarP(&c.info, "info", "i", false, "print the versions of the database and its datasets; change nothing")
	f.BoolVarP(&c.all, "all", "a", false, "migrate the database and all its datasets")
	f.StringVarP(&c.version, "version", "v", "", "the open-source `VERSION` to go to (default: the newest known)")
	f.StringArrayVarP(&c.names, "dataset-name", "n", nil, "migrate only the dataset `NAME`; further names may follow")
	f.StringVar(&c.enterprise, "to-enterprise", "", "go to the version of this FiftyOne Teams or Enterprise deployment or SDK, like 1.4.5")
	f.IntVar(&c.errorLevel, "error-level", 1, "0 stops at the first dataset that fails, 1 and 2 go on with the others")
	f.BoolVar(&c.verbose, "verbose", false, "list the revisions of every dataset")
	f.BoolVar(&c.dryRun, "dry-run", false, "plan only: change nothing")
	f.StringVar(&c.backup, "backup", "", "write what is going to be changed or deleted to `DIR`")
	f.StringVar(&c.restore, "restore", "", "take back migrations that were backed up to `DIR`; with -v, migrate and put back what they took out")
	f.BoolVar(&c.yes, "yes", false, "agree to what is lost")
	f.IntVar(&c.workers, "workers", 2, "how many datasets, in batches, to migrate at a time")
	f.Float64Var(&c.maxOps, "max-ops", 0, "pass no more than this `NUMBER` of documents a second in steps over whole collections")
	f.DurationVar(&c.lockTimeout, "lock-timeout", 0, "wait so long for another run to end")
	f.BoolVar(&c.steal, "steal-lock", false, "take the lock of another run that has certainly ended")
	f.BoolVar(&c.repair, "repair", false, "redo what clients of older versions have left undone in datasets since")
	f.BoolVar(&c.abandon, "abandon", false, "drop unfinished migrations that have not begun to change anything")
	return cmd
}

func (c *migrateCmd) run(ctx context.Context, args []string) (err error) {
	if err := c.check(args); err != nil {
		return err
	}
	if value, ok := os.LookupEnv("FIFTYONE_DISABLE_MIGRATIONS"); ok && value != "0" && !c.info {
		return refusal("unset it, or set it to 0", "FIFTYONE_DISABLE_MIGRATIONS=%q disables migrations", value)
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	defer func() { err = withCause(ctx, errors.Join(err, c.database.close())) }()
	switch {
	case c.info:
		return c.showInfo(ctx)
	case c.restore != "" && c.version == "":
		return c.putBack(ctx)
	case c.abandon:
		return c.giveUp(ctx)
	case c.repair:
		return c.mend(ctx)
	}
	if err := c.target(); err != nil {
		return err
	}
	if err := c.permitted(); err != nil {
		return err
	}
	if err := c.findLeft(ctx); err != nil {
		return err
	}
	if err := c.permittedToFinish(); err != nil {
		return err
	}
	plan, err := c.plan(ctx)
	if err != nil {
		return err
	}
	c.show(ctx, plan)
	if err := c.refused(plan); err != nil {
		return err
	}
	if err := c.showPutBack(ctx); err != nil {
		return err
	}
	if c.dryRun {
		c.ui.say("Dry run: nothing was changed.")
		return nil
	}
	if err := c.agree(plan); err != nil {
		return err
	}
	err = c.apply(ctx, c.plans(ctx), plan.todo)
	if _, partly := errors.AsType[*partialError](err); c.restore == "" || err != nil && !partly {
		return err
	}
	return cmp.Or(c.putBack(ctx), err)
}

// check looks at the flags alone.
func (c *migrateCmd) check(args []string) error {
	if len(args) > 0 && len(c.names) == 0 {
		return usage("name datasets with -n", "migrate takes no arguments, not %q", args[0])
	}
	c.names = append(c.names, args...)
	modes := 0
	for _, set := range []bool{c.info, c.restore != "", c.repair, c.abandon} {
		if set {
			modes++
		}
	}
	switch {
	case strings.HasPrefix(c.version, "-"):
		return usage("write -v 1.0.0", "-v takes a version, not %q", c.version)
	case c.version != "" && c.enterprise != "":
		return usage("use one of them", "-v and --to-enterprise do not go together")
	case modes > 1:
		return usage("use one of them", "--info, --restore, --repair and --abandon do not go together")
	case c.restore != "" && c.backup != "" && c.version == "":
		return usage("give it with -v too, or on its own", "--restore without -v makes no backup")
	case c.abandon && (c.version != "" || c.enterprise != "" || c.backup != ""):
		return usage("migrate once it is dropped", "--abandon goes nowhere: it takes no version and no --backup")
	case c.errorLevel < 0:
		return usage("use 0, 1 or 2", "--error-level cannot be %d", c.errorLevel)
	case c.workers < 1 || c.maxOps < 0 || math.IsNaN(c.maxOps) || c.lockTimeout < 0:
		return usage("leave the flag away for the default", "--workers, --max-ops and --lock-timeout cannot be negative, and one worker is the least")
	case c.all:
		c.names = nil // as FiftyOne does
	}
	if c.version != "" {
		if _, err := dbmigrate.ParseVersion(c.version); err != nil {
			return usage("write a version like 1.0.0", "-v: %v", err)
		}
	}
	if c.enterprise != "" {
		release, err := enterprise.Lookup(c.enterprise)
		if err != nil {
			return usage("choose one of them, with its patch; a compatibility version, such as 0.23.8, goes to -v", "%v", err)
		}
		c.version = release.Version
		c.ui.say("FiftyOne Enterprise %s has databases of version %s (%s).", release, release.Version, release.Evidence)
	}
	return nil
}

// open connects, whatever the version of the database.
func (c *migrateCmd) open(ctx context.Context) (err error) {
	c.database.anyVersion = true
	if c.handle, err = c.connect(ctx, !c.info && !c.dryRun); err != nil {
		return err
	}
	c.runner = runner.New(c.handle.Handle(), revisions.Datasets(), revisions.Database())
	c.ui.doc.Dataset = c.handle.Name()
	c.now = time.Now().UTC().Truncate(time.Millisecond)
	if c.found, err = c.runner.Database(ctx); err != nil || c.found.Version != "" || c.info {
		return err
	}
	list, err := c.runner.Datasets(ctx)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: %s has no version", mongostore.ErrNoConfig, inDatabase(c.handle))
	}
	return err
}

// openSource tells whether the database is one of open-source FiftyOne.
func (c *migrateCmd) openSource() bool { return c.found.Type == "" || c.found.Type == openSourceType }

// target decides where to go.
func (c *migrateCmd) target() error {
	c.to = c.version
	switch {
	case c.to != "":
		return nil
	case !c.openSource():
		return refusal("name one with --to-enterprise or -v: the deployment says which", "a database of type %q must be told where to go", c.found.Type)
	case len(c.names) > 0: // as FiftyOne: to where the database is
		if c.to = c.found.Version; c.to == "" {
			c.to = revisions.Newest
		}
		return nil
	}
	c.to = revisions.Newest
	return nil
}

// plans makes all plans of this run, one after the other.
func (c *migrateCmd) plans(ctx context.Context) iter.Seq2[*dbmigrate.Plan, error] {
	return func(yield func(*dbmigrate.Plan, error) bool) {
		if len(c.names) == 0 {
			plan, err := c.runner.PlanDatabase(ctx, c.to)
			if !yield(plan, err) || err != nil {
				return
			}
			if !c.all {
				return
			}
		}
		c.runner.Plans(ctx, runner.Target{Version: c.to, Names: c.names, Now: c.now})(yield)
	}
}

// refusal is a refusal of the whole command.
func refusal(hint, format string, args ...any) error {
	return &dataset.Refusal{Reason: fmt.Sprintf(format, args...), Hint: hint}
}
