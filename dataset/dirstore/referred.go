package dirstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// referred returns the document of a dataset with nothing but documents among its
// saved views, workspaces and runs. Text, as FiftyOne before 0.19 wrote it, is decoded
// (fiftyone.utils.data.importers, _import_runs); a null, of which FiftyOne's own
// database knows nothing either, is left out and listed as a problem.
func referred(doc bson.Raw) (bson.Raw, []dataset.Problem, error) {
	keys := map[string]bool{"saved_views": true, "workspaces": true}
	for _, family := range dataset.Families() {
		keys[string(family)] = true
	}
	elements, err := doc.Elements()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	var problems []dataset.Problem
	var edited bson.D
	changed := false
	for _, e := range elements {
		value := any(e.Value())
		if keys[e.Key()] {
			inner, found, differs, err := documents(e)
			if err != nil {
				return nil, nil, err
			}
			problems = append(problems, found...)
			if differs {
				value, changed = inner, true
			}
		}
		edited = append(edited, bson.E{Key: e.Key(), Value: value})
	}
	if !changed {
		return doc, problems, nil
	}
	out, err := bson.Marshal(edited)
	return out, problems, err
}

// documents is what a list or a document of documents holds.
func documents(e bson.RawElement) (value any, problems []dataset.Problem, changed bool, err error) {
	inner, isDocument := e.Value().DocumentOK()
	if list, ok := e.Value().ArrayOK(); ok {
		inner = bson.Raw(list)
	} else if !isDocument {
		return nil, nil, false, nil
	}
	elements, err := inner.Elements()
	if err != nil {
		return nil, nil, false, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	kept := bson.D{}
	for _, one := range elements {
		v := one.Value()
		text, isText := v.StringValueOK()
		switch {
		case v.Type == bson.TypeNull:
			changed = true
			p := dataset.Problem{Kind: "dangling", Field: e.Key(), Hint: "the dataset holds null in its place: it is left out"}
			if isDocument {
				p.Path = one.Key()
			}
			problems = append(problems, p)
			continue
		case isText:
			changed = true
			doc, err := extjson.Decode(nil, []byte(text))
			if err != nil {
				return nil, nil, false, fmt.Errorf("%s %q: %w", e.Key(), one.Key(), err)
			}
			v = bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: doc}
		}
		kept = append(kept, bson.E{Key: one.Key(), Value: v})
	}
	if isDocument {
		return kept, problems, changed, nil
	}
	list := make(bson.A, 0, len(kept))
	for _, k := range kept {
		list = append(list, k.Value)
	}
	return list, problems, changed, nil
}

// noteResults adds to m the runs that have results of which no file is there.
func (s *Store) noteResults(m *dataset.Manifest) {
	for _, run := range m.Runs() {
		results := m.Doc.Lookup(string(run.Family), run.Key, "results")
		name, ok := resultFile(run)
		if results.Type == 0 || results.Type == bson.TypeNull || !ok {
			continue
		}
		if _, err := os.Lstat(s.path(name)); errors.Is(err, fs.ErrNotExist) {
			m.Problems = append(m.Problems, dataset.Problem{Kind: "dangling", Field: string(run.Family), Path: run.Key,
				Hint: fmt.Sprintf("there is no %q: the run is taken without results", filepath.ToSlash(name))})
		}
	}
}
