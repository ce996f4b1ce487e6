package lift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/dbmigrate/runner"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
	"github.com/medialift/medialift/upload"
	"github.com/medialift/medialift/verify"
)

// Send sends what the plan says and has not arrived; see upload.Plan.Execute.
func (p *Plan) Send(ctx context.Context) (upload.Sent, error) { return p.Upload.Execute(ctx) }

// Imported says what Import did.
type Imported struct {
	Samples, Frames, Tags int64
	Views, Runs           int
	// Values is how many media values name an object now, Left how many name a local
	// file that was not there.
	Values, Left int64
	// Before tells that it was done by an earlier invocation; there are no numbers
	// then.
	Before   bool
	Warnings []string
}

// Import copies the dataset into the target, where nobody sees it before all of it is
// there. What a killed invocation left is removed: only one process at a time may have
// the lift's record. All media must have arrived (ErrPending). If the source has changed since it
// was planned, in what its documents name, that is dataset.ErrChanged.
func (p *Plan) Import(ctx context.Context) (Imported, error) {
	if err := p.abandon(ctx); err != nil {
		return Imported{}, err
	}
	if p.Copied {
		return Imported{Before: true}, nil
	}
	totals, err := p.job.Upload.Ledger.Totals(ctx)
	if err != nil {
		return Imported{}, err
	}
	for _, t := range totals {
		if t.ToSend > 0 {
			return Imported{}, fmt.Errorf("%w: %d of %s", ErrPending, t.ToSend, t.Field)
		}
	}
	target := p.job.Target
	if err := p.job.Record.SetMeta(ctx, map[string]string{
		noteID: p.writer.ID().Hex(), noteName: p.Name, noteMade: nothing, noteDone: nothing,
		noteAddress: target.Address(), noteDatabase: target.Name(),
	}); err != nil {
		return Imported{}, errors.Join(err, p.writer.Close())
	}
	src, err := p.mapped(ctx)
	if err != nil {
		return Imported{}, errors.Join(err, p.writer.Close())
	}
	report, err := p.copy(ctx, src)
	if err := errors.Join(err, src.close()); err != nil {
		return Imported{}, err
	}
	if err := p.keep(ctx, src.kept); err != nil {
		return Imported{}, err
	}
	if p.made, err = target.DatasetByID(ctx, p.writer.ID().Hex()); err != nil {
		return Imported{}, err
	}
	p.Copied = true
	return Imported{
		Samples: report.Samples, Frames: report.Frames, Tags: report.Tags, Views: report.Views, Runs: report.Runs,
		Values: src.values, Left: src.left, Warnings: report.Warnings,
	}, nil
}

// abandon removes what an earlier invocation left of an import. It has ended: the
// caller holds the lock of the source.
func (p *Plan) abandon(ctx context.Context) error {
	id, err := p.job.Record.Meta(ctx, noteID)
	if err != nil || id == nothing {
		return err
	}
	return p.job.Target.Abandon(ctx, id)
}

