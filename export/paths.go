package export

import (
	"context"
	"fmt"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/localfile"
)

// paths decides what the paths of samples become, and copies their media. Paths
// of frames stay as they are: FiftyOne's importer leaves them as it finds them.
type paths struct {
	opts   Options
	finder *dataset.Finder
	media  *media // nil if none are copied

	stripped     map[string]bool // fields other than filepath of which paths became relative
	files, bytes int64
	outside      int64 // paths that are not below RelDir
	remote       int64
}

func newPaths(ctx context.Context, src dataset.Source, m dataset.Manifest, finder *dataset.Finder, opts Options) (*paths, error) {
	p := &paths{opts: opts, finder: finder, stripped: map[string]bool{}}
	if !opts.Media {
		return p, nil
	}
	var err error
	p.media, err = planMedia(ctx, src, m, finder, opts)
	return p, err
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
	if part != dataset.Samples || p.media == nil && p.opts.RelDir == "" {
		return doc, nil
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
		to, err := p.becomes(f)
		if err != nil {
			return nil, err
		}
		if to != f.Value {
			sets = append(sets, dataset.Set{At: f.At, Old: f.Value, New: to})
		}
	}
	return dataset.Replace(doc, sets)
}

func (p *paths) becomes(f dataset.Found) (string, error) {
	if localfile.IsRemote(f.Value) {
		p.remote++
		return f.Value, nil
	}
	rel, inside := below(p.opts.RelDir, f.Value)
	if p.opts.RelDir != "" && !inside {
		p.outside++
		return f.Value, nil
	}
	if p.media != nil {
		return p.media.name(f)
	}
	if f.Field != dataset.FilepathField {
		p.stripped[f.Field] = true
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
	for field := range s.paths.stripped {
		if err := s.Root().MkdirAll(filepath.Join("fields", field), 0o777); err != nil {
			return fmt.Errorf("creating a dataset: %w", err)
		}
	}
	return s.Writer.Commit(ctx, final)
}

func (p *paths) warnings() []string {
	var list []string
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
