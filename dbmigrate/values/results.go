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

// What older versions fail on in runs that newer ones make: a similarity index whose
// embeddings are in a field of the samples, before brainSince; the export of a dataset whose
// annotation run has no results, before exportSince.
const (
	brainSince  = "0.19.1"
	exportSince = "0.20.1"
)

func (j *judge) before(version string) bool {
	return j.state.To.Compare(dbmigrate.MustParseVersion(version)) < 0
}

// results fits the results of runs.
func (j *judge) results(ctx context.Context, reader dbmigrate.Reader) error {
	if !j.before(packedSince) {
		return nil
	}
	fit := func(name string, run *bson.D) (bool, error) {
		class := short(edit.String(edit.Doc(*run, "config"), "cls"))
		file := edit.Get(*run, "results")
		switch {
		case file == nil:
		case strings.Contains(class, "Visualization"):
			return j.visualization(ctx, reader, name, run, file)
		case strings.Contains(class, "Similarity") && j.before(brainSince):
			return false, j.similarity(ctx, reader, name, file)
		}
		return false, nil
	}
	if err := j.runs(ctx, reader, "brain_methods", fit); err != nil || !j.before(exportSince) {
		return err
	}
	return j.runs(ctx, reader, "annotation_runs", func(name string, run *bson.D) (bool, error) {
		if edit.Get(*run, "results") == nil {
			j.state.CannotOpen("the annotation run %q has no results: it can be read there, and the dataset can't be exported", name)
		}
		return false, nil
	})
}

// runs fits the runs of a family, which stand in the dataset's document or beside it.
func (j *judge) runs(ctx context.Context, reader dbmigrate.Reader, family string, fit func(name string, run *bson.D) (bool, error)) error {
	list := edit.Doc(j.state.Doc, family)
	for i, entry := range list {
		run, inside := entry.Value.(bson.D)
		if !inside {
			var err error
			if run, err = j.state.Run(ctx, reader, entry.Value); err != nil {
				return err
			}
		}
		if run == nil {
			continue
		}
		changed, err := fit(entry.Key, &run)
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

// similarity names a run whose results hold no embeddings.
func (j *judge) similarity(ctx context.Context, reader dbmigrate.Reader, name string, file any) error {
	in := &chunks{ctx: ctx, reader: reader, file: j.state.ResultSource(file)}
	has, err := results.Has(in, "embeddings")
	if err != nil {
		return fmt.Errorf("reading the results of the brain run %q: %w", name, err)
	}
	if !has && in.n > 0 {
		j.state.CannotOpen("the results of the brain run %q hold no embeddings, which are in a field: FiftyOne %s reads them in results", name, j.state.To)
	}
	return nil
}

// visualization gives a run results with lists in place of packed arrays.
func (j *judge) visualization(ctx context.Context, reader dbmigrate.Reader, name string, run *bson.D, file any) (bool, error) {
	n, err := results.Copy(io.Discard, &chunks{ctx: ctx, reader: reader, file: j.state.ResultSource(file)}, nil, packed())
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
