package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/docswap"
)

// A batchWriter writes one batch of changes of one part.
type batchWriter struct {
	store      *Store
	part       dataset.Part
	collection *mongo.Collection
	stamp      bson.DateTime // 0 where documents have none
	token      string        // of the call of Update …
	slot       int           // … and which of its notes is that of this batch
	moved      bool          // there is such a note
	collation  *options.Collation
	refused    string // what the server last said to an update of one document
}

// write makes the changes. Bulk writes only say how many documents they found as
// the filters want them: where these are not all, the documents are read.
func (w *batchWriter) write(ctx context.Context, batch []dataset.Change) ([]dataset.Outcome, error) {
	if w.store.collection(w.part) == "" {
		return outcomes(batch, dataset.NotFound), nil
	}
	out, pending, tried, err := w.writeAtOnce(ctx, batch)
	if err != nil || len(pending) == 0 {
		return out, err
	}
	return w.writeRead(ctx, out, pending, tried)
}

// writeAtOnce makes the changes without a look at the documents, where that can be
// done. It returns those that are pending, which it may have tried.
func (w *batchWriter) writeAtOnce(ctx context.Context, batch []dataset.Change) (out []dataset.Outcome, pending []dataset.Change, tried bool, err error) {
	if m, ok := moveOf(batch); ok && w.stamp != 0 {
		out, pending, err = w.move(ctx, batch, m)
		return out, pending, false, err
	}
	if w.stamp != 0 && !slices.ContainsFunc(batch, func(c dataset.Change) bool { return !simple(c) }) {
		// The common case: everything is as it was planned. Were there any doubt,
		// the stamp would say which documents this very batch has changed.
		models := make([]mongo.WriteModel, len(batch))
		for i, c := range batch {
			models[i] = w.exact(model(c, nil, w.stamp))
		}
		all, _, err := w.bulk(ctx, models)
		if all && err == nil {
			return outcomes(batch, dataset.Changed), nil, true, nil
		}
		return nil, batch, true, err
	}
	return nil, batch, false, nil
}

// writeRead reads the documents of pending changes and makes those that still can
// be made, until it has outcomes of all.
func (w *batchWriter) writeRead(ctx context.Context, out []dataset.Outcome, pending []dataset.Change, tried bool) ([]dataset.Outcome, error) {
	for range attempts {
		read, err := w.read(ctx, pending)
		if err != nil {
			return out, err
		}
		var models []mongo.WriteModel
		var again []dataset.Change
		for _, c := range pending {
			doc := read[string(c.ID.Value)]
			s := stand(doc, c)
			if s.status == dataset.Already && tried && w.isStamped(doc) {
				s.status = dataset.Changed // by us
				out = append(out, s.outcome(c))
				continue
			}
			if s.status != dataset.Changed {
				out = append(out, s.outcome(c))
				continue
			}
			if why := w.tooLarge(doc, c, s); why != "" {
				out = append(out, dataset.Outcome{Change: c, Status: dataset.Refused, Reason: why})
				continue
			}
			m, err := w.modelOf(doc, c, s)
			if errors.Is(err, docswap.ErrTooLarge) {
				out = append(out, dataset.Outcome{Change: c, Status: dataset.Refused, Reason: err.Error()})
				continue
			}
			if err != nil {
				return out, err
			}
			models, again = append(models, m), append(again, c)
		}
		if len(models) == 0 {
			return out, nil
		}
		all, refused, err := w.bulk(ctx, models)
		if err != nil {
			return out, err
		}
		if all {
			return append(out, outcomes(again, dataset.Changed)...), nil
		}
		pending, tried = nil, true
		for i, c := range again {
			if why, is := refused[i]; is {
				out = append(out, dataset.Outcome{Change: c, Status: dataset.Refused, Reason: why})
				continue
			}
			pending = append(pending, c)
		}
	}
	if w.refused != "" {
		return out, fmt.Errorf("updating %s: %d documents cannot be changed: %s", w.part, len(pending), w.refused)
	}
	return out, fmt.Errorf("updating %s: %d documents are being changed all the time by others", w.part, len(pending))
}

func (w *batchWriter) modelOf(doc bson.Raw, c dataset.Change, s standing) (mongo.WriteModel, error) {
	if simple(c) {
		return w.exact(model(c, s.found, w.stamp)), nil
	}
	m, err := replacement(doc, c, w.stamp)
	return w.exact(m), err
}

// exact has a model compare strings by their bytes, also in a collection that does not.
func (w *batchWriter) exact(m mongo.WriteModel) mongo.WriteModel {
	switch m := m.(type) {
	case *mongo.UpdateOneModel:
		m.Collation = w.collation
	case *mongo.ReplaceOneModel:
		m.Collation = w.collation
	}
	return m
}

// isStamped tells whether doc was changed by this batch.
func (w *batchWriter) isStamped(doc bson.Raw) bool {
	at, ok := doc.Lookup(stampKey).DateTimeOK()
	return ok && w.stamp != 0 && bson.DateTime(at) == w.stamp
}

func outcomes(batch []dataset.Change, status dataset.Status) []dataset.Outcome {
	all := make([]dataset.Outcome, len(batch))
	for i, c := range batch {
		all[i] = dataset.Outcome{Change: c, Status: status}
	}
	return all
}

// read reads the documents of changes, by the bytes of their _id.
func (w *batchWriter) read(ctx context.Context, changes []dataset.Change) (map[string]bson.Raw, error) {
	ids := make(bson.A, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	return w.find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, options.Find())
}

func (w *batchWriter) find(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) (map[string]bson.Raw, error) {
	cursor, err := w.collection.Find(ctx, filter, opts, options.Find().SetCollation(w.collation))
	if err != nil {
		return nil, w.store.d.readError("reading "+string(w.part), err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, w.store.d.readError("reading "+string(w.part), err)
	}
	found := make(map[string]bson.Raw, len(docs))
	for _, doc := range docs {
		found[string(doc.Lookup("_id").Value)] = doc
	}
	return found, nil
}
