package upload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// A Plan is what an upload is going to do; it stands in the ledger.
type Plan struct {
	// Totals by media field.
	Totals []ledger.FieldTotal
	// Rows is the number of documents read, Remote that of media values that
	// are URLs already.
	Rows, Remote int64
	// Missing are the first values whose file is not there and that stay as
	// they are; MissingTotal counts them.
	Missing      []dataset.Problem
	MissingTotal int64
	// Assets is how many files go along that only 3D scenes need.
	Assets int64
	// MissingAssets are the first references in scenes, or in what they need, to
	// files that are not there; MissingAssetsTotal counts them. Scenes are sent
	// without these, and name them as before.
	MissingAssets      []dataset.Problem
	MissingAssetsTotal int64
	// Strays are the fields, of a sample of their values, that name local files and are
	// not sent, but for Options.LeaveFields.
	Strays []dataset.Stray
	// Warnings are sentences about what is allowed but may surprise.
	Warnings []string

	job  Job
	opts Options
	root map[int]bucket.Location // by field number
	// taken are the files, by ID, whose URL is that of rows already, for
	// another file as far as is known: only one of equal bytes may have it.
	taken map[int64]bool
	// openFile opens a file to send.
	openFile func(name string) (file, error)
}

// NewPlan reads the dataset and writes the plan to the ledger. What must not
// happen is a *dataset.Refusal; the plan of an earlier invocation stands then,
// and nothing was changed.
func NewPlan(ctx context.Context, job Job, opts Options) (*Plan, error) {
	p := &Plan{job: job, opts: opts.withDefaults(), root: map[int]bucket.Location{}, taken: map[int64]bool{}, openFile: openFile}
	draft, err := job.Ledger.Draft(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{Plan: p, draft: draft, fields: map[int]*field{}, refusal: &dataset.Refusal{}, strays: &dataset.Strays{}}
	if err := b.build(ctx); err != nil {
		return nil, errors.Join(err, draft.Discard())
	}
	if err := draft.Commit(ctx); err != nil {
		return nil, err
	}
	if p.Totals, err = job.Ledger.Totals(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// ToSend is how many objects the plan still has to send, and their bytes.
func (p *Plan) ToSend() (objects, bytes int64) {
	for _, t := range p.Totals {
		objects += t.ToSend
		bytes += t.ToSendBytes
	}
	return objects, bytes
}

// Values is how many media values the plan changes or, without Commit, would.
func (p *Plan) Values() int64 {
	var n int64
	for _, t := range p.Totals {
		n += t.Values
	}
	return n - p.MissingTotal
}

// A builder makes one plan.
type builder struct {
	*Plan
	draft    *ledger.Draft
	manifest dataset.Manifest
	finder   *dataset.Finder
	resolver localfile.Resolver
	fields   map[int]*field
	refusal  *dataset.Refusal
	refused  int64
	flaws    []flaw
	mangled  bool  // whether the refusal says so of paths
	scenes   int64 // that are sent without their assets
	roots    assetRoots
	strays   *dataset.Strays
}

// A field is a media field while its files are being placed.
type field struct {
	id   int
	name string
	root bucket.Location
	dir  string // below root, where the URL does not tell fields apart
	url  string
	all  string // what every URL in root starts with
	base string // what keys start from, in Tree without RelDirs
}

// place is where rel goes below the field's target, as a dataset would hold it.
func (f *field) place(rel string) string { return f.root.Naming.Base + f.root.Key(f.dir+rel) }

// build runs the passes of a plan. Each pass collects everything it refuses,
// and the next one only starts on what the one before let through.
func (b *builder) build(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	passes := []func(context.Context) error{b.scan, b.locate, b.stray, b.bases, b.assets, b.place, b.collide, b.nest, b.derive, b.unique}
	for _, pass := range passes {
		if err := errors.Join(pass(ctx), b.report(ctx)); err != nil {
			return err
		}
		if b.refusal.Total > 0 {
			return b.refusal
		}
	}
	return nil
}

func (b *builder) prepare(ctx context.Context) error {
	var err error
	if b.manifest, err = b.job.Dataset.Manifest(ctx); err != nil {
		return err
	}
	if err := b.leave(); err != nil {
		return err
	}
	if b.finder, err = dataset.NewFinder(b.manifest, b.opts.Fields); err != nil {
		return err
	}
	if b.resolver, err = localfile.New(b.job.Dir, b.opts.RelDirs); err != nil {
		return err
	}
	for _, r := range b.opts.RemoteDirs {
		if _, err := dataset.NewFinder(b.manifest, []string{r.Field}); err != nil {
			return err
		}
	}
	// Flag order decides whose target takes a file that several fields share.
	for _, name := range slices.Concat(b.opts.Fields, []string{""}) {
		one := b.finder
		if name != "" {
			if one, err = dataset.NewFinder(b.manifest, []string{name}); err != nil {
				return err
			}
		}
		for _, f := range one.Fields() {
			if err := b.open(ctx, f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// open makes the field of that name known, with its target, on first use.
func (b *builder) open(ctx context.Context, name string) error {
	id, err := b.draft.Field(ctx, name)
	if err != nil {
		return err
	}
	if b.fields[id] != nil {
		return nil
	}
	f := &field{id: id, name: name}
	var dir string
	if f.url, dir, err = b.target(name); err != nil {
		return err
	}
	f.dir = dir
	if f.root, err = b.job.Open(ctx, f.url); err != nil {
		return err
	}
	f.root = f.root.Enclosed()
	f.all = f.root.Naming.Base + f.root.Key("")
	if f.base, err = b.draft.Base(ctx, id); err != nil {
		return err
	}
	b.fields[id] = f
	b.root[id] = f.root
	return nil
}

// A flaw is a file that something is wrong with. Which row it stands in is
// only looked up when a pass is over.
type flaw struct {
	file      ledger.File
	kind, why string
	refused   bool
	asset     bool // of the file is what is not there
}

// refuse notes a file that keeps the plan from being carried out.
func (b *builder) refuse(reason, hint, kind string, f ledger.File, why string) {
	if b.refusal.Reason == "" {
		b.refusal.Reason, b.refusal.Hint = reason, hint
	}
	if b.refused++; b.refused <= dataset.KeptProblems {
		b.flaws = append(b.flaws, flaw{file: f, kind: kind, why: why, refused: true})
	}
}

// report turns the flaws of a pass into problems with their rows.
func (b *builder) report(ctx context.Context) error {
	for _, f := range b.flaws {
		v, err := b.draft.FirstValue(ctx, f.file.Path)
		if err != nil {
			return err
		}
		problem := dataset.Problem{
			Kind: f.kind, ID: v.DocID(), Field: v.Field, Path: v.Old, URL: f.file.URL, Hint: f.why,
		}
		if f.file.Refs == 0 && !strings.HasPrefix(f.why, itsAsset) {
			problem.Hint = fmt.Sprintf(itsAsset+" %q: %s", f.file.Path, f.why)
		}
		switch {
		case f.refused:
			b.refusal.Add(problem)
		case f.asset:
			b.MissingAssets = append(b.MissingAssets, problem)
		default:
			b.Missing = append(b.Missing, problem)
		}
	}
	b.flaws = nil
	b.refusal.Total = max(b.refusal.Total, b.refused)
	return nil
}
