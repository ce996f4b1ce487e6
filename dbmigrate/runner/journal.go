package runner

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
)

// journalName is the collection of the journal. Its name keeps clear of the
// prefixes below which FiftyOne drops what it does not know.
const journalName = "medialift_migrations"

// partBytes is the size of the pieces of a plan: a document and the runs that were
// in it may each be as large as MongoDB allows, and a plan holds both.
const partBytes = 8 << 20

// entry is a plan in the journal.
type entry struct {
	plan  *dbmigrate.Plan
	parts [][]byte
	// before and after are the plan's documents, encoded once for all that is done
	// with them.
	before, after bson.Raw
	// done and cursor are how far a run has come: operations that are finished, and
	// the last _id of the one that was under way.
	done    int
	cursor  any
	resumed bool
	// begun tells that something that was there before may have been changed, written
	// that the new document has been.
	begun, written bool
	unmarked       bool   // the release that wrote it did not keep these two
	backup         string // the file that holds what it destroys; "" for none
	generation     *bson.ObjectID
	started        time.Time
	legs           []string  // of one that was read
	checked        time.Time // when its document was last seen to be as planned
	rebased        int       // how often it was planned again
	alone          bool      // it is in no journal, nor its dataset in the database
}

// head is the document of an entry, parts aside.
type head struct {
	ID      headID   `bson:"_id"`
	Name    string   `bson:"name"`
	From    string   `bson:"from"`
	To      string   `bson:"to"`
	Started any      `bson:"started_at"`
	Done    int      `bson:"done"`
	Cursor  any      `bson:"cursor"`
	Parts   int      `bson:"parts"`
	Plan    []byte   `bson:"plan,omitempty"` // the only part, where there is but one
	Legs    []string `bson:"legs"`           // for people
	// Generation tells apart the parts of plans that took each other's place.
	Generation *bson.ObjectID `bson:"generation,omitempty"`
	// Marks tells that Begun and Written are kept: runs of earlier releases did not.
	Marks   bool   `bson:"marks"`
	Begun   bool   `bson:"begun"`
	Written bool   `bson:"written"`
	Backup  string `bson:"backup"`
}

// headID and partID tell apart the datasets of entries, and the parts of an entry.
type headID struct {
	Collection string `bson:"collection"`
	ID         any    `bson:"id"`
}

type partID struct {
	Of         headID         `bson:"of"`
	N          int            `bson:"n"`
	Generation *bson.ObjectID `bson:"generation,omitempty"`
}

// content is what a plan is kept as.
type content struct {
	Before bson.Raw `bson:"before"`
	After  bson.Raw `bson:"after"`
	New    bool     `bson:"new"`
	Ops    []bson.D `bson:"ops"`
	Last   []bson.D `bson:"last"`
	// Losses and Warnings are the plan's. Runs of earlier releases did not keep them.
	Losses   []string `bson:"losses"`
	Warnings []string `bson:"warnings"`
}

func newEntry(plan *dbmigrate.Plan) (*entry, error) {
	before, err := bson.Marshal(plan.Before)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", called(plan), err)
	}
	after, err := bson.Marshal(plan.After)
	if err != nil {
		return nil, fmt.Errorf("encoding what %s becomes: %w", called(plan), err)
	}
	kept := content{Before: before, After: after, New: plan.New, Losses: append([]string{}, plan.Losses...), Warnings: append([]string{}, plan.Warnings...)}
	if kept.Ops, err = marshalOps(plan.Ops); err != nil {
		return nil, err
	}
	if kept.Last, err = marshalOps(plan.Last); err != nil {
		return nil, err
	}
	data, err := bson.Marshal(kept)
	if err != nil {
		return nil, fmt.Errorf("encoding the plan of %s: %w", called(plan), err)
	}
	e := &entry{plan: plan, before: before, after: after}
	for len(data) > 0 {
		n := min(len(data), partBytes)
		e.parts = append(e.parts, data[:n])
		data = data[n:]
	}
	if len(e.parts) > 1 {
		generation := bson.NewObjectID()
		e.generation = &generation
	}
	return e, nil
}

