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

// SidecarFile holds what FiftyOne's own exports lose: the indexes that users
// made. FiftyOne's importer passes over it. It is written where there is
// something to keep.
const SidecarFile = "medialift.json"

// sidecarFormat is the layout of the sidecar.
const sidecarFormat = 1

// writeSidecar writes {"format": 1, "dataset": _id, "indexes": [{"part": …,
// "spec": …}]}.
func (w *Writer) writeSidecar(m dataset.Manifest) error {
	if len(m.Indexes) == 0 {
		return nil
	}
	indexes := bson.A{}
	for _, index := range m.Indexes {
		indexes = append(indexes, bson.D{{Key: "part", Value: string(index.Part)}, {Key: "spec", Value: index.Spec}})
	}
	doc, err := bson.Marshal(bson.D{{Key: "format", Value: int32(sidecarFormat)}, {Key: "dataset", Value: m.Doc.Lookup("_id")}, {Key: "indexes", Value: indexes}})
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
