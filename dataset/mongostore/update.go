package mongostore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

const (
	// batchChanges and batchBytes bound how much is sent at a time.
	batchChanges = 2000
	batchBytes   = 2 << 20
	// batchesAtOnce is how many are on their way: one waits for the journal while
	// the next is worked on.
	batchesAtOnce = 3
	// attempts is how often a document is tried again that others are changing.
	attempts = 5
)

// Update applies each change by one update of its document, which happens if
// every value is what the change says that it is: so a document is wholly old or
// wholly new, and what somebody else has changed meanwhile is left alone. An
// Outcome is durable when it is yielded. Documents and the dataset get the time
// of the change as FiftyOne gives it (fiftyone.core.collections, _set_values).
func (s *Store) Update(ctx context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		m, err := s.Manifest(ctx)
		if err != nil {
			yield(dataset.Outcome{}, err)
			return
		}
		u := &updater{ctx: ctx, store: s, yield: yield, manifest: m}
		err = u.run(changes)
		if u.changed {
			err = errors.Join(err, s.touch(context.WithoutCancel(ctx), m))
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(dataset.Outcome{}, err)
		}
	}
}

// errLeft: the consumer wants no more outcomes.
var errLeft = errors.New("sequence left early")

// An updater is one call of Update.
type updater struct {
	ctx      context.Context //nolint:containedctx // lives as long as the call
	store    *Store
	yield    func(dataset.Outcome, error) bool
	manifest dataset.Manifest
	part     dataset.Part // of the last batch …
	stamped  bool         // … whose documents have a time of their last change
	changed  bool
	flying   []chan landed // batches on their way, in the order of their start
}

// isStamped tells whether the documents of a part have a time of their last
// change: all have since FiftyOne 1.0.
func (u *updater) isStamped(part dataset.Part) (bool, error) {
	if !part.IsDerived() {
		return declares(u.manifest, part, stampKey), nil
	}
	g, err := u.store.derived(u.ctx, part)
	if err != nil || g == nil {
		return false, err
	}
	doc, err := g.document(u.ctx)
	return declares(dataset.Manifest{Doc: doc}, dataset.Samples, stampKey), err
}

// landed is what became of a batch.
type landed struct {
	outcomes []dataset.Outcome
	err      error
}

// run cuts the changes into batches. Changes are taken and outcomes given by
// this goroutine alone.
func (u *updater) run(changes iter.Seq[dataset.Change]) error {
	var batch []dataset.Change
	size := 0
	for c := range changes {
		if len(batch) > 0 && (c.Part != batch[0].Part || len(batch) == batchChanges || size > batchBytes) {
			if err := u.start(batch); err != nil {
				return errors.Join(err, u.finish(0))
			}
			batch, size = nil, 0
		}
		batch = append(batch, c)
		size += weight(c)
	}
	if err := u.ctx.Err(); err != nil {
		return errors.Join(err, u.finish(0))
	}
	if len(batch) > 0 {
		if err := u.start(batch); err != nil {
			return errors.Join(err, u.finish(0))
		}
	}
	return u.finish(0)
}

// weight is about how many bytes a change takes on its way.
func weight(c dataset.Change) int {
	n := 64
	for _, s := range c.Sets {
		n += 2*len(s.At) + len(s.Old) + len(s.New) + 64
	}
	return n
}

// start sends a batch on its way once there is room.
func (u *updater) start(batch []dataset.Change) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	if err := u.finish(batchesAtOnce - 1); err != nil {
		return err
	}
	part := batch[0].Part
	w := &batchWriter{store: u.store, part: part, collection: u.store.d.durable.Collection(u.store.collection(part))}
	if part != u.part {
		stamped, err := u.isStamped(part)
		if err != nil {
			return err
		}
		u.part, u.stamped = part, stamped
	}
	if u.stamped {
		w.stamp = bson.NewDateTimeFromTime(time.Now())
	}
	done := make(chan landed, 1)
	u.flying = append(u.flying, done)
	go func() {
		outcomes, err := w.write(u.ctx, batch)
		done <- landed{outcomes, err}
	}()
	return nil
}

