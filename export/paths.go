package export

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/localfile"
)

// paths decides what the paths of samples become, and copies their media. Only those
// that FiftyOne's importer makes absolute again become relative; others stay as they
// are, and so do all of frames.
type paths struct {
	opts     Options
	finder   *dataset.Finder
	restorer *restorer
	media    *media // nil if none are copied

	fields       map[string]*Field
	files, bytes int64
	outside      int64 // paths that are not below RelDir
	remote       int64
}

// framesPrefix begins the names of fields of frames.
const framesPrefix = "frames."

func newPaths(ctx context.Context, src dataset.Source, m dataset.Manifest, finder *dataset.Finder, opts Options) (*paths, error) {
	p := &paths{opts: opts, finder: finder, fields: map[string]*Field{}}
	if !p.relative() {
		return p, nil
	}
	var err error
	if p.restorer, err = newRestorer(ctx, src, finder, opts, m.Counts[dataset.Samples]); err != nil {
		return nil, err
	}
	opts.Planned(p.planned())
	if opts.Media {
		p.media, err = planMedia(ctx, src, m, finder, p.restorer, opts)
	}
	return p, err
}

// relative reports whether any path may become relative.
func (p *paths) relative() bool { return p.opts.Media || p.opts.RelDir != "" }

// planned is what becomes of the fields. Those of frames have no numbers yet.
func (p *paths) planned() []Field {
	list := p.restorer.fields()
	for _, f := range p.finder.Fields() {
		if strings.HasPrefix(f.Name, framesPrefix) {
			list = append(list, Field{Name: f.Name, Why: inFrame.why()})
		}
	}
	return list
}

func (p *paths) close() error {
	if p.media == nil {
		return nil
	}
	return p.media.close()
}

// place copies the media into the directory that is being made.
func (p *paths) place(ctx context.Context, w *dirstore.Writer) error {
	if p.media == nil {
		return nil
	}
	var err error
	p.files, p.bytes, err = p.media.copy(ctx, w.Root())
	return err
}

// edit gives a document its paths.
func (p *paths) edit(part dataset.Part, doc bson.Raw) (bson.Raw, error) {
	if part == dataset.Tags || !p.relative() {
		return doc, nil
	}
	if part == dataset.Samples {
		if field, ok := p.restorer.same(doc); !ok {
			return nil, fmt.Errorf("%w: %s holds a document of another class since its paths were planned", dataset.ErrChanged, field)
		}
	}
	found, err := p.finder.Find(part, doc)
	if err != nil {
		return nil, err
	}
	var sets []dataset.Set
	for _, f := range found {
		if f.Missing || f.Value == "" {
			continue
		}
		to, err := p.becomes(part, f)
		if err != nil {
			return nil, err
		}
		if to != f.Value {
			sets = append(sets, dataset.Set{At: f.At, Old: f.Value, New: to})
		}
	}
	return dataset.Replace(doc, sets)
}

// becomes is the path that stands in the export.
func (p *paths) becomes(part dataset.Part, f dataset.Found) (string, error) {
	if localfile.IsRemote(f.Value) {
		p.remote++
		return f.Value, nil
	}
	rel, inside := below(p.opts.RelDir, f.Value)
	if p.opts.RelDir != "" && !inside {
		p.outside++
		return f.Value, nil
	}
	field := p.fields[f.Field]
	if field == nil {
		field = &Field{Name: f.Field}
		p.fields[f.Field] = field
	}
	if part != dataset.Samples || !p.restorer.restores(f) {
		at := inFrame
		if part == dataset.Samples {
			at, _ = placeOf(f)
		}
		field.Absolute++
		field.Why = max(field.Why, at.why())
		return f.Value, nil
	}
	field.Relative++
	if p.media != nil {
		return p.media.name(f)
	}
	return rel, nil
}

// sink is w with what FiftyOne's importer needs to make relative paths absolute
// again: it looks at filepaths, and at the fields that have a directory.
func (p *paths) sink(w *dirstore.Writer) dataset.Sink { return relativeSink{Writer: w, paths: p} }

type relativeSink struct {
	*dirstore.Writer
	paths *paths
}

// Commit implements dataset.Sink.
func (s relativeSink) Commit(ctx context.Context, final dataset.Manifest) error {
	for name, field := range s.paths.fields {
		if field.Relative == 0 || name == dataset.FilepathField {
			continue
		}
		if err := s.Root().MkdirAll(filepath.Join("fields", name), 0o777); err != nil {
			return fmt.Errorf("creating a dataset: %w", err)
		}
	}
	return s.Writer.Commit(ctx, final)
}

func (p *paths) warnings() []string {
	var list []string
	for _, f := range sortedFields(p.fields) {
		if f.Absolute == 0 {
			continue
		}
		text := fmt.Sprintf("%d paths of %s stay absolute: FiftyOne's importer would not make them absolute again (%s)", f.Absolute, f.Name, f.Why)
		if p.media != nil {
			text += "; their files are not copied"
		}
		list = append(list, text)
	}
	if p.outside > 0 {
		list = append(list, fmt.Sprintf("%d paths are not below %s and stay as they are", p.outside, p.opts.RelDir))
	}
	if p.media != nil && p.remote > 0 {
		list = append(list, fmt.Sprintf("%d paths are URLs: their media are not copied", p.remote))
	}
	if p.media != nil {
		list = append(list, p.media.warnings...)
	}
	return list
}