func marshalOps(ops []dbmigrate.Op) ([]bson.D, error) {
	docs := make([]bson.D, len(ops))
	for i, op := range ops {
		var err error
		if docs[i], err = dbmigrate.MarshalOp(op); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func (e *entry) size() int {
	n := 0
	for _, part := range e.parts {
		n += len(part)
	}
	return n
}

func (e *entry) id() headID { return headID{Collection: e.plan.Collection, ID: e.plan.ID} }

func (e *entry) partID(n int) partID { return partID{Of: e.id(), N: n, Generation: e.generation} }

func (e *entry) head() head {
	h := head{ID: e.id(), Name: e.plan.Name, From: e.plan.From, To: e.plan.To, Started: newTime(), Parts: len(e.parts),
		Generation: e.generation, Marks: true, Begun: e.begun, Written: e.written, Backup: e.backup, Done: e.done, Cursor: e.cursor}
	if len(e.parts) == 1 {
		h.Plan = e.parts[0]
	}
	h.Legs = append(e.legs[:0:0], e.legs...)
	for _, leg := range e.plan.Legs {
		h.Legs = append(h.Legs, leg.String())
	}
	return h
}

// journal keeps the plans that are being carried out.
type journal struct{ *Runner }

// begin writes entries, for good before it returns. An entry without all its parts
// is none: the parts come first. An entry that is there came too late to be read: it
// was on its way when the run that wrote it ended, and nothing of it was carried out.
func (j journal) begin(ctx context.Context, entries []*entry) error {
	heads := make([]mongo.WriteModel, len(entries))
	for i, e := range entries {
		h := e.head()
		heads[i] = mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: h.ID}}).SetReplacement(h).SetUpsert(true)
		if len(e.parts) == 1 {
			continue
		}
		for n, part := range e.parts {
			doc := bson.D{{Key: "_id", Value: e.partID(n)}, {Key: "plan", Value: part}}
			_, err := j.durable.Collection(journalName).ReplaceOne(ctx, bson.D{doc[0]}, doc, options.Replace().SetUpsert(true))
			if err != nil {
				return fmt.Errorf("writing the journal: %w", err)
			}
		}
	}
	if _, err := j.durable.Collection(journalName).BulkWrite(ctx, heads, options.BulkWrite().SetOrdered(false)); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// reached records how far an entry has come.
func (j journal) reached(ctx context.Context, e *entry, done int, cursor any) error {
	e.done, e.cursor = done, cursor
	if e.alone {
		return nil
	}
	change := bson.D{{Key: "$set", Value: bson.D{{Key: "done", Value: done}, {Key: "cursor", Value: cursor}}}}
	if _, err := j.durable.Collection(journalName).UpdateOne(ctx, bson.D{{Key: "_id", Value: e.id()}}, change); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// mark records something of entries, in order with what they write after it: where a
// server keeps the write, it keeps the mark.
func (j journal) mark(ctx context.Context, entries []*entry, key string, value any) error {
	ids := bson.A{}
	for _, e := range entries {
		ids = append(ids, e.id())
	}
	change := bson.D{{Key: "$set", Value: bson.D{{Key: key, Value: value}}}}
	if _, err := j.db.Collection(journalName).UpdateMany(ctx, in("_id", ids), change); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// dropParts removes the parts of an entry whose place another one has taken.
func (j journal) dropParts(ctx context.Context, e *entry) error {
	ids := bson.A{}
	for n := range e.parts {
		if len(e.parts) > 1 {
			ids = append(ids, e.partID(n))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := j.durable.Collection(journalName).DeleteMany(ctx, in("_id", ids)); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// end takes entries out.
func (j journal) end(ctx context.Context, entries []*entry) error {
	if len(entries) == 0 {
		return nil
	}
	ids := bson.A{}
	for _, e := range entries {
		ids = append(ids, e.id())
		for n := range e.parts {
			if len(e.parts) > 1 {
				ids = append(ids, e.partID(n))
			}
		}
	}
	if _, err := j.durable.Collection(journalName).DeleteMany(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// dropEmpty removes the collection of a journal that holds no entry.
func (j journal) dropEmpty(ctx context.Context) error {
	left, err := j.db.Collection(journalName).CountDocuments(ctx, bson.D{{Key: "parts", Value: bson.D{{Key: "$gt", Value: 0}}}}, options.Count().SetLimit(1))
	if err == nil && left == 0 {
		err = j.durable.Collection(journalName).Drop(ctx)
	}
	if err != nil {
		return fmt.Errorf("removing the journal: %w", err)
	}
	return nil
}

// called names what a plan is about.
func called(plan *dbmigrate.Plan) string {
	if plan.Collection == dbmigrate.Config {
		return "the database"
	}
	return fmt.Sprintf("dataset %q", plan.Name)
}
