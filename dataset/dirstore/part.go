package dirstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset/extjson"
)

// A partWriter writes the documents of one part.
type partWriter interface {
	write(docs []bson.Raw) error
	// finish makes the documents durable.
	finish() error
	// abandon closes what is open.
	abandon() error
}

// A fileWriter writes {"samples": [{…},{…}]} as FiftyOne does.
type fileWriter struct {
	f     *os.File
	texts [][]byte // of one call of write; their memory is used again
	any   bool
}

func newFileWriter(root *os.Root, name, key string) (*fileWriter, error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("creating documents: %w", err)
	}
	w := &fileWriter{f: f, texts: make([][]byte, runtime.GOMAXPROCS(0))}
	if _, err := f.WriteString(`{"` + key + `": [`); err != nil {
		return nil, errors.Join(fmt.Errorf("creating documents: %w", err), f.Close())
	}
	return w, nil
}

// write spells the documents on all processors, a stretch of them on each.
func (w *fileWriter) write(docs []bson.Raw) error {
	errs := make([]error, len(w.texts))
	var wg sync.WaitGroup
	for i := range w.texts {
		from, to := i*len(docs)/len(w.texts), (i+1)*len(docs)/len(w.texts)
		comma := w.any || from > 0
		wg.Go(func() { w.texts[i], errs[i] = spell(w.texts[i][:0], docs[from:to], comma) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return err
		}
		if _, err := w.f.Write(w.texts[i]); err != nil {
			return err
		}
	}
	w.any = true
	return nil
}

// spell appends documents, with a comma before each but, perhaps, the first.
func spell(text []byte, docs []bson.Raw, comma bool) ([]byte, error) {
	for _, doc := range docs {
		if comma {
			text = append(text, ',')
		}
		comma = true
		var err error
		if text, err = extjson.Append(text, doc); err != nil {
			return text, documentError(doc, err)
		}
	}
	return text, nil
}

func (w *fileWriter) finish() error {
	_, err := w.f.WriteString("]}")
	if err == nil {
		err = w.f.Sync()
	}
	if err = errors.Join(err, w.f.Close()); err != nil {
		return fmt.Errorf("writing documents: %w", err)
	}
	return nil
}

func (w *fileWriter) abandon() error {
	if err := w.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing an unfinished file: %w", err)
	}
	return nil
}

// A dirWriter writes a file a document, numbered from 1 as FiftyOne does.
type dirWriter struct {
	root  *os.Root
	dir   string // in root
	n     int
	width int // digits of a number: order is that of the names
	text  []byte
}

func newDirWriter(root *os.Root, dir string, count int64) *dirWriter {
	return &dirWriter{root: root, dir: dir, width: max(6, len(fmt.Sprint(count)))}
}

func (w *dirWriter) write(docs []bson.Raw) error {
	for _, doc := range docs {
		if err := w.one(doc); err != nil {
			return err
		}
	}
	return nil
}

func (w *dirWriter) one(doc bson.Raw) (err error) {
	w.n++
	name := fmt.Sprintf("%0*d", w.width, w.n)
	if len(name) > w.width {
		return fmt.Errorf("%d documents do not keep their order in files named by %d digits", w.n, w.width)
	}
	if id, ok := doc.Lookup("_id").ObjectIDOK(); ok {
		name += "-" + id.Hex()
	}
	if w.text, err = extjson.Append(w.text[:0], doc); err != nil {
		return documentError(doc, err)
	}
	return createFile(w.root, filepath.Join(w.dir, name+jsonSuffix), func(f io.Writer) error {
		_, err := f.Write(w.text)
		return err
	})
}

func (w *dirWriter) finish() error  { return nil } // each file was made durable
func (w *dirWriter) abandon() error { return nil }

// documentError names the document that cannot be written.
func documentError(doc bson.Raw, err error) error {
	return fmt.Errorf("document with _id %s: %w", doc.Lookup("_id"), err)
}

// createFile makes a new file below root, durably.
func createFile(root *os.Root, name string, write func(io.Writer) error) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("creating a file: %w", err)
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

// plainTag says a temporal tag in JSON's own types, as FiftyOne reads tags.json
// without extended JSON: ids as hex, dates as ISO 8601 without a zone.
func plainTag(tag bson.Raw) (bson.Raw, error) {
	var doc bson.D
	if err := bson.Unmarshal(tag, &doc); err != nil {
		return nil, fmt.Errorf("reading a tag: %w", err)
	}
	for i, e := range doc {
		switch v := e.Value.(type) {
		case bson.ObjectID:
			doc[i].Value = v.Hex()
		case bson.DateTime:
			t := v.Time().UTC()
			layout := "2006-01-02T15:04:05.000000"
			if t.Nanosecond() == 0 {
				layout = time.DateOnly + "T" + time.TimeOnly
			}
			doc[i].Value = t.Format(layout)
		case int64:
			if v == int64(int32(v)) {
				doc[i].Value = int32(v)
			}
		}
	}
	out, err := bson.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("writing a tag: %w", err)
	}
	return out, nil
}
