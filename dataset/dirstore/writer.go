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
	stage   *os.Root
	opts    Options
	counts  map[dataset.Part]int64
	parts   map[dataset.Part]partWriter
	dirs    []string // below root, made so far
	settled bool
}

// Create begins an export directory, which Commit finishes and Close removes before
// that. Where dir does not exist it is built beside and moved there at once. A
// directory that is empty is filled in place: it may be a mount point, or have an
// owner and permissions of its own. So is a mount point with an export that may be
// overwritten; elsewhere the two exports change places. A symbolic link stays, and
// what it names becomes the export. Directories on the way to dir are made. See
// ErrOccupied and ErrBusy.
func Create(dir string, opts Options) (*Writer, error) { return create(dir, opts, isMount) }

func create(dir string, opts Options, isMount func(string) bool) (*Writer, error) {
	dir, err := place(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, fmt.Errorf("creating a dataset: %w", err)
	}
	if err := sweepAll(dir); err != nil {
		return nil, err
	}
	there, err := vacant(dir, opts.Overwrite)
	if err != nil {
		return nil, err
	}
	work, err := workFor(dir, there, isMount)
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, work: work, root: filepath.Join(work.path, stageDir), opts: opts, parts: map[dataset.Part]partWriter{}}
	// The outer directory is private; this one gets the usual permissions.
	if err = os.Mkdir(w.root, 0o777); err == nil {
		w.stage, err = os.OpenRoot(w.root)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating a dataset: %w", err), w.Close())
	}
	return w, nil
}

// Stage is the directory as it is being made, until Commit moves it. Media may be
// put into it; they are to be durable before Commit.
func (w *Writer) Stage() string { return w.root }

// Root is Stage to be written to: no name leads out of it. It is closed by Commit
// and Close.
func (w *Writer) Root() *os.Root { return w.stage }

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
			p = newDirWriter(w.stage, string(part), w.counts[part])
		}
	default:
		p, err = newFileWriter(w.stage, string(part)+jsonSuffix, string(part))
	}
	if err != nil {
		return nil, err
	}
	w.parts[part] = p
	return p, nil
}

// mkdir makes a directory below root, once.
func (w *Writer) mkdir(name string) error {
	err := w.stage.Mkdir(name, 0o777)
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
	return createFile(w.stage, name, func(f io.Writer) error {
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
	if err := w.stage.Close(); err != nil {
		return fmt.Errorf("creating a dataset: %w", err)
	}
	if err := w.takePlace(); err != nil {
		return fmt.Errorf("creating a dataset: %w", err)
	}
	if err := syncDir(filepath.Dir(w.dir)); err != nil {
		return err
	}
	return w.Close()
}

// Close removes what was not committed.
func (w *Writer) Close() error {
	w.settled = true
	var errs []error
	for _, p := range w.parts {
		errs = append(errs, p.abandon())
	}
	clear(w.parts)
	if w.stage != nil {
		errs = append(errs, w.stage.Close())
	}
	return errors.Join(append(errs, w.work.remove())...)
}
