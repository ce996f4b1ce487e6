package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// copyBatch is the number of bytes of documents that Copy hands to a Sink at a
// time.
const copyBatch = 4 << 20

// Copy moves the whole of src into dst, as io.Copy does for bytes: documents in
// order, each through the edits, then the manifest as it stands at the end, with
// the results of its runs. Source and sink are at work at the same time. Nothing is visible in dst unless Copy returns nil.
// ErrChanged means that somebody changed the dataset's schema meanwhile, so that
// the documents may be some of the old and some of the new one.
func Copy(ctx context.Context, dst Sink, src Source, edits ...Edit) error {
	m, err := src.Manifest(ctx)
	if err != nil {
		return err
	}
	if err := dst.Begin(ctx, m); err != nil {
		return err
	}
	for _, part := range []Part{Samples, Frames, Tags} {
		if err := copyPart(ctx, dst, src, part, edits); err != nil {
			return fmt.Errorf("copying %s: %w", part, err)
		}
	}
	final, err := src.Manifest(ctx)
	if err != nil {
		return err
	}
	if key := changedSchema(m, final); key != "" {
		return fmt.Errorf("%w: its %s are others than at the start", ErrChanged, key)
	}
	for _, run := range final.Runs() {
		if err := copyResult(ctx, dst, src, run); err != nil {
			return fmt.Errorf("copying the results of run %q: %w", run.Key, err)
		}
	}
	return dst.Commit(ctx, final)
}

// changedSchema names what decides how documents are to be read and is not the
// same in both manifests; empty if all is.
func changedSchema(before, after Manifest) string {
	for _, key := range []string{"_id", "version", "media_type", "group_field", "group_media_types", "sample_fields", "frame_fields"} {
		if !before.Doc.Lookup(key).Equal(after.Doc.Lookup(key)) {
			return key
		}
	}
	return ""
}

// A batch is a few documents in memory of their own.
type batch struct {
	memory []byte
	docs   []bson.Raw
	err    error // of reading on, after docs
}

func (b *batch) add(doc bson.Raw) {
	from := len(b.memory)
	b.memory = append(b.memory, doc...)
	b.docs = append(b.docs, b.memory[from:len(b.memory):len(b.memory)])
}

func copyPart(ctx context.Context, dst Sink, src Source, part Part, edits []Edit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	filled, empty := make(chan *batch), make(chan *batch, 2)
	for range cap(empty) {
		empty <- &batch{memory: make([]byte, 0, copyBatch+copyBatch/4)}
	}
	go func() {
		defer close(filled)
		read(ctx, src, part, filled, empty)
	}()
	var err error
	for b := range filled {
		if err == nil {
			err = appendBatch(ctx, dst, part, b, edits)
		}
		if err != nil {
			cancel() // what is on its way is let pass, so that the reader ends
			continue
		}
		b.memory, b.docs = b.memory[:0], b.docs[:0]
		empty <- b
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// read fills batches. It ends with the part, with an error or with ctx.
func read(ctx context.Context, src Source, part Part, filled chan<- *batch, empty <-chan *batch) {
	var b *batch
	next := func() bool {
		select {
		case b = <-empty:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if !next() {
		return
	}
	for doc, err := range src.Documents(ctx, part) {
		if err != nil {
			b.err = err
			break
		}
		if b.add(doc); len(b.memory) < copyBatch {
			continue
		}
		filled <- b
		if !next() {
			return
		}
	}
	if len(b.docs) > 0 || b.err != nil {
		filled <- b
	}
}

func appendBatch(ctx context.Context, dst Sink, part Part, b *batch, edits []Edit) error {
	for i, doc := range b.docs {
		for _, edit := range edits {
			var err error
			if doc, err = edit(part, doc); err != nil {
				return err
			}
		}
		b.docs[i] = doc
	}
	if len(b.docs) > 0 {
		if err := dst.Append(ctx, part, b.docs); err != nil {
			return err
		}
	}
	return b.err
}

func copyResult(ctx context.Context, dst Sink, src Source, run Run) error {
	r, err := src.Result(ctx, run)
	if errors.Is(err, ErrNoResult) {
		return nil
	}
	if err != nil {
		return err
	}
	err = dst.PutResult(ctx, run, io.Reader(r))
	return errors.Join(err, r.Close())
}
