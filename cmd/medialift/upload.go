package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/report"
	"github.com/medialift/medialift/upload"
)

// An uploadCmd is one invocation of upload.
type uploadCmd struct {
	*app
	fields, remoteDirs, relDirs       []string
	leave                             []string
	layout, onCollision, missing      string
	overwrite                         string
	assetDirs                         []string
	skipAssets, skipFailures, rewrite bool
	dryRun, verifyArrived             bool
	choice                            datasetChoice
	part                              partChoice
	workers                           int
	maxBandwidth                      string
	maxRequests                       float64
	maxDuration                       time.Duration
	target                            string
	opts                              upload.Options
	stillLocal                        int64               // of all datasets
	stillLeft                         int64               // of the last one
	emptyOne                          string              // the last one, if it has no samples
	places                            []string            // --remote-dir, each URL in its one spelling
	planned                           []savedview.Finding // of the last dataset
}

func newUpload(a *app) *cobra.Command {
	c := &uploadCmd{app: a}
	cmd := &cobra.Command{
		Use:   "upload DATASET... URL",
		Short: "Send the media of a dataset to the cloud, and rewrite its paths",
		Long: `Send the media of all media fields of a dataset to URL: s3://bucket/prefix,
gs://bucket/prefix, az://container/prefix, https://ACCOUNT.blob.core.windows.net/…,
minio://bucket/prefix, file:///dir or a plain path; it may hold {dataset} and {field}.
What no key can hold in the name of a dataset is spelled ~ and two digits: org/name
goes to org~2Fname. Two names that go to one place are refused.

The plan is made first: every path is resolved, missing files and files that
would overwrite one another are refused before a byte moves. What has arrived is
kept in a ledger, so that the same command goes on where an earlier one stopped.
Paths in the dataset only change with --update-filepaths, a document at a time,
when all its objects have arrived. The files that 3D scenes (.fo3d) need go along,
and the copy of a scene that is sent names them where they are.`,
		Example: `  medialift upload ./export s3://media/coco --update-filepaths
  medialift upload ./export s3://media/coco --media-field filepath --rel-dir /data --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	cmd.Args = c.choice.atLeast(1, "one or more datasets and a URL", "a URL")
	c.sending(cmd.Flags())
	cmd.Flags().BoolVar(&c.rewrite, "update-filepaths", false, "rewrite the paths of what has arrived")
	return cmd
}

// sending declares the flags that say what is sent, where and how.
func (c *uploadCmd) sending(f *pflag.FlagSet) {
	a := c.app
	a.database.add(f)
	a.ui.report.add(f)
	c.choice.add(f)
	c.part.add(f)
	f.StringArrayVar(&c.fields, "media-field", nil, "send only this media `FIELD`, or any other field of strings (repeatable)")
	f.StringArrayVar(&c.leave, "leave-field", nil, "the local files of this `FIELD` stay behind, and its values as they are (repeatable)")
	f.StringArrayVar(&c.remoteDirs, "remote-dir", nil, "send one media field elsewhere: `FIELD=URL` (repeatable)")
	f.StringArrayVar(&c.relDirs, "rel-dir", nil, "keys are the paths below this `DIR` (repeatable)")
	f.StringVar(&c.layout, "layout", "tree", "how keys are made: tree, flat or hash")
	f.StringVar(&c.onCollision, "on-collision", "refuse", "files that would share a key: refuse or suffix")
	f.StringVar(&c.missing, "missing", "refuse", "values whose file is not there: refuse or keep")
	f.StringVar(&c.overwrite, "overwrite", "", "replace other objects under the same keys: `all`, or own for those an earlier run sent")
	f.Lookup("overwrite").NoOptDefVal = string(upload.OverwriteAll)
	f.StringArrayVar(&c.assetDirs, "allow-assets-outside", nil, "send also assets of .fo3d scenes that lie in `DIR`, outside of the dataset's own directories (repeatable)")
	f.BoolVar(&c.skipAssets, "skip-assets", false, "send .fo3d scenes without the files they refer to")
	f.BoolVar(&c.verifyArrived, "verify-arrived", false, "look again at every object that an earlier run sent, not only at some of each field")
	f.BoolVar(&c.opts.UpdateViews, "update-views", false, updateViewsHelp)
	f.BoolVar(&c.skipFailures, "skip-failures", false, "go on when a file cannot be sent")
	f.BoolVar(&c.dryRun, "dry-run", false, "plan only: send nothing, change nothing")
	f.IntVar(&c.workers, "workers", 0, "send at most so many files, or parts of large ones, at a time (default 64); fewer where more do not help")
	f.StringVar(&c.maxBandwidth, "max-bandwidth", "", "send no more than this a second: `BYTES` like 200MB or 50MiB")
	f.Float64Var(&c.maxRequests, "max-requests", 0, "make no more requests than this `NUMBER` a second")
	f.DurationVar(&c.maxDuration, "max-duration", 0, "stop cleanly after this time, like 11h; the same command goes on")
	f.StringVar(&a.written.StorageClass, "storage-class", "", "the storage `CLASS` of what is sent (s3://, minio://, gs://), or its access tier (az://)")
	f.StringVar(&a.written.Encryption, "sse", "", "how s3:// and minio:// are to encrypt: `KIND` AES256, aws:kms or aws:kms:dsse")
	f.StringVar(&a.written.KMSKey, "kms-key", "", "the `KEY` to encrypt with (s3://, minio://, gs://)")
	f.StringVar(&a.written.ACL, "acl", "", "the canned `ACL` of what is sent, like bucket-owner-full-control (s3://, minio://, gs://)")
	a.s3.add(f, "")
}

func (c *uploadCmd) run(ctx context.Context, args []string) error {
	if err := c.options(args[len(args)-1]); err != nil {
		return err
	}
	if c.opts.UpdateViews && !c.rewrite {
		return usage("add --update-filepaths, or leave --update-views away", "--update-views follows new paths, and none is written")
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	t, err := c.tour(ctx, args[:len(args)-1], c.choice, c.rewrite && !c.dryRun)
	if err == nil {
		err = c.keepApart(ctx, t.datasets())
	}
	if err != nil {
		return withCause(ctx, err)
	}
	c.opts.WhereThere = !t.single()
	c.reportSettings(t.datasets())
	err = t.end(t.each(ctx, c.one))
	if !c.rewrite && !c.dryRun && c.stillLocal > 0 && (err == nil || !t.single()) {
		c.ui.doc.Next = "add --update-filepaths to rewrite the paths"
		c.ui.report.stillLocal(c.stillLocal)
		c.ui.say("%s still local; the same command with --update-filepaths rewrites them.", pluralAre(c.stillLocal, "path"))
	}
	return err
}

// limit ends the work after --max-duration.
func (c *uploadCmd) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.maxDuration == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, c.maxDuration, &partialError{
		msg: fmt.Sprintf("stopped after %s", c.maxDuration), hint: "the same command goes on from here",
	})
}

// settings are what an upload is known by, besides its dataset.
func (c *uploadCmd) settings() map[string][]string {
	return settings(map[string][]string{
		"url": {c.target}, "layout": {c.layout}, "on-collision": {c.onCollision},
		"media-field": c.fields, "rel-dir": c.opts.RelDirs, "remote-dir": c.places,
		"endpoint-url": c.endpoints(), "leave-field": c.leave,
	})
}

func (c *uploadCmd) job(s *session, history *ledger.History) upload.Job {
	return upload.Job{
		Dataset: s.store, Name: s.name, Dir: s.source.dir, Target: c.target,
		Open: c.targets().Open, Ledger: s.run, Sent: history.Sent, Confirm: history.Confirm, Needed: history.Needed,
	}
}

// one uploads one dataset.
func (c *uploadCmd) one(ctx context.Context, arg string) (err error) {
	s, err := c.begin(ctx, arg, "upload", c.part, c.settings(), c.rewrite && !c.dryRun)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.close())
		c.reportEnd(s.source, err)
	}()
	c.ui.report.dataset(s.run.Name(), s.String(), s.name)
	ctx, stop := s.guard(ctx)
	defer stop()
	history := s.dir.History(s.run.Name())
	defer func() { err = errors.Join(err, history.Close()) }()
	if c.rewrite {
		c.opts.Rewrites = upload.RewritesInPlace
	}
	plan, err := upload.NewPlan(ctx, c.job(s, history), c.opts)
	if err != nil {
		return s.ended(ctx, err)
	}
	c.showPlan(ctx, s.run, plan)
	if err := c.noteEmpty(ctx, s.source, plan); err != nil {
		return s.ended(ctx, err)
	}
	c.warnStrays(plan.Strays, strayUse{"sent", "sends them"})
	c.ui.problems(unmoved(plan.Strays), 0)
	if err = c.warnUnreadable(ctx, s.source, false); err == nil {
		err = c.warnDatabase(ctx, s, plan)
	}
	if err == nil && c.rewrite {
		c.planned, err = c.viewsOf(ctx, s.store, s.run, c.opts.UpdateViews)
	}
	if err == nil && c.rewrite {
		err = s.writable(ctx, s.run, due(), c.dryRun, "; upload without --update-filepaths sends the files and changes no path")
	}
	if err != nil {
		return s.ended(ctx, err)
	}
	if c.dryRun {
		objects, _ := plan.ToSend()
		c.ui.planned(objects > 0 || c.rewrite && plan.Values() > 0, "Dry run: nothing was sent or changed.")
		return nil
	}
	if err := s.run.SetStatus(ctx, ledger.Running); err != nil {
		return err
	}
	return s.ended(ctx, c.carryOut(ctx, s.run, plan))
}

// noteEmpty notes whether a dataset has no samples at all.
func (c *uploadCmd) noteEmpty(ctx context.Context, src *source, plan *upload.Plan) (err error) {
	c.emptyOne = ""
	if plan.Rows > 0 || c.part.given() {
		return nil
	}
	none, err := src.empty(ctx)
	if none && err == nil {
		c.emptyOne = src.String()
	}
	return err
}

// carryOut sends and rewrites.
func (c *uploadCmd) carryOut(ctx context.Context, run *ledger.Run, plan *upload.Plan) error {
	c.ui.report.phase(report.Sending)
	sent, err := plan.Execute(ctx)
	c.reportSent(ctx, run, plan)
	c.countSent(sent)
	c.warnAs(sent.Found)
	for _, note := range sent.Notes {
		c.ui.warn("%s", note)
	}
	if err == nil || sent.Objects > 0 {
		c.showSent(plan, sent)
	}
	c.showTraffic(sent.Traffic)
	c.ui.problems(sent.Failures, sent.Failed)
	if err != nil {
		var failed *upload.FailedError
		if errors.As(err, &failed) && sent.Objects > 0 {
			why := judge(err)
			return &partialError{msg: err.Error(), hint: why.hint, stuck: !why.retry}
		}
		return err
	}
	if c.rewrite {
		if err := c.commit(ctx, run, plan); err != nil {
			return err
		}
	} else {
		c.stillLocal += plan.Values()
	}
	if sent.Failed == 0 && c.stillLeft > 0 {
		return &partialError{
			msg:  fmt.Sprintf("%s still local: not all files of their rows have arrived", pluralAre(c.stillLeft, "path")),
			hint: "run the same command again: it goes on from here",
		}
	}
	if sent.Failed > 0 {
		return &partialError{
			msg:  fmt.Sprintf("%s could not be sent", plural(sent.Failed, "file")),
			hint: fmt.Sprintf("the same command tries them again; medialift runs %s --rows failed lists them", run.Name()),
		}
	}
	return nil
}

func (c *uploadCmd) commit(ctx context.Context, run *ledger.Run, plan *upload.Plan) error {
	done, err := plan.Commit(ctx)
	if err != nil {
		return err
	}
	c.ui.doc.Counts.Rewritten += done.Values
	c.ui.report.edit(func(d *report.Dataset) { d.Paths += done.Values })
	if done.Changed > 0 {
		c.ui.changed()
		c.ui.say("Rewrote %s in %s.", plural(done.Values, "path"), plural(done.Changed, "document"))
		c.copies(done.Applied)
	}
	if done.Views > 0 {
		c.ui.changed()
	}
	c.viewsDone(c.planned, done.Found, done.Applied)
	c.stillLeft = done.Remaining
	return c.leftError(ctx, done.Applied, run)
}