// finish waits until no more than n batches are on their way. What is on its way
// has an outcome whatever happens to the others.
func (u *updater) finish(n int) error {
	var err error
	for len(u.flying) > n {
		l := <-u.flying[0]
		u.flying = u.flying[1:]
		for _, o := range l.outcomes {
			u.changed = u.changed || o.Status == dataset.Changed
			if err == nil && !u.yield(o, nil) {
				err = errLeft
			}
		}
		if err == nil {
			err = l.err
		}
		if err != nil {
			n = 0
		}
	}
	return err
}

// touch stamps the dataset as changed.
func (s *Store) touch(ctx context.Context, m dataset.Manifest) error {
	if m.Doc.Lookup(stampKey).Type == 0 { // before 1.0
		return nil
	}
	later := bson.D{{Key: "$max", Value: bson.D{{Key: stampKey, Value: bson.NewDateTimeFromTime(time.Now())}}}}
	if _, err := s.d.durable.Collection(datasetsName).UpdateOne(ctx, bson.D{{Key: "_id", Value: s.id}}, later); err != nil {
		return s.d.writeError("noting the time of the change", err)
	}
	return nil
}

// A batchWriter writes one batch of changes of one part.
type batchWriter struct {
	store      *Store
	part       dataset.Part
	collection *mongo.Collection
	stamp      bson.DateTime // 0 where documents have none
}

// write makes the changes. Bulk writes only say how many documents they found as
// the filters want them: where these are not all, the documents are read.
func (w *batchWriter) write(ctx context.Context, batch []dataset.Change) ([]dataset.Outcome, error) {
	if w.store.collection(w.part) == "" {
		return outcomes(batch, dataset.NotFound), nil
	}
	pending := batch
	tried := false
	if w.stamp != 0 && !slices.ContainsFunc(batch, func(c dataset.Change) bool { return !simple(c) }) {
		// The common case: everything is as it was planned. Were there any doubt,
		// the stamp would say which documents this very batch has changed.
		models := make([]mongo.WriteModel, len(batch))
		for i, c := range batch {
			models[i] = model(c, nil, w.stamp)
		}
		all, err := w.bulk(ctx, models)
		if err != nil {
			return nil, err
		}
		if all {
			return outcomes(batch, dataset.Changed), nil
		}
		tried = true
	}
	var out []dataset.Outcome
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
			m, err := w.modelOf(doc, c, s)
			if err != nil {
				return out, err
			}
			models, again = append(models, m), append(again, c)
		}
		if len(models) == 0 {
			return out, nil
		}
		all, err := w.bulk(ctx, models)
		if err != nil {
			return out, err
		}
		if all {
			return append(out, outcomes(again, dataset.Changed)...), nil
		}
		pending, tried = again, true
	}
	return out, fmt.Errorf("updating %s: %d documents are being changed all the time by others", w.part, len(pending))
}

func (w *batchWriter) modelOf(doc bson.Raw, c dataset.Change, s standing) (mongo.WriteModel, error) {
	if simple(c) {
		return model(c, s.found, w.stamp), nil
	}
	return replacement(doc, c, w.stamp)
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

// bulk writes the models and tells whether every one found its document. A model
// that the server cannot carry out has found none: reading tells why.
func (w *batchWriter) bulk(ctx context.Context, models []mongo.WriteModel) (all bool, err error) {
	// What was begun is seen through: its outcome is wanted.
	result, err := w.collection.BulkWrite(context.WithoutCancel(ctx), models, options.BulkWrite().SetOrdered(false))
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) && bulk.WriteConcernError == nil {
		const tooLarge = 17419
		for _, e := range bulk.WriteErrors {
			if e.Code == tooLarge {
				return false, fmt.Errorf("updating %s: a document would become larger than MongoDB allows: %s", w.part, e.Message)
			}
		}
		return false, nil
	}
	if err != nil {
		return false, w.store.d.writeError("updating "+string(w.part), err)
	}
	return result.MatchedCount == int64(len(models)), nil
}

// read reads the documents of changes, by the bytes of their _id.
func (w *batchWriter) read(ctx context.Context, changes []dataset.Change) (map[string]bson.Raw, error) {
	ids := make(bson.A, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	cursor, err := w.collection.Find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}})
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
