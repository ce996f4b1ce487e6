package dataset

import (
	"context"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A Row is one media value of a dataset, where it stands and how it is spelled.
type Row struct {
	Part Part
	// Seq is the position of the document within its part, from 0.
	Seq int64
	// ID is the document's _id.
	ID bson.RawValue
	// Of are the _ids of the documents that one of a derived part may be a copy of.
	Of []bson.RawValue
	// From are the media fields that one of a derived part may be a copy of, likeliest
	// first; the dataset need not have all of them.
	From []string
	Found
	// Spelling is the value's token as the store holds it where that differs
	// from how FiftyOne would write it, else empty. Putting it back restores
	// the store byte for byte.
	Spelling string
}

// A Set replaces one value of a document.
type Set struct {
	At  Pointer
	Old string
	New string
	// Spelling is how the new value is to be spelled (see Row.Spelling); empty
	// is FiftyOne's own way.
	Spelling string
}

// A Change is all that happens to one document. It happens wholly or not at
// all: a value that is neither a Set's Old nor its New keeps the document as
// it is.
type Change struct {
	Part Part
	ID   bson.RawValue
	Sets []Set
}

// A Status says how a Change ended.
type Status int

// The ways a Change can end.
const (
	// Changed: the document now holds every New.
	Changed Status = iota
	// Already: it held every New before.
	Already
	// Conflict: it holds a value that is neither Old nor New; untouched.
	Conflict
	// NotFound: the dataset has no such document any more.
	NotFound
	// Refused: the store cannot hold the document as it would become; untouched.
	Refused
)

// An Outcome is what became of one Change.
type Outcome struct {
	Change Change
	Status Status
	// At and Value name the value that stood in the way of a Conflict; Value is
	// empty where there was no string at all.
	At    Pointer
	Value string
	// Reason says in words why a Change was Refused.
	Reason string
}

// An Updater is a dataset whose media values can be listed and changed in
// place.
type Updater interface {
	// Manifest is as in Source.
	Manifest(ctx context.Context) (Manifest, error)
	// Rows streams every media value that f finds in part, in document order.
	Rows(ctx context.Context, part Part, f *Finder) iter.Seq2[Row, error]
	// Update applies changes and yields one Outcome each, in any order. Changes
	// come part by part and, within a part, in the order in which Rows gave
	// them; a store may report a document that it meets far out of that order
	// as NotFound. An Outcome holds for good once the sequence has ended without
	// an error; until then a store may still take it back.
	Update(ctx context.Context, changes iter.Seq[Change]) iter.Seq2[Outcome, error]
}
