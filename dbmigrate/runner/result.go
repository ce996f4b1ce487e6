package runner

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/results"
)

// chunkSize is that of FiftyOne's GridFS.
const chunkSize = 255 << 10

// copyResult copies a file, chunk by chunk, and writes its document last: without
// it there is no file, and a repeated copy starts anew.
func (x *execution) copyResult(ctx context.Context, op dbmigrate.CopyResult) error {
	if err := x.deleteDocs(ctx, "fs.chunks", "files_id", bson.A{op.To}); err != nil {
		return err
	}
	source, err := x.db.GridFSBucket().OpenDownloadStream(ctx, op.From)
	if err != nil {
		return fmt.Errorf("reading the results %v: %w", op.From, err)
	}
	defer source.Close()
	chunks := &chunkWriter{ctx: ctx, x: x, id: op.To}
	if _, err := results.Copy(chunks, source, op.Set, op.Unpack); err != nil {
		return fmt.Errorf("copying the results %v: %w", op.From, err)
	}
	if err := chunks.flush(); err != nil {
		return err
	}
	file := fileOf(op, chunks.length)
	_, err = x.db.Collection("fs.files").ReplaceOne(ctx, file[:1], file, options.Replace().SetUpsert(true))
	if err != nil {
		return fmt.Errorf("writing the results %v: %w", op.To, err)
	}
	return nil
}

// fileOf is the document of a file that was copied.
func fileOf(op dbmigrate.CopyResult, length int64) bson.D {
	return bson.D{
		{Key: "_id", Value: op.To},
		{Key: "contentType", Value: "application/json"},
		{Key: "chunkSize", Value: int32(chunkSize)},
		{Key: "length", Value: length},
		{Key: "uploadDate", Value: op.Date},
	}
}

// chunkWriter writes the chunks of a file.
type chunkWriter struct {
	ctx    context.Context
	x      *execution
	id     bson.ObjectID
	n      int32
	length int64
	data   []byte
}

func (w *chunkWriter) Write(p []byte) (int, error) {
	w.data = append(w.data, p...)
	for len(w.data) >= chunkSize {
		if err := w.chunk(w.data[:chunkSize]); err != nil {
			return 0, err
		}
		w.data = append(w.data[:0], w.data[chunkSize:]...)
	}
	return len(p), nil
}

func (w *chunkWriter) flush() error {
	if len(w.data) == 0 {
		return nil
	}
	return w.chunk(w.data)
}

func (w *chunkWriter) chunk(data []byte) error {
	doc := bson.D{
		{Key: "_id", Value: bson.NewObjectID()},
		{Key: "files_id", Value: w.id},
		{Key: "n", Value: w.n},
		{Key: "data", Value: bson.Binary{Data: data}},
	}
	if _, err := w.x.db.Collection("fs.chunks").InsertOne(w.ctx, doc); err != nil {
		return fmt.Errorf("writing the results %v: %w", w.id, err)
	}
	w.n++
	w.length += int64(len(data))
	return nil
}
