// Package dataset holds the nouns of a FiftyOne dataset: its [Manifest], its
// media fields, and the roads through it. [Copy] moves a whole dataset from a
// [Source] to a [Sink]; an [Updater] changes single media paths in place.
// Documents are [bson.Raw] from end to end, so that fields nobody here knows
// pass through untouched.
//
// Stores live below this package: dirstore is an export directory as
// fiftyone.types.FiftyOneDataset writes it. Every store passes datasettest.
package dataset

import (
	"context"
	"errors"
	"io"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Part is one of the sequences of documents that a dataset consists of.
type Part string

// The parts of a dataset, in the order in which they are copied.
const (
	Samples Part = "samples"
	Frames  Part = "frames"
	Tags    Part = "tags" // temporal tags, not sample tags
)

// Views are the dataset's saved views, as a part that Update of an Updater takes. They
// are in the Manifest and nowhere else to be read.
const Views Part = "saved_views"

// MediaParts are the parts whose documents can hold media paths.
func MediaParts() []Part { return []Part{Samples, Frames} }

// Sentinels that callers branch on.
var (
	// ErrNotDataset: what was opened is no FiftyOne dataset.
	ErrNotDataset = errors.New("not a FiftyOne dataset")
	// ErrUnsupported: a FiftyOne dataset of a kind or age that is not handled.
	ErrUnsupported = errors.New("unsupported kind of dataset")
	// ErrMalformed: the dataset's data is truncated or is not what FiftyOne writes.
	ErrMalformed = errors.New("malformed dataset")
	// ErrUnknownField: a media field was named that the dataset does not have.
	ErrUnknownField = errors.New("unknown media field")
	// ErrChanged: the dataset was changed while it was read.
	ErrChanged = errors.New("dataset changed while it was read")
	// ErrNoResult: a run has no stored results.
	ErrNoResult = errors.New("run has no results")
)

// A Source is a dataset to read from.
type Source interface {
	// Manifest returns everything but the documents and the run results.
	Manifest(ctx context.Context) (Manifest, error)
	// Documents streams the documents of one part in the dataset's order. The
	// yielded document is valid until the next one is asked for. A part that
	// the dataset does not have is an empty sequence.
	Documents(ctx context.Context, part Part) iter.Seq2[bson.Raw, error]
	// Result streams the stored results of one run as JSON text, or fails with
	// ErrNoResult.
	Result(ctx context.Context, run Run) (io.ReadCloser, error)
}

// A Sink is a dataset in the making. Nothing of it is visible before Commit.
// A Sink that is also an [io.Closer] is closed by its owner: Close without
// Commit removes what was written.
type Sink interface {
	Begin(ctx context.Context, m Manifest) error
	// Append must not keep docs or what is in them: they are only good until it
	// returns.
	Append(ctx context.Context, part Part, docs []bson.Raw) error
	PutResult(ctx context.Context, run Run, result io.Reader) error
	Commit(ctx context.Context, final Manifest) error
}

// An Edit changes a document on its way through [Copy]; it returns its
// argument where there is nothing to change.
type Edit func(part Part, doc bson.Raw) (bson.Raw, error)
