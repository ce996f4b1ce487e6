package dbmigrate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/internal/edit"
)

// State is a dataset on its way through the legs of a plan: each Step finds what
// the one before it left.
type State struct {
	// Doc is the dataset's document. Steps change what they must and leave every
	// other value, key and position alone. For a database's own revisions it is the
	// document of the collection config.
	Doc bson.D
	// From and To are the versions between which the whole way leads.
	From, To Version
	// Now is the time of the plan, to the millisecond, UTC. It stands for every
	// "now" that a Step writes.
	Now time.Time
	// Names knows what other datasets are called.
	Names *Names
	// NewID makes an id.
	NewID func() bson.ObjectID

	ops        []Op
	losses     []string
	warnings   []string
	unopenable []string
	runs       map[string]bson.D // by IDKey: run documents as the plan leaves them; nil for none
	wereRuns   map[string]bson.D // by IDKey: run documents as they were read
}

// Name is the dataset's name, "" where it has none.
func (s *State) Name() string { return edit.String(s.Doc, "name") }

// ID is the dataset's _id.
func (s *State) ID() any { return edit.Get(s.Doc, "_id") }

// Add appends operations.
func (s *State) Add(ops ...Op) { s.ops = append(s.ops, ops...) }

// Lose says what a step will delete and can't bring back, in words for the one
// who decides: "3 saved views".
func (s *State) Lose(format string, args ...any) {
	s.losses = append(s.losses, fmt.Sprintf(format, args...))
}

// Warn says what a user should know and what stops nothing.
func (s *State) Warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// CannotOpen says why the client of the target version can't open the dataset, or a part
// of it: which part, what is in it, and the version that brought it. It refuses nothing.
func (s *State) CannotOpen(format string, args ...any) {
	s.unopenable = append(s.unopenable, fmt.Sprintf(format, args...))
}

// Run returns the document of a run (an evaluation, brain method, annotation or
// custom run) as the legs before left it, nil where there is none. Change it with
// PutRun alone.
func (s *State) Run(ctx context.Context, reader Reader, id any) (bson.D, error) {
	if _, known := s.runs[IDKey(id)]; !known {
		if err := s.readRuns(ctx, reader, id); err != nil {
			return nil, err
		}
	}
	return cloneDoc(s.runs[IDKey(id)]), nil
}

// ResultSource is the file of results that an earlier leg is going to copy to this id; the
// id itself where none is.
func (s *State) ResultSource(id any) any {
	for _, op := range slices.Backward(s.ops) {
		if file, isCopy := op.(CopyResult); isCopy && IDKey(file.To) == IDKey(id) {
			id = file.From
		}
	}
	return id
}

// readRuns reads a run, and with it all that the dataset names: one query for all.
func (s *State) readRuns(ctx context.Context, reader Reader, id any) error {
	unknown := bson.A{id}
	for _, key := range []string{"annotation_runs", "brain_methods", "evaluations", "runs"} {
		for _, entry := range edit.Doc(s.Doc, key) {
			if _, known := s.runs[IDKey(entry.Value)]; !known {
				unknown = append(unknown, entry.Value)
			}
		}
	}
	if s.runs == nil {
		s.runs = map[string]bson.D{}
	}
	if s.wereRuns == nil {
		s.wereRuns = map[string]bson.D{}
	}
	for _, id := range unknown {
		s.runs[IDKey(id)] = nil
	}
	for doc, err := range reader.Find(ctx, runs, Query{Filter: bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: unknown}}}}}) {
		if err != nil {
			return fmt.Errorf("reading runs: %w", err)
		}
		id := IDKey(edit.Get(doc, "_id"))
		s.runs[id], s.wereRuns[id] = doc, cloneDoc(doc)
	}
	return nil
}

// PutRun writes a run's document, which has its _id. It replaces what an earlier
// leg wrote.
func (s *State) PutRun(doc bson.D) {
	id := edit.Get(doc, "_id")
	s.forgetRun(id)
	s.runs[IDKey(id)] = doc
	s.Add(Put{Collection: runs, Doc: doc, Was: s.wereRuns[IDKey(id)]})
}

// DeleteRun deletes the document of a run, once the dataset no longer names it.
func (s *State) DeleteRun(id any) {
	s.forgetRun(id)
	s.runs[IDKey(id)] = nil
	s.Add(Delete{Collection: runs, IDs: bson.A{id}})
}

// forgetRun drops what an earlier leg meant to write.
func (s *State) forgetRun(id any) {
	if s.runs == nil {
		s.runs = map[string]bson.D{}
	}
	s.ops = slices.DeleteFunc(s.ops, func(op Op) bool {
		put, isPut := op.(Put)
		return isPut && put.Collection == runs && IDKey(edit.Get(put.Doc, "_id")) == IDKey(id)
	})
}

const runs = "runs"

// IDKey is a text that two ids have in common when they are the same value of the
// same BSON type: an _id may be of any type, a document too.
func IDKey(id any) string {
	if oid, isOID := id.(bson.ObjectID); isOID {
		return oid.Hex()
	}
	kind, data, err := bson.MarshalValue(id)
	if err != nil {
		return fmt.Sprintf("%T %v", id, id)
	}
	return kind.String() + " " + string(data)
}

// cloneDoc copies a document as deep as steps change it.
func cloneDoc(doc bson.D) bson.D {
	clone, _ := cloneValue(doc).(bson.D)
	return clone
}

func cloneValue(value any) any {
	switch v := value.(type) {
	case bson.D:
		if v == nil {
			return v
		}
		clone := make(bson.D, len(v), len(v)+8) // most documents grow
		for i, e := range v {
			clone[i] = bson.E{Key: e.Key, Value: cloneValue(e.Value)}
		}
		return clone
	case bson.A:
		clone := make(bson.A, len(v))
		for i, item := range v {
			clone[i] = cloneValue(item)
		}
		return clone
	}
	return value
}
