package mongostore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// chunkSize is GridFS's own default, which FiftyOne uses.
const chunkSize = 255 << 10

// chunksAtOnce is how many chunks are held in memory and inserted together.
const chunksAtOnce = 16

// PutResult implements dataset.Sink.
func (w *Writer) PutResult(ctx context.Context, run dataset.Run, result io.Reader) error {
	if len(w.results) == 0 {
		if err := w.d.gridFSIndexes(ctx); err != nil {
			return err
		}
	}
	id := bson.NewObjectID()
	w.files = append(w.files, id)
	if err := w.noteFile(ctx, id); err != nil {
		return err
	}
	length, err := w.putChunks(ctx, id, result)
	if err != nil {
		return err
	}
	file := bson.D{
		{Key: "_id", Value: id}, {Key: "contentType", Value: "application/json"}, {Key: "chunkSize", Value: int32(chunkSize)},
		{Key: "length", Value: length}, {Key: "uploadDate", Value: time.Now().UTC()},
	}
	if _, err := w.d.durable.Collection(filesName).InsertOne(ctx, file); err != nil {
		return w.d.writeError("writing run results", err)
	}
	w.results[run] = id
	return nil
}

func (w *Writer) putChunks(ctx context.Context, id bson.ObjectID, result io.Reader) (length int64, err error) {
	var batch []any
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if _, err := w.d.durable.Collection(chunksName).InsertMany(ctx, batch); err != nil {
			return w.d.writeError("writing run results", err)
		}
		batch = batch[:0]
		return nil
	}
	for n := int32(0); ; n++ {
		chunk := make([]byte, chunkSize)
		got, err := io.ReadFull(result, chunk)
		if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, fmt.Errorf("reading run results: %w", err)
		}
		length += int64(got)
		if got > 0 {
			batch = append(batch, bson.D{
				{Key: "_id", Value: bson.NewObjectID()}, {Key: "files_id", Value: id}, {Key: "n", Value: n},
				{Key: "data", Value: bson.Binary{Data: chunk[:got]}},
			})
		}
		if err != nil {
			return length, flush()
		}
		if len(batch) == chunksAtOnce {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
}
