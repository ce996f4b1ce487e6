package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/spf13/cobra"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/mongostore/locate"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/lift"
	"github.com/medialift/medialift/upload"
	"github.com/medialift/medialift/verify"
)

// A liftCmd is one invocation of lift: an upload, and what comes after.
type liftCmd struct {
	uploadCmd
	to, toName, name    string
	noRuns, create, yes bool
	db                  *mongostore.Database
}

func newLift(a *app) *cobra.Command {
	c := &liftCmd{uploadCmd: uploadCmd{app: a}}
	cmd := &cobra.Command{
		Use:   "lift DATASET... URL --to-uri URI",
		Short: "Take a dataset the whole way: its media to the cloud, itself into another database",
		Long: `Send the media of a dataset to URL, as medialift upload does, and import the dataset
into the database at --to-uri with the paths of what has arrived; bring it to the
version of that database, and verify that every path names an object.

Everything is planned and shown first: what is sent and where, names that are taken,
versions, what a downgrade would delete (asked for, or taken with --yes). FiftyOne sees
the new dataset when all of it is there. The source is only read. Killed anywhere, the
same command goes on; what an earlier medialift upload of the dataset to URL has sent is
not sent again. medialift undo RUN deletes the new dataset if nobody has changed it.`,
		Example: `  medialift lift coco s3://media/coco --to-uri mongodb://teams.example.com:27017
  medialift lift --all s3://media/{dataset} --to-uri env:TEAMS_URI --to-database-name fiftyone --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	cmd.Args = c.choice.atLeast(1, "one or more datasets and a URL", "a URL")
	f := cmd.Flags()
	c.sending(f)
	f.StringVar(&c.to, "to-uri", "", "`URI` of the MongoDB server that gets the dataset, or env:VAR or file:PATH to read it from")
	f.StringVar(&c.toName, "to-database-name", locate.DefaultName, "`NAME` of the database on that server")
	f.StringVar(&c.name, "name", "", "`NAME` of the new dataset (default: the one that it has)")
	f.BoolVar(&c.noRuns, "no-runs", false, "leave annotation, brain, evaluation and custom runs behind")
	f.BoolVar(&c.create, "create-database", false, "lift into a database that no FiftyOne has used yet")
	f.BoolVar(&c.yes, "yes", false, "agree to what a downgrade of the dataset deletes")
	return cmd
}

func (c *liftCmd) run(ctx context.Context, args []string) (err error) {
	if err := c.options(args[len(args)-1]); err != nil {
		return err
	}
	if c.to == "" {
		return usage("name the target: --to-uri mongodb://host:27017 --to-database-name fiftyone", "lift needs --to-uri")
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	defer func() { err = withCause(ctx, err) }()
	t, err := c.tour(ctx, args[:len(args)-1], c.choice, false)
	if err != nil {
		return err
	}
	if n := len(t.entries); c.name != "" && n > 1 {
		return usage("lift them one by one, or leave --name away", "--name is the name of one dataset, not of %d", n)
	}
	if err := c.keepApart(ctx, t.datasets()); err != nil {
		return err
	}
	db, done, err := c.connectTo(ctx, c.to, c.toName, "--to-uri")
	if err != nil {
		return err
	}
	c.db = db
	c.opts.WhereThere = !t.single()
	c.reportLifts(t.datasets())
	plans := &lifts{liftCmd: c, kept: map[string]*journey{}, names: map[string]string{}, several: len(t.entries) > 1}
	defer func() { err = errors.Join(err, plans.close(), done()) }()
	if err := t.plan(ctx, plans.prepare); err != nil {
		return t.end(err)
	}
	if c.dryRun {
		c.ui.say("Dry run: nothing was sent or changed.")
		return t.end(nil)
	}
	agree, err := c.agree(plans.kept)
	if err != nil {
		return err
	}
	if err := t.plan(ctx, agree); err != nil {
		return t.end(err)
	}
	return t.end(t.each(ctx, plans.carry))
}

// connectTo opens a database that was named outright; none of FiftyOne's settings
// says otherwise.
func (a *app) connectTo(ctx context.Context, uri, name, from string) (*mongostore.Database, func() error, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = string(os.PathSeparator)
	}
	place, err := locate.Find(locate.Settings{URI: uri, Name: cmp.Or(name, locate.DefaultName), Getenv: os.Getenv, Home: home})
	if err != nil {
		return nil, nil, err
	}
	a.ui.secrets.learnURI(place.URI)
	d, stop, err := locate.Open(ctx, place, mongostore.Options{Waiting: a.ui.wait})
	if err != nil {
		return nil, nil, &targetError{fmt.Errorf("%w (%s)", err, from)}
	}
	return d, func() error { return errors.Join(d.Close(), stop()) }, nil
}

// A journey is one lift under way.
type journey struct {
	*session
	record  *ledger.Run
	history *ledger.History
	plan    *lift.Plan
	shown   *liftReport
	total   verify.Field // of what its paths name
}

// prepare opens a dataset and plans its lift.
func (c *liftCmd) prepare(ctx context.Context, arg string) (*journey, error) {
	s, err := c.begin(ctx, arg, "upload", c.part, c.settings(), false)
	if err != nil {
		return nil, err
	}
	j := &journey{session: s, history: s.dir.History(s.run.Name())}
	if err := c.plan(ctx, j); err != nil {
		return nil, errors.Join(c.ended(ctx, j, err), j.close())
	}
	return j, nil
}

func (c *liftCmd) plan(ctx context.Context, j *journey) (err error) {
	set := c.part.settings(c.settings())
	if j.db != nil {
		if set, err = withUUID(ctx, set, j.db); err != nil {
			return err
		}
	}
	maps.Copy(set, settings(map[string][]string{"to": {c.db.Address() + "/" + c.db.Name()}, "no-runs": {fmt.Sprint(c.noRuns)}}))
	if c.name != "" {
		set["name"] = []string{c.name}
	}
	if j.record, err = j.dir.Begin(ctx, ledger.Identity{Command: "lift", Dataset: j.key(), Settings: set}); err != nil {
		return err
	}
	c.ui.doc.Run = j.record.Name()
	c.ui.know()
	c.ui.report.dataset(j.record.Name(), j.String(), j.name)
	if j.db != nil { // for people
		if err := j.record.SetMeta(ctx, map[string]string{"name": j.name}); err != nil {
			return err
		}
	}
	job := lift.Job{
		Upload: c.job(j.session, j.history), Source: j.store, Target: c.db, Name: c.name,
		WithoutRuns: c.noRuns, CreateDatabase: c.create, Record: j.record,
	}
	if j.files != nil {
		job.Files = j.files
	}
	if j.plan, err = lift.NewPlan(ctx, job, lift.Options{Upload: c.opts, Progress: func(p lift.Progress) {
		c.ui.bar.show(step{Phase: p.Phase, Files: p.Done, TotalFiles: p.Total})
		c.ui.report.progress(upload.Progress{Phase: p.Phase})
	}}); err != nil {
		if errors.Is(err, mongostore.ErrNoConfig) {
			err = &targetError{err}
		}
		return err
	}
	if c.part.given() && j.plan.Upload.Rows == 0 {
		return &idleError{refusal("leave --view and --tag away to lift all of it", "no sample of %s is chosen", j)}
	}
	return nil
}

// ended notes how the lift ended, and returns err with why ctx ended where it did.
func (c *liftCmd) ended(ctx context.Context, j *journey, err error) error {
	if j.record == nil {
		return j.ended(ctx, err)
	}
	c.ui.report.ended(statusOf(err))
	err = withCause(ctx, err)
	if noted := j.record.SetStatus(context.WithoutCancel(ctx), statusOf(err)); err == nil {
		err = noted
	}
	return err
}

// close ends the lift's hold on its dataset; a second time does nothing.
func (j *journey) close() error {
	if j.session == nil {
		return nil
	}
	err := j.history.Close()
	if j.record != nil {
		err = errors.Join(err, j.record.Close())
	}
	err = errors.Join(err, j.session.close())
	j.session = nil
	return err
}
