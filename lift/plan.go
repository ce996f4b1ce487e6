package lift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/dbmigrate/arrival"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// A Plan is what a lift is going to do.
type Plan struct {
	// Upload is the plan of the sending.
	Upload *upload.Plan
	// Name is that of the new dataset.
	Name string
	// Samples, Frames, Views and Runs are how much of each the dataset has; the
	// first two are 0 where nobody knows without reading them.
	Samples, Frames int64
	Views, Runs     int
	// Version is the dataset's; To is the one that it gets, the target's or, where
	// that is one that nothing is known of, the newest that is.
	Version, To string
	// Losses says in words what a downgrade to To deletes.
	Losses []string
	// Unopenable says why the FiftyOne of To can't open the new dataset, or a part of it.
	Unopenable []string
	// Found are the saved views that choose by paths.
	Found []savedview.Finding
	// Warnings are sentences about what is allowed but may surprise.
	Warnings []string
	// Left names what belongs to the dataset and is not carried over.
	Left []string
	// Bytes is about what the documents take, Room what is free on the target's disk;
	// 0 where it is not known.
	Bytes, Room int64
	// Copied tells that the dataset is in the target already, and Done that the whole
	// lift was carried out before and the source is still what it was then.
	Copied, Done bool

	// Kept are the documents that have the paths that they had in the source: MongoDB
	// cannot hold them with those of their objects. They are known after Import, and
	// the values in the ledger of the sending are marked.
	Kept []ledger.Misfit

	job  Job
	opts Options
	// made is the new dataset, once it is there.
	made *mongostore.Store
	// writer makes it otherwise.
	writer *mongostore.Writer
	// way is the one to the version To, and brought what it took, before it was visible.
	way     *arrival.Way
	brought arrival.Brought
}

// NewPlan plans a lift; it writes to its ledgers alone. What must not happen is a
// *dataset.Refusal, or one of mongostore's errors.
func NewPlan(ctx context.Context, job Job, opts Options) (*Plan, error) {
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	p := &Plan{job: job, opts: opts}
	m, err := p.job.Source.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	if p.Name = job.Name; p.Name == "" {
		p.Name = m.Name()
	}
	if err := p.findMade(ctx); err != nil {
		return nil, err
	}
	p.way = arrival.Begin(job.Target, m.Version())
	if err := p.check(ctx, m); err != nil {
		return nil, err
	}
	p.count(m)
	if err := p.leave(ctx, m); err != nil {
		return nil, err
	}
	if err := p.versions(ctx); err != nil {
		return nil, err
	}
	if err := p.sound(ctx, m); err != nil {
		return nil, err
	}
	opts.Upload.Rewrites = upload.RewritesCopy
	if p.Upload, err = upload.NewPlan(ctx, job.Upload, opts.Upload); err != nil {
		return nil, err
	}
	if p.made == nil {
		if p.Found, err = job.Upload.Ledger.Views(ctx, job.Upload.Dataset); err != nil {
			return nil, err
		}
	}
	if err := p.stray(); err != nil {
		return nil, err
	}
	if err := p.compare(ctx); err != nil {
		return nil, err
	}
	if err := p.recall(ctx); err != nil {
		return nil, err
	}
	return p, job.Record.SetMeta(ctx, map[string]string{noteUpload: job.Upload.Ledger.Name()})
}

// findMade looks for what an earlier invocation made.
func (p *Plan) findMade(ctx context.Context) error {
	id, err := p.job.Record.Meta(ctx, noteID)
	if err != nil || id == nothing {
		return err
	}
	made, err := p.job.Target.DatasetByID(ctx, id)
	if errors.Is(err, mongostore.ErrNotFound) {
		return nil // it never came to be, or was deleted since
	}
	if err == nil {
		p.made, p.Copied, p.Name = made, true, made.Name()
	}
	return err
}

// check looks at the target.
func (p *Plan) check(ctx context.Context, m dataset.Manifest) error {
	target := p.job.Target
	if err := target.MayWrite(ctx); err != nil {
		return err
	}
	if err := p.room(ctx); err != nil {
		return err
	}
	if p.made != nil {
		return nil
	}
	p.writer = target.New(p.job.Name, mongostore.NewOptions{CreateDatabase: p.job.CreateDatabase, Finish: p.settle, Version: p.way.To})
	return p.writer.Check(ctx, m)
}