// copy reads an export directory as an importer does, a database as it is.
func (p *Plan) copy(ctx context.Context, src *mapped) (report importer.Report, err error) {
	sink := noted{Writer: p.writer, note: func(dataset.Manifest) error {
		sum, err := src.sum.sum(src.original)
		if err != nil {
			return err
		}
		kept, err := keptText(src.kept)
		if err != nil {
			return err
		}
		return p.job.Record.SetMeta(ctx, map[string]string{noteSource: sum, noteKept: kept})
	}}
	progress := func(i importer.Progress) {
		p.opts.Progress(Progress{Phase: "importing", Done: i.Done, Total: i.Total})
	}
	if p.job.Files != nil {
		return importer.Run(ctx, importer.Job{Source: src, Dir: p.job.Upload.Dir, Sink: sink}, importer.Options{Progress: progress})
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	counts, done, total := map[dataset.Part]int64{}, int64(0), p.Samples+p.Frames
	m, err := src.Manifest(ctx)
	if err != nil {
		return report, err
	}
	err = dataset.Copy(ctx, sink, src, dataset.NewChecker(m).Edit, func(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
		counts[part]++
		if done++; done%1000 == 0 {
			progress(importer.Progress{Done: done, Total: max(done, total)})
		}
		return doc, nil
	})
	return importer.Report{
		Samples: counts[dataset.Samples], Frames: counts[dataset.Frames], Tags: counts[dataset.Tags], Views: p.Views, Runs: p.Runs,
	}, err
}

// A noted sink notes the digest of what it was given before anybody can see it.
type noted struct {
	*mongostore.Writer
	note func(final dataset.Manifest) error
}

// Commit implements dataset.Sink.
func (n noted) Commit(ctx context.Context, final dataset.Manifest) error {
	if err := n.note(final); err != nil {
		return err
	}
	return n.Writer.Commit(ctx, final)
}

// Migrate brings the new dataset to the version of its database, should that not be
// done: Import does it, but the Import of an older medialift did not. Its report is of
// both. Waiting is told what is waited for; see runner.Options.
func (p *Plan) Migrate(ctx context.Context, waiting func(text string)) (runner.Report, error) {
	name, err := p.name(ctx)
	if err != nil {
		return runner.Report{}, err
	}
	r := runner.New(p.job.Target.Handle(), revisions.Datasets(), revisions.Database())
	plans := r.Plans(ctx, runner.Target{Version: p.To, Names: []string{name}, Now: time.Now().UTC().Truncate(time.Millisecond)})
	id := dbmigrate.IDKey(p.made.ID().ObjectID())
	own := func(u runner.Unfinished) bool {
		return u.Collection == dbmigrate.Datasets && dbmigrate.IDKey(u.ID) == id
	}
	report, err := r.Apply(ctx, plans, runner.Options{Datasets: []string{name}, Finish: own, Waiting: waiting, Progress: func(m runner.Progress) {
		p.opts.Progress(Progress{Phase: "migrating", Done: m.Documents})
	}})
	for _, f := range report.Failures {
		err = errors.Join(err, fmt.Errorf("bringing %q to version %s: %w", f.Dataset, p.To, f.Err))
	}
	if p.brought.Moved {
		report.Migrated++
	}
	report.Warnings = append(report.Warnings, p.brought.Warnings...)
	if err != nil {
		return report, err
	}
	return report, p.noteUnsure(ctx)
}

// noteUnsure notes, where an older medialift has left no note of what it made, that
// nobody can tell any more who changed what.
func (p *Plan) noteUnsure(ctx context.Context) error {
	sum, err := p.job.Record.Meta(ctx, noteMade)
	if err != nil || sum != nothing {
		return err
	}
	return p.job.Record.SetMeta(ctx, map[string]string{noteMade: unsure, noteName: p.Name})
}

// name is what the new dataset is called now.
func (p *Plan) name(ctx context.Context) (string, error) {
	made, err := p.job.Target.DatasetByID(ctx, p.made.ID().ObjectID().Hex())
	if err != nil {
		return "", err
	}
	p.made, p.Name = made, made.Name()
	return p.Name, nil
}

// Verify looks at every object that the new dataset names. Paths of files that were
// not there are left out. What was sent vouches for a row if it was for the row that
// this one is a copy of: history must be of the folder with the ledgers of the lift.
func (p *Plan) Verify(ctx context.Context, open func(ctx context.Context, url string) (bucket.Location, error), history *ledger.History) (verify.Report, error) {
	sent, err := history.Of(ctx, ledger.DatabaseKey(p.job.Target.Name(), p.made.ID().ObjectID().Hex()), "")
	if err != nil {
		return verify.Report{}, err
	}
	where, err := p.job.Upload.Ledger.Where(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	report, err := verify.Verify(ctx, verify.Job{
		Dataset: p.made, Open: open, Sent: sent.Sent, Needed: sent.Needed,
	}, verify.Options{
		SentOnly: true, Also: p.opts.Upload.Fields,
		Except: func(ctx context.Context, path string) (bool, error) {
			if localfile.IsRemote(path) {
				return false, nil
			}
			held, err := where.Holds(ctx, path)
			return !held, err
		},
		Progress: func(v verify.Progress) { p.opts.Progress(Progress{"verifying", v.Done, v.Total}) },
	})
	return report, errors.Join(err, where.Close())
}

// Finish notes that nothing is left to do.
func (p *Plan) Finish(ctx context.Context) error {
	return p.job.Record.SetMeta(ctx, map[string]string{noteDone: "yes"})
}
