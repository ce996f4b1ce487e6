package values

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/internal/edit"
	"github.com/medialift/medialift/dbmigrate/internal/results"
)

// packedSince is the first version whose visualizations are read where their arrays are
// packed; those before, and those after too, read lists. The brain of 1.15.0 is known not to,
// that of 1.20.1 is known to.
const packedSince = "1.20.1"

// packed are the keys of a visualization's results whose arrays are packed.
func packed() []string { return []string{"points", "sample_ids", "label_ids"} }

// results fits the results of brain runs.
func (j *judge) results(ctx context.Context, reader dbmigrate.Reader) error {
	if j.state.To.Compare(dbmigrate.MustParseVersion(packedSince)) >= 0 {
		return nil
	}
	list := edit.Doc(j.state.Doc, "brain_methods")
	for i, entry := range list {
		run, inside := entry.Value.(bson.D)
		if !inside {
			var err error
			if run, err = j.state.Run(ctx, reader, entry.Value); err != nil {
				return err
			}
		}
		class := edit.String(edit.Doc(run, "config"), "cls")
		file := edit.Get(run, "results")
		if file == nil || !strings.Contains(class, "Visualization") {
			continue
		}
		changed, err := j.visualization(ctx, reader, entry.Key, &run, file)
		switch {
		case err != nil:
			return err
		case !changed:
		case inside:
			list[i].Value = run
		default:
			j.state.PutRun(run)
		}
	}
	return nil
}

// visualization gives a run results with lists in place of packed arrays.
func (j *judge) visualization(ctx context.Context, reader dbmigrate.Reader, name string, run *bson.D, file any) (bool, error) {
	n, err := results.Copy(io.Discard, &chunks{ctx: ctx, reader: reader, file: file}, nil, packed())
	switch {
	case errors.Is(err, results.ErrArray):
		j.state.CannotOpen("the results of the brain run %q are packed in a way that FiftyOne %s does not read (%s)", name, j.state.To, err)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading the results of the brain run %q: %w", name, err)
	case n == 0:
		return false, nil
	}
	id := j.state.NewID()
	j.state.Add(
		dbmigrate.CopyResult{From: file, To: id, Unpack: packed(), Date: bson.NewDateTimeFromTime(j.state.Now)},
		dbmigrate.DeleteResult{IDs: bson.A{file}},
	)
	edit.Set(run, "results", id)
	return true, nil
}

// chunks reads a file of GridFS as far as its chunks are there.
type chunks struct {
	ctx    context.Context //nolint:containedctx // a reader's methods take none
	reader dbmigrate.Reader
	file   any
	n      int32
	data   []byte
}

func (c *chunks) Read(p []byte) (int, error) {
	for len(c.data) == 0 {
		query := dbmigrate.Query{Filter: bson.D{{Key: "files_id", Value: c.file}, {Key: "n", Value: c.n}}}
		chunk, err := dbmigrate.First(c.ctx, c.reader, "fs.chunks", query)
		if err != nil {
			return 0, err
		}
		if chunk == nil {
			return 0, io.EOF
		}
		binary, _ := edit.Get(chunk, "data").(bson.Binary)
		c.data = binary.Data
		c.n++
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}