// sound refuses documents that FiftyOne could not read in the target either, before
// anything is sent.
func (p *Plan) sound(ctx context.Context, m dataset.Manifest) error {
	if p.made != nil {
		return nil
	}
	unreadable, err := dataset.Unreadable(ctx, p.source(), m, func(n int64) {
		p.opts.Progress(Progress{Phase: "checking", Done: n, Total: p.Samples + p.Frames})
	})
	if err == nil && unreadable != nil {
		return unreadable
	}
	if err != nil || p.job.Files == nil || p.job.WithoutRuns {
		return err
	}
	for _, run := range m.Runs() { // a database knows by itself whether results are whole
		if err := p.whole(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// whole reads the results of a run to their end.
func (p *Plan) whole(ctx context.Context, run dataset.Run) error {
	r, err := p.source().Result(ctx, run)
	if errors.Is(err, dataset.ErrNoResult) {
		return nil
	}
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		err = errors.Join(err, r.Close())
	}
	if err != nil {
		return fmt.Errorf("reading the results of run %q: %w", run.Key, err)
	}
	return nil
}

func (p *Plan) count(m dataset.Manifest) {
	p.Samples, p.Frames = m.Counts[dataset.Samples], m.Counts[dataset.Frames]
	p.Views, p.Runs = len(m.Views()), len(m.Runs())
	for _, problem := range m.Problems {
		p.Warnings = append(p.Warnings, strings.Join(strings.Fields(problem.Field+" "+problem.Path), " ")+": "+problem.Hint)
	}
	for _, run := range m.External() {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the brain run %q keeps its vectors in %s, outside of the dataset: they are not carried over", run.Key, run.Backend))
	}
	if p.job.WithoutRuns {
		p.Runs = 0
		for _, name := range needy(m) {
			p.Warnings = append(p.Warnings, fmt.Sprintf("FiftyOne can't load the saved view %q without a run that is left behind", name))
		}
	}
}

// leave finds out what is not carried over.
func (p *Plan) leave(ctx context.Context, m dataset.Manifest) (err error) {
	if s, ok := p.job.Source.(interface {
		Apart(ctx context.Context) ([]string, error)
	}); ok {
		if p.Left, err = s.Apart(ctx); err != nil {
			return err
		}
	}
	if p.job.WithoutRuns && len(m.Panels) > 0 {
		p.Left = append(p.Left, "what panels keep about runs")
	}
	if p.writer != nil {
		p.Warnings = append(p.Warnings, p.writer.Notes()...)
	}
	return nil
}

// versions composes on paper the way of the dataset to the target's version.
func (p *Plan) versions(ctx context.Context) error {
	err := p.way.Plan(ctx, p.source())
	if refused := (*dataset.Refusal)(nil); err != nil && (p.made == nil || !errors.As(err, &refused)) {
		return err
	}
	p.Version, p.To, p.Unopenable = p.way.From, p.way.To, p.way.Unopenable
	if p.made == nil { // what is there has lost it
		p.Losses = p.way.Losses
	}
	p.Warnings = append(p.Warnings, p.way.Warnings...)
	return nil
}

// withoutPanels is the digest of the source as an older medialift made it: it did not
// carry the stores of panels.
func (p *Plan) withoutPanels(ctx context.Context) (string, error) {
	carried, err := p.job.Record.Meta(ctx, notePanels)
	if err != nil || carried != nothing {
		return "", err
	}
	now, _, err := digestOf(ctx, panelless{p.source()}, func(int64) {})
	return now, err
}

// compare finds out whether the source is still what was copied.
func (p *Plan) compare(ctx context.Context) error {
	if p.made == nil {
		return nil
	}
	before, err := p.job.Record.Meta(ctx, noteSource)
	if err != nil {
		return err
	}
	progress := func(n int64) { p.opts.Progress(Progress{Phase: "comparing", Done: n}) }
	now, docs, err := digestOf(ctx, p.source(), progress)
	if err != nil {
		return err
	}
	if now != before {
		now, err = p.withoutPanels(ctx)
	}
	if err != nil {
		return err
	}
	if now != before {
		return &dataset.Refusal{
			Reason: fmt.Sprintf("%q was lifted before, and the source has been changed since", p.Name),
			Hint: fmt.Sprintf("medialift undo %s deletes the lifted dataset if nobody has changed it, so that the same command lifts it anew; or lift under another --name",
				p.job.Record.Name()),
		}
	}
	done, err := p.job.Record.Meta(ctx, noteDone)
	if p.Done = done != nothing; err != nil || p.Done {
		return err
	}
	// Its process ended before it could say that all is there.
	_, there, err := digestOf(ctx, p.made, progress)
	if err == nil && there < docs {
		err = &dataset.Refusal{
			Reason: fmt.Sprintf("%q has %d of the %d documents that an interrupted lift copied", p.Name, there, docs),
			Hint:   "delete it in FiftyOne, then run the same command again",
		}
	}
	return err
}
