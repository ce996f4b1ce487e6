package lift

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/localfile"
)

// A trimmed source is one without what stays behind.
type trimmed struct {
	dataset.Source
	withoutRuns bool
}

func (p *Plan) source() trimmed { return trimmed{p.job.Source, p.job.WithoutRuns} }

// Manifest implements dataset.Source.
func (t trimmed) Manifest(ctx context.Context) (dataset.Manifest, error) {
	m, err := t.Source.Manifest(ctx)
	if err != nil || !t.withoutRuns {
		return m, err
	}
	elems, err := m.Doc.Elements()
	if err != nil {
		return m, fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	var doc bson.D
	for _, e := range elems {
		value := any(e.Value())
		for _, family := range dataset.Families() {
			if e.Key() == string(family) && e.Value().Type == bson.TypeEmbeddedDocument {
				value = bson.D{}
			}
		}
		doc = append(doc, bson.E{Key: e.Key(), Value: value})
	}
	m.Panels = nil // they are about runs
	m.Doc, err = bson.Marshal(doc)
	return m, err
}

// A panelless source has no stores of panels.
type panelless struct{ dataset.Source }

// Manifest implements dataset.Source.
func (s panelless) Manifest(ctx context.Context) (dataset.Manifest, error) {
	m, err := s.Source.Manifest(ctx)
	m.Panels = nil
	return m, err
}

// A mapped source yields documents whose media are where they have arrived.
type mapped struct {
	trimmed
	finder *dataset.Finder
	where  *ledger.Where
	sum    *digest
	// count is what an export directory can do.
	count func(ctx context.Context, part dataset.Part) (int64, error)
	// over says why a document does not fit into the target any more, empty if it does.
	over func(part dataset.Part, before, after bson.Raw) string
	kept []ledger.Misfit
	// values counts those that were changed, left those that stay local.
	values, left int64
	// found are the saved views that follow; original is the manifest without that.
	found    []savedview.Finding
	original dataset.Manifest
}

// mapped returns the source as it is copied; it is to be closed.
func (p *Plan) mapped(ctx context.Context) (*mapped, error) {
	m := &mapped{trimmed: p.source(), sum: newDigest(), over: p.writer.Over}
	if p.opts.Upload.UpdateViews {
		m.found = p.Found
	}
	manifest, err := m.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	if m.finder, err = dataset.NewFinder(manifest, p.opts.Upload.Fields); err != nil {
		return nil, err
	}
	if p.job.Files != nil {
		m.count = p.job.Files.Count
	}
	m.where, err = p.job.Upload.Ledger.Where(ctx)
	return m, err
}

var _ importer.Source = (*mapped)(nil)

// Count implements importer.Source.
func (m *mapped) Count(ctx context.Context, part dataset.Part) (int64, error) {
	return m.count(ctx, part)
}

// Manifest implements dataset.Source.
func (m *mapped) Manifest(ctx context.Context) (dataset.Manifest, error) {
	original, err := m.trimmed.Manifest(ctx)
	if err != nil {
		return original, err
	}
	m.original = original
	return savedview.Revised(original, m.found)
}

// Documents implements dataset.Source.
func (m *mapped) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		for doc, err := range m.trimmed.Documents(ctx, part) {
			if err == nil {
				m.sum.add(part, doc)
				doc, err = m.place(ctx, part, doc)
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// place gives the media of a document their new paths. What the plan does not know,
// somebody has added since.
func (m *mapped) place(ctx context.Context, part dataset.Part, doc bson.Raw) (bson.Raw, error) {
	if part != dataset.Samples && part != dataset.Frames {
		return doc, nil
	}
	found, err := m.finder.Find(part, doc)
	if err != nil {
		return nil, err
	}
	var sets []dataset.Set
	for _, f := range found {
		if f.Missing || f.Value == "" || localfile.IsRemote(f.Value) {
			continue
		}
		url, place, err := m.where.Is(ctx, f.Value)
		switch {
		case err != nil:
			return nil, err
		case place == ledger.AtURL:
			sets = append(sets, dataset.Set{At: f.At, Old: f.Value, New: url})
		case place == ledger.NotThere:
			m.left++
		case place == ledger.Pending:
			return nil, fmt.Errorf("%w: %q of %s", ErrPending, f.Value, ledger.IDText(doc.Lookup("_id")))
		default:
			return nil, fmt.Errorf("%w: %s of %s is %q, which was not there when the lift was planned",
				dataset.ErrChanged, f.Field, ledger.IDText(doc.Lookup("_id")), f.Value)
		}
	}
	placed, err := dataset.Replace(doc, sets)
	if err != nil {
		return nil, err
	}
	if why := m.over(part, doc, placed); why != "" {
		id := doc.Lookup("_id")
		m.kept = append(m.kept, ledger.Misfit{Part: part, Doc: bson.RawValue{Type: id.Type, Value: slices.Clone(id.Value)}, Reason: why})
		return doc, nil
	}
	m.values += int64(len(sets))
	return placed, nil
}

func (m *mapped) close() error { return m.where.Close() }
