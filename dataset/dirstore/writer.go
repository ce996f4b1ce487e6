package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// Options say how an export directory is laid out.
type Options struct {
	// UseDirs writes samples/NNNNNN-<id>.json, one file a document, instead of
	// samples.json; likewise frames.
	UseDirs bool
	// Overwrite lets an export give way to this one, which takes its place in the
	// end. A directory that holds anything but an export never does.
	Overwrite bool
}

// A Writer is an export directory in the making. It is a dataset.Sink; its
// methods are not to be called at the same time.
type Writer struct {
	dir     string // where it will be
	work    workplace
	root    string // in the workplace
	opts    Options
	counts  map[dataset.Part]int64
	parts   map[dataset.Part]partWriter
	dirs    []string // below root, made so far
	settled bool
}

// Create begins an export directory. It is built beside dir, which must not
// exist or be empty, and moved there by Commit; Close removes it before that.
// Directories on the way to dir are made. See ErrOccupied.
func Create(dir string, opts Options) (*Writer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("creating a dataset: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, fmt.Errorf("creating a dataset: %w", err)
	}
	work, err := newWorkplace(dir)
	if err != nil {
		return nil, err
	}
	if err := vacant(dir, opts.Overwrite); err != nil {
		return nil, errors.Join(err, work.remove())
	}
	w := &Writer{dir: dir, work: work, root: filepath.Join(work.path, "export"), opts: opts, parts: map[dataset.Part]partWriter{}}
	// The outer directory is private; this one gets the usual permissions.
	if err := os.Mkdir(w.root, 0o777); err != nil {
		return nil, errors.Join(fmt.Errorf("creating a dataset: %w", err), w.Close())
	}
	return w, nil
}

// Stage is the directory as it is being made, until Commit moves it. Media may be
// put into it; they are to be durable before Commit.
func (w *Writer) Stage() string { return w.root }

func (w *Writer) below(name string) string { return filepath.Join(w.root, name) }

// Begin implements dataset.Sink.
func (w *Writer) Begin(ctx context.Context, m dataset.Manifest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.counts = m.Counts
	if _, err := w.part(dataset.Samples); err != nil {
		return err
	}
	return w.framesIfVideo(m)
}

// framesIfVideo makes the frames of a dataset that FiftyOne expects to have
// some, if only to say that there are none.
func (w *Writer) framesIfVideo(m dataset.Manifest) error {
	video := m.MediaType() == "video"
	if slices, ok := m.Doc.Lookup("group_media_types").DocumentOK(); ok {
		values, err := slices.Values()
		if err != nil {
			return fmt.Errorf("reading group_media_types: %w", err)
		}
		for _, v := range values {
			s, _ := v.StringValueOK()
			video = video || s == "video"
		}
	}
	if !video {
		return nil
	}
	_, err := w.part(dataset.Frames)
	return err
}

// Append implements dataset.Sink.
func (w *Writer) Append(ctx context.Context, part dataset.Part, docs []bson.Raw) error {
	if len(docs) == 0 {
		return nil
	}
	p, err := w.part(part)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if part == dataset.Tags {
		docs = slices.Clone(docs)
		for i, doc := range docs {
			if docs[i], err = plainTag(doc); err != nil {
				return err
			}
		}
	}
	if err := p.write(docs); err != nil {
		return fmt.Errorf("writing %s: %w", part, err)
	}
	return nil
}

// part returns the writer of a part, made at need.
func (w *Writer) part(part dataset.Part) (partWriter, error) {
	if p := w.parts[part]; p != nil {
		return p, nil
	}
	var p partWriter
	var err error
	switch {
	case part != dataset.Samples && part != dataset.Frames && part != dataset.Tags:
		err = fmt.Errorf("unknown part %q", part)
	case w.opts.UseDirs && part != dataset.Tags:
		if err = w.mkdir(string(part)); err == nil {
			p = newDirWriter(filepath.Join(w.root, string(part)), w.counts[part])
		}
	default:
		p, err = newFileWriter(filepath.Join(w.root, string(part)+jsonSuffix), string(part))
	}
	if err != nil {
		return nil, err
	}
	w.parts[part] = p
	return p, nil
}

// mkdir makes a directory below root, once.
func (w *Writer) mkdir(name string) error {
	err := os.Mkdir(filepath.Join(w.root, name), 0o777)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating a dataset: %w", err)
	}
	w.dirs = append(w.dirs, name)
	return nil
}

// PutResult implements dataset.Sink.
func (w *Writer) PutResult(ctx context.Context, run dataset.Run, result io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name, ok := resultFile(run)
	if !ok {
		return fmt.Errorf("run %q of %q cannot name a file", run.Key, run.Family)
	}
	if err := w.mkdir(filepath.Dir(name)); err != nil {
		return err
	}
	return createFile(filepath.Join(w.root, name), func(f io.Writer) error {
		_, err := io.Copy(f, result)
		return err
	})
}

// Commit implements dataset.Sink: it writes metadata.json, makes everything
// durable and moves it into place.
func (w *Writer) Commit(ctx context.Context, final dataset.Manifest) error {
	if w.settled {
		return errors.New("dataset was committed or closed before")
	}
	if err := w.framesIfVideo(final); err != nil {
		return err
	}
	for _, p := range w.parts {
		if err := p.finish(); err != nil {
			return err
		}
	}
	clear(w.parts)
	if err := w.writeSidecar(final); err != nil {
		return err
	}
	if err := w.writeDocument(metadataFile, final.Doc); err != nil {
		return err
	}
	for _, name := range append(w.dirs, "") {
		if err := syncDir(filepath.Join(w.root, name)); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.move()
}

func (w *Writer) move() error {
	if err := w.takePlace(); err != nil {
		return fmt.Errorf("creating a dataset: %w", err)
	}
	if err := syncDir(filepath.Dir(w.dir)); err != nil {
		return err
	}
	return w.Close()
}

// takePlace moves what was made to where it belongs. An empty directory gives
// way; one that was filled meanwhile does not.
func (w *Writer) takePlace() error {
	if err := vacant(w.dir, w.opts.Overwrite); err != nil {
		return err
	}
	err := os.Remove(w.dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return os.Rename(w.root, w.dir)
	}
	if !w.opts.Overwrite {
		return err
	}
	if exchange(w.root, w.dir) == nil {
		return nil
	}
	// Where the two cannot change places at once, a kill between these leaves
	// the old export in the workplace; the next Create puts it back.
	old := filepath.Join(w.work.path, replacedDir)
	if err := os.Rename(w.dir, old); err != nil {
		return err
	}
	if err := os.Rename(w.root, w.dir); err != nil {
		return errors.Join(err, os.Rename(old, w.dir))
	}
	return nil
}

// Close removes what was not committed.
func (w *Writer) Close() error {
	w.settled = true
	var errs []error
	for _, p := range w.parts {
		errs = append(errs, p.abandon())
	}
	clear(w.parts)
	return errors.Join(append(errs, w.work.remove())...)
}
