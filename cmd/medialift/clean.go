package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/open"
	"github.com/medialift/medialift/clean"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/ledger"
)

// A cleanCmd is one invocation of clean.
type cleanCmd struct {
	*app
	dry     bool
	workers int
	// openers are those of the endpoints that runs have sent to; mu guards them.
	mu      sync.Mutex
	openers map[string]*open.Opener
}

func newClean(a *app) *cobra.Command {
	c := &cleanCmd{app: a, openers: map[string]*open.Opener{}}
	cmd := &cobra.Command{
		Use:   "clean DIR",
		Short: "Delete an export directory: only what an export writes",
		Long: `Delete an export directory: its JSON files and run results. Files that no export
writes stay and are named.

Media inside it are only deleted on proof. A ledger says where each was sent; the
store is asked, and must say that the object is there with the bytes of the file,
which is read for that. No dataset in reach may name them: the export's own, the
datasets of the database that FiftyOne would use, and other exports, beside it or
known to earlier runs. What cannot be seen is no proof. Nothing is deleted before
all of it is decided, and a file that changes meanwhile stays.`,
		Args: exactly(1, "one export directory"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	a.database.add(f)
	f.BoolVar(&c.dry, "dry-run", false, "only say what would be deleted")
	f.IntVar(&c.workers, "workers", 0, "how many files to compare with their objects at a time (default 8)")
	a.s3.add(f, " (default: the one that the media were sent to)")
	return cmd
}

func (c *cleanCmd) run(ctx context.Context, arg string) (err error) {
	dir, err := datasetDir(directory(arg))
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding %q: %w", arg, err)
	}
	c.ui.doc.Dataset = dir
	ledgers, err := c.ledgers()
	if err != nil {
		return err
	}
	lock, err := ledgers.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = withCause(ctx, errors.Join(err, c.database.close(), lock.Unlock())) }()
	unasked := false
	plan, err := clean.NewPlan(ctx, dir, clean.Options{
		Ledgers: ledgers,
		Object:  c.object,
		Dataset: func(context.Context) (dataset.Updater, error) { return dirstore.Open(dir) },
		Reach:   c.reach(ctx, ledgers, dir, func() { unasked = true }),
		Workers: c.workers,
		Progress: func(p clean.Progress) {
			c.ui.bar.show(step{Phase: p.Phase, Files: p.Files, TotalFiles: p.Total, Bytes: p.Bytes})
		},
	})
	if unasked {
		c.ui.warn("no database to ask: whether a dataset in one names these media is not known (--database-uri names one)")
	}
	if err != nil {
		return err
	}
	return c.carryOut(ctx, plan, dir, unasked)
}

// carryOut shows what a plan deletes, and deletes it. Unasked tells that there was no
// database to ask.
func (c *cleanCmd) carryOut(ctx context.Context, plan *clean.Plan, dir string, unasked bool) error {
	a := c.app
	a.ui.say("%s: %s of the export, %s, %s.", dir, plural(plan.Files-plan.Media, "file"), plural(plan.Media, "media file"), size(plan.Bytes))
	if plan.Media > 0 {
		asked := "the database's included"
		if unasked {
			asked = "there is no database to ask"
		}
		a.ui.say("  %s elsewhere with the same bytes; no dataset in reach names them (%s).", pluralAre(plan.Media, "media file"), asked)
	}
	for _, name := range plan.Unknown {
		a.ui.say("  stays, no export writes it: %s", name)
	}
	if more := plan.UnknownTotal - int64(len(plan.Unknown)); more > 0 {
		a.ui.say("  … and %d more that stay", more)
	}
	if c.dry {
		a.ui.doc.Status = string(ledger.Planned)
		a.ui.say("Dry run: nothing was deleted.")
		return nil
	}
	report, err := plan.Execute(ctx)
	a.ui.doc.Counts.Rows, a.ui.doc.Counts.Bytes = report.Files, report.Bytes
	if err != nil {
		return err
	}
	a.ui.say("Deleted %s, %s.", plural(report.Files, "file"), size(report.Bytes))
	if report.Gone {
		a.ui.say("The directory is gone too.")
	}
	return nil
}

// reach lists the datasets that may name media in dir, but for its own. Where there
// is no database, none is called.
func (c *cleanCmd) reach(ctx context.Context, ledgers *ledger.Dir, dir string, none func()) iter.Seq2[clean.Named, error] {
	return func(yield func(clean.Named, error) bool) {
		for _, list := range []iter.Seq2[neighbour, error]{reachExports(ctx, ledgers, dir), c.reachFound(ctx, none)} {
			for n, err := range list {
				if !yield(clean.Named{Name: n.shown, Dataset: n.store, Dir: n.dir}, err) || err != nil {
					return
				}
			}
		}
	}
}

// endpointSetting is what an upload is also known by: the service that it sent to.
const endpointSetting = "endpoint-url"

// object finds an object where the run of that identity has put it: at the endpoint
// that it was told of, unless this command is told of another one.
func (c *cleanCmd) object(ctx context.Context, by ledger.Identity, url string) (bucket.Store, string, error) {
	endpoint := c.s3.endpoint
	if endpoint == "" {
		endpoint = strings.Join(by.Settings[endpointSetting], "")
	}
	c.mu.Lock()
	opener := c.openers[endpoint]
	if opener == nil {
		opener = open.New(c.stores(endpoint))
		c.openers[endpoint] = opener
	}
	c.mu.Unlock()
	return opener.Object(ctx, url)
}
