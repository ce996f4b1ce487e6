package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Hidden is a dataset of which all is there but its own document: no FiftyOne
// knows of it, and nobody changes it.
type Hidden struct {
	w   *Writer
	doc bson.Raw
}

// Document is the dataset's own document, as it would be inserted.
func (h *Hidden) Document() bson.Raw { return h.doc }

// Store reads the dataset as it is going to be with that document.
func (h *Hidden) Store(doc bson.Raw) (*Store, error) {
	s, err := h.w.d.store(doc)
	if err != nil {
		return nil, err
	}
	s.unborn = doc
	return s, nil
}

// Ontologies are the _ids of those that were made for the dataset.
func (h *Hidden) Ontologies() []bson.ObjectID { return h.w.made }

// NoteFile notes the id of a file of results before it is written, so that it is
// removed should the dataset not come to be.
func (h *Hidden) NoteFile(ctx context.Context, id bson.ObjectID) error {
	h.w.files = append(h.w.files, id)
	return h.w.noteFile(ctx, id)
}

// finish has the owner of the Writer finish the dataset, and returns its document and
// what that refers to.
func (w *Writer) finish(ctx context.Context, doc bson.Raw, refs references) (bson.Raw, references, error) {
	if w.opts.Finish == nil {
		return doc, refs, nil
	}
	finished, err := w.opts.Finish(ctx, &Hidden{w: w, doc: doc})
	if err != nil {
		return nil, nil, err
	}
	if len(finished) > maxDocument {
		return nil, nil, fmt.Errorf("%w: its own document has %d bytes, more than the %d that MongoDB keeps", dataset.ErrMalformed, len(finished), maxDocument)
	}
	refs = references{}
	for _, r := range referrers() {
		inner, err := elements(finished.Lookup(r.key))
		if err != nil {
			return nil, nil, err
		}
		for _, e := range inner {
			if id, ok := reference(e.Value()); ok && id.Type == bson.TypeObjectID {
				refs[r.key] = append(refs[r.key], id.ObjectID())
			}
		}
	}
	return finished, refs, nil
}
