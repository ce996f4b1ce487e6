package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

const (
	// batchChanges and batchBytes bound how much is sent at a time.
	batchChanges = 5000
	batchBytes   = 4 << 20
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
		u := &updater{ctx: ctx, store: s, yield: yield, manifest: m, token: rand.Text(), seen: map[int]bool{}}
		err = u.run(changes)
		last, stop := through(ctx)
		defer stop()
		err = errors.Join(err, s.forgetMoves(last, u.token, u.seen))
		if u.changed {
			err = errors.Join(err, s.touch(last, m))
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
	ctx       context.Context //nolint:containedctx // lives as long as the call
	store     *Store
	yield     func(dataset.Outcome, error) bool
	manifest  dataset.Manifest
	part      dataset.Part       // of the last batch …
	stamped   bool               // … whose documents have a time of their last change
	collation *options.Collation // … and how its strings are compared
	touched   bool               // the dataset has a time of this change
	changed   bool
	token     string
	batches   int           // that were begun
	seen      map[int]bool  // slots of moves that were seen through
	flying    []chan landed // batches on their way, in the order of their start
}

// isStamped tells whether the documents of a part have a time of their last
// change: all have since FiftyOne 1.0.
func (u *updater) isStamped(part dataset.Part) (bool, error) {
	if part == dataset.Views {
		return false, nil // by a view's time FiftyOne tells whether what it generated for it is fresh
	}
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
	slot     int
	moved    bool
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
	if !u.touched {
		// Also before the first: who goes on after a kill may find all of them changed,
		// and would leave the dataset with the time that it had.
		if err := u.store.unmove(u.ctx); err != nil {
			return err
		}
		if err := u.store.touch(u.ctx, u.manifest); err != nil {
			return err
		}
		u.touched = true
	}
	part := batch[0].Part
	slot := u.batches % batchesAtOnce
	u.batches++
	w := &batchWriter{store: u.store, part: part, token: u.token, slot: slot, collection: u.store.d.durable.Collection(u.store.collection(part))}
	if part != u.part {
		stamped, err := u.isStamped(part)
		if err != nil {
			return err
		}
		if u.collation, err = u.store.d.exactly(u.ctx, u.store.collection(part)); err != nil {
			return err
		}
		u.part, u.stamped = part, stamped
	}
	w.collation = u.collation
	if u.stamped {
		w.stamp = bson.NewDateTimeFromTime(time.Now())
	}
	done := make(chan landed, 1)
	u.flying = append(u.flying, done)
	go func() {
		outcomes, err := w.write(u.ctx, batch)
		done <- landed{slot, w.moved, outcomes, err}
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
		if l.moved {
			u.seen[l.slot] = l.err == nil
		}
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
