package dirstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// SidecarFile holds what FiftyOne's own exports lose: the indexes that users made, the
// stores of panels, and the ontologies of label schemas. FiftyOne's importer passes over it. It is written where there is
// something to keep.
const SidecarFile = "medialift.json"

// Keys of the sidecar besides the indexes.
const (
	panelsKey     = "panels"
	ontologiesKey = "ontologies"
)

// sidecarFormat is the layout of the sidecar.
const sidecarFormat = 1

// writeSidecar writes {"format": 1, "dataset": _id, "indexes": [{"part": …,
// "spec": …}], "panels": […], "ontologies": […]}. Of the last two each document is
// binary: what plugins keep may look like extended JSON.
func (w *Writer) writeSidecar(m dataset.Manifest) error {
	if len(m.Indexes)+len(m.Panels)+len(m.Ontologies) == 0 {
		return nil
	}
	indexes := bson.A{}
	for _, index := range m.Indexes {
		indexes = append(indexes, bson.D{{Key: "part", Value: string(index.Part)}, {Key: "spec", Value: index.Spec}})
	}
	fields := bson.D{{Key: "format", Value: int32(sidecarFormat)}, {Key: "dataset", Value: m.Doc.Lookup("_id")}, {Key: "indexes", Value: indexes}}
	for _, more := range []struct {
		key  string
		docs []bson.Raw
	}{{panelsKey, m.Panels}, {ontologiesKey, m.Ontologies}} {
		if len(more.docs) == 0 {
			continue
		}
		list := bson.A{}
		for _, doc := range more.docs {
			list = append(list, bson.Binary{Data: doc})
		}
		fields = append(fields, bson.E{Key: more.key, Value: list})
	}
	doc, err := bson.Marshal(fields)
	if err != nil {
		return fmt.Errorf("writing %q: %w", SidecarFile, err)
	}
	return w.writeDocument(SidecarFile, doc)
}

// readSidecar adds to m what the sidecar knows. A sidecar of another dataset, as
// FiftyOne leaves behind when it exports into a directory that has one, is a
// problem of m and nothing else.
func (s *Store) readSidecar(m *dataset.Manifest) error {
	path := s.path(SidecarFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the dataset's indexes: %w", err)
	}
	doc, err := extjson.Decode(nil, text)
	if err != nil {
		return readError(path, 0, err)
	}
	if format, _ := doc.Lookup("format").AsInt64OK(); format != sidecarFormat {
		return fmt.Errorf("%w: %q is of a format that is not known here", dataset.ErrUnsupported, path)
	}
	if !doc.Lookup("dataset").Equal(m.Doc.Lookup("_id")) {
		m.Problems = append(m.Problems, dataset.Problem{Kind: "sidecar", Path: path,
			Hint: "it belongs to another dataset than metadata.json; its indexes are left out"})
		return nil
	}
	for key, into := range map[string]*[]bson.Raw{panelsKey: &m.Panels, ontologiesKey: &m.Ontologies} {
		if *into, err = binaries(doc, key); err != nil {
			return fmt.Errorf("reading %q: %w", path, err)
		}
	}
	list, ok := doc.Lookup("indexes").ArrayOK()
	if !ok {
		return nil
	}
	values, err := list.Values()
	if err != nil {
		return fmt.Errorf("reading %q: %w: %w", path, dataset.ErrMalformed, err)
	}
	for _, v := range values {
		one, _ := v.DocumentOK()
		spec, ok := one.Lookup("spec").DocumentOK()
		part, _ := one.Lookup("part").StringValueOK()
		if _, named := spec.Lookup("name").StringValueOK(); !ok || !named || part != string(dataset.Samples) && part != string(dataset.Frames) {
			return fmt.Errorf("reading %q: %w: %s is no index of samples or frames", path, dataset.ErrMalformed, v)
		}
		m.Indexes = append(m.Indexes, dataset.Index{Part: dataset.Part(part), Spec: spec})
	}
	return nil
}

// binaries reads the documents of a list.
func binaries(doc bson.Raw, key string) (docs []bson.Raw, err error) {
	value := doc.Lookup(key)
	if value.Type == 0 {
		return nil, nil
	}
	list, ok := value.ArrayOK()
	if !ok {
		return nil, fmt.Errorf("%w: %s is not a list", dataset.ErrMalformed, key)
	}
	values, err := list.Values()
	for _, v := range values {
		_, data, ok := v.BinaryOK()
		raw := bson.Raw(data)
		if !ok || raw.Validate() != nil {
			return nil, fmt.Errorf("%w: %s holds something else than documents", dataset.ErrMalformed, key)
		}
		docs = append(docs, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	return docs, nil
}

// writeDocument writes one document as a file of the directory.
func (w *Writer) writeDocument(name string, doc bson.Raw) error {
	text, err := extjson.Append(nil, doc)
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return createFile(w.stage, name, func(f io.Writer) error {
		_, err := f.Write(text)
		return err
	})
}
