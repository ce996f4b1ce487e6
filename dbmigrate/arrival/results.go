package arrival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dbmigrate"
)

// chunksName is GridFS's collection of the pieces of files.
const chunksName = "fs.chunks"

// chunkSize is how much of a file one piece of it has on paper.
const chunkSize = 255 << 10

// results are the files of results of a source's runs, as GridFS would hold them. They
// are read in order: what comes before a piece that is asked for is read for it.
type results struct {
	source dataset.Source
	runs   map[string]dataset.Run // by the IDKey of the file

	open io.ReadCloser // of the file at
	at   string        // its IDKey
	next int32         // the number of the piece that comes next
}

// name gives a run the file of its results, and none where it has none: a source may name
// one by something else, or one that is gone.
func (r *results) name(ctx context.Context, run dataset.Run, value any) (any, error) {
	doc, ok := value.(bson.D)
	if !ok {
		return value, nil
	}
	file, err := r.source.Result(ctx, run)
	if errors.Is(err, dataset.ErrNoResult) {
		if hasKey(doc, "results") {
			doc = with(doc, "results", nil)
		}
		return doc, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the results of run %q: %w", run.Key, err)
	}
	id := bson.NewObjectID()
	r.runs[dbmigrate.IDKey(id)] = run
	return with(doc, "results", id), file.Close()
}

func hasKey(doc bson.D, key string) bool {
	for _, e := range doc {
		if e.Key == key {
			return true
		}
	}
	return false
}

// find answers for one piece, by files_id and n.
func (r *results) find(ctx context.Context, query dbmigrate.Query) iter.Seq2[bson.D, error] {
	return func(yield func(bson.D, error) bool) {
		var file any
		var n int32
		for _, e := range query.Filter {
			switch e.Key {
			case "files_id":
				file = e.Value
			case "n":
				n, _ = e.Value.(int32)
			}
		}
		data, err := r.piece(ctx, dbmigrate.IDKey(file), n)
		if err != nil {
			yield(nil, err)
			return
		}
		if len(data) > 0 {
			yield(bson.D{{Key: "files_id", Value: file}, {Key: "n", Value: n}, {Key: "data", Value: bson.Binary{Data: data}}}, nil)
		}
	}
}

// piece reads the n-th piece of a file; empty behind the last.
func (r *results) piece(ctx context.Context, file string, n int32) ([]byte, error) {
	run, known := r.runs[file]
	if !known {
		return nil, nil
	}
	if r.open == nil || r.at != file || n < r.next {
		if err := r.close(); err != nil {
			return nil, err
		}
		opened, err := r.source.Result(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("reading the results of run %q: %w", run.Key, err)
		}
		r.open, r.at, r.next = opened, file, 0
	}
	data := make([]byte, chunkSize)
	for {
		got, err := io.ReadFull(r.open, data)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("reading the results of run %q: %w", run.Key, err)
		}
		if r.next++; r.next > n || got == 0 {
			return data[:got], nil
		}
	}
}

func (r *results) close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}
