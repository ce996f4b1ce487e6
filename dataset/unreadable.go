package dataset

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// NewUnreadable returns a Refusal for documents that FiftyOne cannot read, without any.
func NewUnreadable() *Refusal {
	return &Refusal{Reason: "FiftyOne cannot read documents of the dataset", Err: ErrMalformed}
}

// AddFault notes a fault of a document.
func (r *Refusal) AddFault(doc bson.Raw, f Fault) {
	kind := "unreadable"
	hint := "give these fields values that fit the schema, or delete the samples, then run the same command again"
	switch {
	case f.Undeclared && f.Field == mergeKey:
		kind, hint = "undeclared", `an interrupted merge_samples() has left the key _merge_key: remove it from the collection of samples with update_many({}, {"$unset": {"_merge_key": ""}})`
	case f.Undeclared:
		kind, hint = "undeclared", "declare these fields with add_sample_field() in FiftyOne, or remove their keys from the documents"
	case f.Collapsed:
		kind, hint = "collapsed", "the other paths are lost in this export: export the dataset again with medialift export, or in FiftyOne with export_media=False and without rel_dir"
	}
	if r.Total == 0 {
		r.Hint = hint
	}
	r.Add(Problem{Kind: kind, ID: documentID(doc), Field: f.Field, Hint: f.Reason})
}

// mergeKey is what FiftyOne's merge_samples() gives documents while it is at work.
const mergeKey = "_merge_key"

// Edit is an Edit that changes no document. One that FiftyOne cannot read is a *Refusal
// that is ErrMalformed.
func (c *Checker) Edit(part Part, doc bson.Raw) (bson.Raw, error) {
	f, ok, err := c.Check(part, doc)
	if err != nil || ok {
		return doc, err
	}
	r := NewUnreadable()
	r.AddFault(doc, f)
	r.Reason = fmt.Sprintf("malformed dataset: the document with _id %s cannot be read by FiftyOne: %s", documentID(doc), f)
	if f.Undeclared {
		r.Reason = fmt.Sprintf("malformed dataset: the document with _id %s has a field %q that its schema does not declare; FiftyOne would not load the dataset",
			documentID(doc), f.Field)
	}
	return doc, r
}

// Unreadable reads all samples and frames of a dataset and refuses those that FiftyOne
// cannot read; it is nil if there are none. Progress is told how many were read.
func Unreadable(ctx context.Context, src Source, m Manifest, progress func(int64)) (*Refusal, error) {
	c, r, done := NewChecker(m), NewUnreadable(), int64(0)
	for _, part := range MediaParts() {
		for doc, err := range src.Documents(ctx, part) {
			if err != nil {
				return nil, err
			}
			f, ok, err := c.Check(part, doc)
			if err != nil {
				return nil, err
			}
			if !ok {
				r.AddFault(doc, f)
			}
			if done++; done%1000 == 0 {
				progress(done)
			}
		}
	}
	if r.Total == 0 {
		return nil, nil //nolint:nilnil // nothing is to be refused
	}
	return r, nil
}

func documentID(doc bson.Raw) string {
	id := doc.Lookup("_id")
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return id.String()
}
