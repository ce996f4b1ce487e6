package dirstore

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// A document is the text of one document and where it was found.
type document struct {
	text   []byte
	path   string
	offset int64
	seq    int64 // within its part
}

// fail reports err, which counts from the beginning of the document.
func (d document) fail(err error) error { return readError(d.path, d.offset, err) }

// id reads the document's _id into buf's memory.
func (d document) id(buf []byte) (bson.RawValue, error) {
	span, err := extjson.First(d.text, "_id")
	if err != nil {
		return bson.RawValue{}, d.fail(err)
	}
	if span == (extjson.Span{}) {
		return d.madeID()
	}
	id, err := extjson.DecodeValue(buf, span.Of(d.text))
	if err != nil {
		return bson.RawValue{}, readError(d.path, d.offset+int64(span.Start), err)
	}
	if id.Type == bson.TypeNull {
		return d.madeID()
	}
	return id, nil
}

// firstSample is the text of the first sample; nil where there is none.
func (s *Store) firstSample(l layout) (first []byte, err error) {
	texts := fileTexts(context.Background(), l.path, dataset.Samples)
	if l.kind == manyFile {
		texts = dirTexts(context.Background(), l.path)
	}
	for d, err := range texts {
		return bytes.Clone(d.text), err
	}
	return nil, nil
}

// texts streams the texts of a part's documents; each is valid until the next.
func (s *Store) texts(ctx context.Context, part dataset.Part) iter.Seq2[document, error] {
	return func(yield func(document, error) bool) {
		l, err := s.layout(part)
		if err != nil {
			yield(document{}, err)
			return
		}
		switch l.kind {
		case oneFile:
			fileTexts(ctx, l.path, part)(yield)
		case manyFile:
			dirTexts(ctx, l.path)(yield)
		}
	}
}

func fileTexts(ctx context.Context, path string, part dataset.Part) iter.Seq2[document, error] {
	return func(yield func(document, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(document{}, fmt.Errorf("opening documents: %w", err))
			return
		}
		defer f.Close()
		sc := extjson.NewScanner(f, string(part))
		for sc.Scan() {
			if err := ctx.Err(); err != nil {
				yield(document{}, err)
				return
			}
			if !yield(document{text: sc.Doc(), path: path, offset: sc.Offset(), seq: sc.Seq()}, nil) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			yield(document{}, readError(path, 0, err))
		}
	}
}

func dirTexts(ctx context.Context, dir string) iter.Seq2[document, error] {
	return func(yield func(document, error) bool) {
		names, err := documentFiles(dir)
		if err != nil {
			yield(document{}, err)
			return
		}
		for i, name := range names {
			if err := ctx.Err(); err != nil {
				yield(document{}, err)
				return
			}
			path := filepath.Join(dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				yield(document{}, fmt.Errorf("reading a document: %w", err))
				return
			}
			if !yield(document{text: text, path: path, seq: int64(i)}, nil) {
				return
			}
		}
	}
}

// Count counts the documents of a part without reading what is in them. What
// stands between them is checked, so that a truncated file is noticed.
func (s *Store) Count(ctx context.Context, part dataset.Part) (n int64, err error) {
	l, err := s.layout(part)
	if err != nil {
		return 0, err
	}
	if l.kind == manyFile {
		names, err := documentFiles(l.path)
		return int64(len(names)), err
	}
	for _, err := range s.texts(ctx, part) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Documents streams the documents of one part.
func (s *Store) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		var doc bson.Raw
		for d, err := range s.texts(ctx, part) {
			if err == nil {
				if doc, err = extjson.Decode(doc, d.text); err != nil {
					err = d.fail(err)
				}
			}
			whole := doc
			if err == nil && part != dataset.Tags {
				whole, err = withID(doc, d.seq)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(whole, nil) {
				return
			}
		}
	}
}

// Rows streams every media value that f finds in part.
func (s *Store) Rows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		var buf bson.Raw
		var sp speller
		for d, err := range s.texts(ctx, part) {
			var rows []dataset.Row
			if err == nil {
				rows, buf, err = sp.rows(buf, d, part, f)
			}
			if err != nil {
				yield(dataset.Row{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}
