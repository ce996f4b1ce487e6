package rewrite

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// NewPlan reads the dataset and writes the plan to the ledger. What must not
// happen is a *dataset.Refusal; the plan of an earlier invocation stands then,
// and nothing was changed. With a Refusal NewPlan also returns what it counted
// up to there, which cannot be committed.
func NewPlan(ctx context.Context, job Job, opts Options) (*Plan, error) {
	p := &Plan{job: job, opts: opts.withDefaults()}
	draft, err := job.Ledger.Draft(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{Plan: p, draft: draft, mapping: newMapping(job.Maps), fields: map[string]int{}}
	if err := b.build(ctx); err != nil {
		err = errors.Join(err, draft.Discard())
		var refusal *dataset.Refusal
		if !errors.As(err, &refusal) {
			return nil, err
		}
		p.refused = true
		return p, err
	}
	if err := draft.Commit(ctx); err != nil {
		return nil, err
	}
	if p.Views, err = job.Ledger.Views(ctx, job.Dataset); err != nil {
		return nil, fmt.Errorf("looking at saved views: %w", err)
	}
	return p, nil
}

// Commit gives every planned value its new path. The old ones are durable in
// the ledger before the dataset is touched.
func (p *Plan) Commit(ctx context.Context) (ledger.Applied, error) {
	if p.refused {
		return ledger.Applied{}, errors.New("a refused plan was to be committed")
	}
	if err := p.job.Ledger.AttemptAll(ctx); err != nil {
		return ledger.Applied{}, err
	}
	if p.opts.UpdateViews {
		var err error
		if p.Views, err = p.job.Ledger.AttemptViews(ctx, p.job.Dataset); err != nil {
			return ledger.Applied{}, fmt.Errorf("looking at saved views: %w", err)
		}
	}
	p.opts.Progress(Progress{Phase: "rewriting", Total: p.Rewritten})
	applied, err := p.job.Ledger.Apply(ctx, p.job.Dataset)
	if err != nil {
		return applied, fmt.Errorf("rewriting paths: %w", err)
	}
	return applied, nil
}

// A builder makes one plan.
type builder struct {
	*Plan
	draft   *ledger.Draft
	mapping mapping
	fields  map[string]int // place in Fields
	groups  groups
	refusal dataset.Refusal
	odd     string // an http URL that holds what a browser would misread
	oddRows int64

	manifest dataset.Manifest
}

// build runs the passes of a plan. Each collects everything that it refuses,
// and the next one only starts on what the one before let through.
func (b *builder) build(ctx context.Context) error {
	passes := []func(context.Context) error{b.scan, b.later, b.again, b.summarize, b.explain, b.matched, b.converge, b.unique, b.check}
	for _, pass := range passes {
		if err := pass(ctx); err != nil {
			return err
		}
		if b.refusal.Total > 0 {
			return &b.refusal
		}
	}
	return nil
}

// refuse notes a row that keeps the plan from being carried out.
func (b *builder) refuse(reason, hint string, p dataset.Problem) {
	if b.refusal.Total == 0 {
		b.refusal.Reason, b.refusal.Hint = reason, hint
	}
	b.refusal.Add(p)
}

func (b *builder) warn(format string, args ...any) {
	b.Warnings = append(b.Warnings, fmt.Sprintf(format, args...))
}

// scan asks the maps about every selected media value.
func (b *builder) scan(ctx context.Context) error {
	manifest, err := b.job.Dataset.Manifest(ctx)
	if err != nil {
		return err
	}
	finder, err := dataset.NewFinder(manifest, b.opts.Fields)
	if err != nil {
		return err
	}
	for _, f := range finder.Fields() {
		b.field(f.Name)
	}
	for _, m := range b.job.Maps {
		b.Maps = append(b.Maps, MapReport{Spec: m.Spec, Examples: []Example{}})
	}
	strays := &dataset.Strays{}
	if err := b.rows(ctx, finder.Watching(strays)); err != nil {
		return err
	}
	if b.Strays, err = strays.Find(finder, isFile); err != nil {
		return err
	}
	b.manifest = manifest
	return nil
}

// isFile reports whether an absolute path names a file of this machine.
func isFile(path string) (is, sent bool, err error) {
	if !localfile.IsAbsolute(path) {
		return false, false, nil
	}
	var resolver localfile.Resolver
	_, err = resolver.Resolve(path)
	return err == nil, false, nil
}

// read hands each every media value that is not empty. It may be at work in a
// goroutine of its own: what it counts belongs to it until it has returned.
func (b *builder) read(ctx context.Context, finder *dataset.Finder, each func(dataset.Row) error) error {
	for _, part := range dataset.MediaParts() {
		seq := int64(-1)
		for row, err := range b.job.Dataset.Rows(ctx, part, finder) {
			if err != nil {
				return err
			}
			if row.Seq != seq {
				seq = row.Seq
				if b.Rows++; b.Rows%1000 == 0 {
					b.opts.Progress(Progress{Phase: "reading", Done: b.Rows})
				}
			}
			if row.Missing || row.Value == "" {
				b.Skipped++
				continue
			}
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// summarize draws up what the counts mean for the user.
func (b *builder) summarize(context.Context) error {
	for _, g := range b.groups.sorted() {
		b.Prefixes = append(b.Prefixes, g.PrefixReport)
	}
	if b.Skipped > 0 {
		b.warn("%d values are empty or samples without a filepath, and are left alone", b.Skipped)
	}
	if b.oddRows > 0 {
		b.warn("%d new http paths hold a space, \"#\" or \"%%\", which may have to be percent-encoded, for example %q", b.oddRows, b.odd)
	}
	for _, p := range b.mapping.prefixes {
		if p.idle {
			b.warn("%s moves nothing: what it would move is where %s moves paths to, and counts as moved",
				b.job.Maps[p.by].Spec, b.job.Maps[p.shadow].Spec)
		}
	}
	return nil
}

func (b *builder) field(name string) *FieldReport {
	i, ok := b.fields[name]
	if !ok {
		i = len(b.Fields)
		b.fields[name] = i
		b.Fields = append(b.Fields, FieldReport{Field: name})
	}
	return &b.Fields[i]
}

// explain refuses the doubtful paths that no earlier run made what they are.
func (b *builder) explain(ctx context.Context) error {
	left, total, err := b.draft.Explain(ctx, b.job.Ledgers, dataset.KeptProblems)
	if err != nil {
		return err
	}
	for _, v := range left {
		b.refuse("paths that may have been moved already, or not: they are where a map moves paths to and below what a map moves",
			"if all of them were moved, add --already-moved; if not, rewrite them with a regexp map that tells them apart",
			dataset.Problem{Kind: "ambiguous", ID: v.DocID(), Field: v.Field, Path: v.Old,
				Hint: "no earlier run of this dataset is known to have moved it here"})
	}
	b.refusal.Total = max(b.refusal.Total, total)
	return nil
}

// matched refuses unmatched paths, and a rewrite that has nothing to do with
// the dataset.
func (b *builder) matched(context.Context) error {
	reason, hint := "paths that no map matches", "add a --map for them, or leave them as they are with --unmatched keep"
	none := b.Rewritten == 0 && b.Already == 0
	if none {
		reason, hint = "no path is matched by any map", "compare the maps with the paths listed; a prefix is matched in whole path elements"
	}
	if b.groups.mangled {
		hint += "; some are URLs that FiftyOne took for relative paths: --map " + localfile.MangledMap + " mends these"
	}
	if !none && b.opts.KeepUnmatched {
		if b.groups.mangled {
			b.warn("some paths that stay are URLs that FiftyOne took for relative paths: --map %s mends these", localfile.MangledMap)
		}
		return nil
	}
	if none && b.Values == 0 {
		b.refusal.Err = ErrNoPaths
		b.refuse("no path is matched by any map: there is no media path", "see medialift info, and --media-field",
			dataset.Problem{Kind: "unmatched", Hint: "the dataset has no value in these media fields"})
		return nil
	}
	if none && b.opts.KeepUnmatched {
		b.refusal.Err = ErrKeptAll
	}
	for _, g := range b.groups.sorted() {
		problem := g.problem
		problem.Hint = fmt.Sprintf("%d values below %s", g.Rows, g.Prefix)
		if near := b.mapping.nearly(problem.Path); near >= 0 {
			problem.Hint += fmt.Sprintf("; %s misses it by letter case or Unicode form alone", b.Maps[near].Spec)
		}
		b.refuse(reason, hint, problem)
	}
	b.refusal.Total = b.Unmatched
	return nil
}
