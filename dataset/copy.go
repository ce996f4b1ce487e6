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
// the results of its runs. Nothing is visible in dst unless Copy returns nil.
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

func copyPart(ctx context.Context, dst Sink, src Source, part Part, edits []Edit) error {
	var batch []bson.Raw
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := dst.Append(ctx, part, batch)
		batch, size = batch[:0], 0
		return err
	}
	for doc, err := range src.Documents(ctx, part) {
		if err != nil {
			return err
		}
		doc, err := edited(part, append(bson.Raw(nil), doc...), edits)
		if err != nil {
			return err
		}
		batch = append(batch, doc)
		if size += len(doc); size >= copyBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func edited(part Part, doc bson.Raw, edits []Edit) (bson.Raw, error) {
	for _, edit := range edits {
		var err error
		if doc, err = edit(part, doc); err != nil {
			return nil, err
		}
	}
	return doc, nil
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
