package mongostore

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// Rows streams every media value that f finds in part. Seq counts the documents
// as they come.
func (s *Store) Rows(ctx context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	if part.IsDerived() {
		return s.derivedRows(ctx, part, f)
	}
	return func(yield func(dataset.Row, error) bool) {
		var seq int64
		for doc, err := range s.Documents(ctx, part) {
			if err != nil {
				yield(dataset.Row{}, err)
				return
			}
			found, err := f.Find(part, doc)
			if err != nil {
				yield(dataset.Row{}, fmt.Errorf("%s of %s: %w", idText(doc), part, err))
				return
			}
			id := doc.Lookup("_id")
			id.Value = slices.Clone(id.Value)
			for _, value := range found {
				if !yield(dataset.Row{Part: part, Seq: seq, ID: id, Found: value}, nil) {
					return
				}
			}
			seq++
		}
	}
}

// at finds the value that a pointer leads to.
func at(doc bson.Raw, p dataset.Pointer) (bson.RawValue, bool) {
	v := bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: doc}
	for step := range p.Steps() {
		inner, ok := v.DocumentOK()
		if !ok {
			list, isArray := v.ArrayOK()
			if !isArray {
				return bson.RawValue{}, false
			}
			inner = bson.Raw(list)
		}
		var err error
		if v, err = inner.LookupErr(step); err != nil {
			return bson.RawValue{}, false
		}
	}
	return v, true
}

// text is the string that a pointer leads to; false where there is none.
func text(doc bson.Raw, p dataset.Pointer) (string, bool) {
	v, ok := at(doc, p)
	if !ok {
		return "", false
	}
	return v.StringValueOK()
}
