package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// What the server says of an update that is wrong for this one document, and will be
// wrong as often as it is tried: other documents can still be changed.
const (
	codeTooLarge      = 17419 // the document would be larger than it keeps
	codeObjectTooLong = 10334
	codeDuplicate     = 11000 // a unique index has the value already
	codeInvalid       = 121   // a validator of the collection
)

func isRefusal(code int) bool {
	return slices.Contains([]int{codeTooLarge, codeObjectTooLong, codeDuplicate, codeInvalid}, code)
}

// bulk writes the models and tells whether every one found its document, and which, by
// number, the server refuses for good. A model that it cannot carry out has found no
// document: reading tells why.
func (w *batchWriter) bulk(ctx context.Context, models []mongo.WriteModel) (all bool, refused map[int]string, err error) {
	ctx, stop := through(ctx)
	defer stop()
	result, err := w.collection.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) && bulk.WriteConcernError == nil {
		refused = map[int]string{}
		for _, e := range bulk.WriteErrors {
			if w.refused = e.Message; isRefusal(e.Code) {
				refused[e.Index] = reasonOf(e.Code, e.Message)
			}
		}
		return false, refused, nil
	}
	if err != nil {
		return false, nil, w.store.d.writeError("updating "+string(w.part), err)
	}
	return result.MatchedCount == int64(len(models)), nil, nil
}

// reasonOf says in words why the server refuses a document.
func reasonOf(code int, message string) string {
	if code == codeDuplicate {
		_, key, _ := strings.Cut(message, "index: ")
		return "another document has its new value already, and an index allows one: " + key
	}
	return message
}

// isRefused tells whether an update of many documents ended at one that the server
// refuses; the documents before it are changed.
func isRefused(err error) bool {
	var write mongo.WriteException
	if !errors.As(err, &write) || write.WriteConcernError != nil || len(write.WriteErrors) == 0 {
		return false
	}
	return !slices.ContainsFunc(write.WriteErrors, func(e mongo.WriteError) bool { return !isRefusal(e.Code) })
}

// stampBytes is what the time of a change takes in a document that has none.
const stampBytes = 1 + len(stampKey) + 1 + 8

// tooLarge says why a document cannot take a change for its size; empty if it can.
func (w *batchWriter) tooLarge(doc bson.Raw, c dataset.Change, s standing) string {
	size := len(doc)
	for i, set := range c.Sets {
		size += len(set.New) - len(s.found[i])
	}
	if w.stamp != 0 && doc.Lookup(stampKey).Type == 0 {
		size += stampBytes
	}
	if size <= maxDocument {
		return ""
	}
	return sizeReason(len(doc), size)
}

func sizeReason(before, after int) string {
	return fmt.Sprintf("it has %d bytes and would have %d, %d more than MongoDB keeps in one document", before, after, after-maxDocument)
}

// Over says why a document of a part, which the dataset is to have in the place of
// another, does not fit into MongoDB; empty if it does, or if the other does not either.
func (w *Writer) Over(part dataset.Part, before, after bson.Raw) string {
	more := 0
	if w.owned[part] && before.Lookup("_dataset_id").Type == 0 {
		more = 1 + len("_dataset_id") + 1 + len(w.id)
	}
	if len(after)+more <= maxDocument || len(before)+more > maxDocument {
		return ""
	}
	return sizeReason(len(before)+more, len(after)+more)
}
