// Package dirstore keeps a dataset in a directory, in the layout that
// fiftyone.types.FiftyOneDataset exports and imports: metadata.json, and
// samples.json or a directory samples of one file a document, likewise frames.
//
// [Open] reads such a directory and changes single paths in place, byte for
// byte; [Create] writes a new one.
package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

const (
	metadataFile = "metadata.json"
	jsonSuffix   = ".json"
)

// A Store is an export directory. It holds no open files; its methods may be
// used at the same time as long as at most one of them is Update.
type Store struct{ dir string }

// Open checks that dir is an export that can be read. A directory that does not
// exist is os.ErrNotExist, one that holds no dataset dataset.ErrNotDataset, and
// one of FiftyOne before 0.8 or with media references dataset.ErrUnsupported.
func Open(dir string) (*Store, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("opening dataset: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%w: %q is no directory", dataset.ErrNotDataset, dir)
	}
	s := &Store{dir: dir}
	m, err := s.Manifest(context.Background())
	if err != nil {
		return nil, err
	}
	if m.Version() == "" {
		return nil, fmt.Errorf("%w: %q names no version: written by FiftyOne older than 0.8 (legacy layout)",
			dataset.ErrUnsupported, s.path(metadataFile))
	}
	if m.HasMediaReferences() {
		return nil, fmt.Errorf("%w: %q refers to its media by media references", dataset.ErrUnsupported, dir)
	}
	if l, err := s.layout(dataset.Samples); err != nil {
		return nil, err
	} else if l.kind == absent {
		return nil, fmt.Errorf("%w: neither %q nor the directory %q exists", dataset.ErrMalformed,
			s.path("samples.json"), s.path("samples"))
	}
	return s, nil
}

// Dir is the directory as given to Open.
func (s *Store) Dir() string { return s.dir }

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// Manifest reads metadata.json and the sidecar.
func (s *Store) Manifest(ctx context.Context) (dataset.Manifest, error) {
	if err := ctx.Err(); err != nil {
		return dataset.Manifest{}, err
	}
	path := s.path(metadataFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return dataset.Manifest{}, fmt.Errorf("%w: there is no %q in %q", dataset.ErrNotDataset, metadataFile, s.dir)
	}
	if err != nil {
		return dataset.Manifest{}, fmt.Errorf("reading the dataset's metadata: %w", err)
	}
	doc, err := extjson.Decode(nil, text)
	if err != nil {
		return dataset.Manifest{}, readError(path, 0, err)
	}
	m := dataset.Manifest{}
	if m.Doc, m.Problems, err = referred(doc); err != nil {
		return m, readError(path, 0, err)
	}
	s.noteResults(&m)
	if err := s.noteIDs(&m); err != nil {
		return m, err
	}
	return m, s.readSidecar(&m)
}

// Result opens the results of a run, or fails with dataset.ErrNoResult.
func (s *Store) Result(ctx context.Context, run dataset.Run) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, ok := resultFile(run)
	if !ok {
		return nil, fmt.Errorf("%w: %q", dataset.ErrNoResult, run.Key)
	}
	// FiftyOne never writes a link here; one that leads elsewhere would bring in
	// whatever JSON lies there.
	at, err := s.spot(s.path(name))
	var f *os.File
	if err == nil {
		defer at.root.Close()
		f, err = at.root.Open(at.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q", dataset.ErrNoResult, run.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("opening run results: %w", err)
	}
	return &resultReader{f: f, complete: extjson.Complete(f)}, nil
}

// A resultReader fails at the end of results that are not whole.
type resultReader struct {
	f        *os.File
	complete io.Reader
}

// Read implements io.Reader.
func (r *resultReader) Read(p []byte) (int, error) {
	n, err := r.complete.Read(p)
	if err != nil && err != io.EOF {
		err = readError(r.f.Name(), 0, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *resultReader) Close() error { return r.f.Close() }

// resultFile is the file of a run's results below the dataset's directory;
// false for a key that can name none.
func resultFile(run dataset.Run) (string, bool) {
	dir := ""
	switch run.Family {
	case dataset.AnnotationRuns:
		dir = "annotations"
	case dataset.BrainMethods:
		dir = "brain"
	case dataset.Evaluations:
		dir = "evaluations"
	case dataset.CustomRuns:
		dir = "runs"
	}
	name := run.Key + jsonSuffix
	if dir == "" || dataset.ElementFault(run.Key) != "" || !filepath.IsLocal(name) {
		return "", false
	}
	return filepath.Join(dir, name), true
}

// A layout says where the documents of a part are.
type layout struct {
	kind layoutKind
	path string
}

type layoutKind int

const (
	absent   layoutKind = iota
	oneFile             // samples.json
	manyFile            // samples/*.json
)

// layout looks for a part's documents. Where both a file and a directory exist,
// FiftyOne reads the file.
func (s *Store) layout(part dataset.Part) (layout, error) {
	if part == dataset.Views {
		return layout{kind: oneFile, path: s.path(metadataFile)}, nil
	}
	path := s.path(string(part) + jsonSuffix)
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return layout{kind: oneFile, path: path}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return layout{}, fmt.Errorf("looking for %s: %w", part, err)
	}
	if part == dataset.Tags {
		return layout{}, nil
	}
	path = s.path(string(part))
	info, err = os.Stat(path)
	if err == nil && info.IsDir() {
		return layout{kind: manyFile, path: path}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return layout{}, fmt.Errorf("looking for %s: %w", part, err)
	}
	return layout{}, nil
}

// documentFiles lists the files of a directory of documents in FiftyOne's
// order, which is that of their names.
func documentFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing documents: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, jsonSuffix) && name[0] != '.' && !e.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}

// readError says what went wrong while reading path; base is where in it the
// text that err counts from begins.
func readError(path string, base int64, err error) error {
	var syntax *extjson.SyntaxError
	if errors.As(err, &syntax) {
		moved := *syntax
		moved.Offset += base
		return fmt.Errorf("reading %q: %w: %w", path, dataset.ErrMalformed, &moved)
	}
	return fmt.Errorf("reading %q: %w", path, err)
}
