package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A ValueState says how far the change of one value has come.
type ValueState int

// The states of a value.
const (
	ValuePlanned   ValueState = iota // still as it was
	ValueAttempted                   // its change was begun; killed then, it may or may not have happened
	ValueDone                        // changed
	ValueConflict                    // somebody else changed it since it was planned
	ValueUndone                      // put back
	ValueKept                        // not put back: somebody else changed it since
)

// A Value is one media value of the dataset and its change.
type Value struct {
	ID    int64
	Part  dataset.Part
	Seq   int64
	Doc   bson.RawValue
	At    dataset.Pointer
	Field string
	// Old is the value as it was stored, New what it became or would become.
	Old, New string
	// Spelling is how Old was spelled where that was not FiftyOne's own way.
	Spelling string
	State    ValueState
}

const valueColumns = `v.id, v.part, v.seq, v.doc, v.at, f.name, coalesce(v.old, v.path), coalesce(v.new, ''),
	coalesce(v.spelling, ''), v.state`

func scanValue(rows *sql.Rows) (Value, error) {
	var v Value
	var doc any
	err := rows.Scan(&v.ID, &v.Part, &v.Seq, &doc, &v.At, &v.Field, &v.Old, &v.New, &v.Spelling, &v.State)
	if err != nil {
		return v, err
	}
	v.Doc, err = decodeID(doc)
	return v, err
}

// DocID spells the _id of the value's document for people: the 24 digits of an
// ObjectID, or extended JSON.
func (v Value) DocID() string { return IDText(v.Doc) }

// IDText spells the _id of a document for people.
func IDText(id bson.RawValue) string {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return id.String()
}

// encodeID keeps an ObjectID readable, as text, and any other id as a blob of
// its BSON type and bytes.
func encodeID(id bson.RawValue) any {
	if oid, ok := id.ObjectIDOK(); ok {
		return oid.Hex()
	}
	return append([]byte{byte(id.Type)}, id.Value...)
}

func decodeID(doc any) (bson.RawValue, error) {
	switch doc := doc.(type) {
	case string:
		oid, err := hex.DecodeString(doc)
		if err != nil || len(oid) != 12 {
			return bson.RawValue{}, fmt.Errorf("%q is not an id", doc)
		}
		return bson.RawValue{Type: bson.TypeObjectID, Value: oid}, nil
	case []byte:
		if len(doc) > 0 {
			return bson.RawValue{Type: bson.Type(doc[0]), Value: doc[1:]}, nil
		}
	}
	return bson.RawValue{}, errors.New("a row has no document id")
}

// Attempt marks the planned values of every document of which all files have
// arrived, and notes what they become. Values of missing files are left out.
// With it durable, the dataset may be changed. It returns how many values were
// marked.
func (r *Run) Attempt(ctx context.Context) (int64, error) {
	var n int64
	err := r.tx(ctx, func(tx *sql.Tx) error {
		// Documents that must wait: few, or the run would not have come here.
		if _, err := tx.ExecContext(ctx, `CREATE TEMP TABLE waiting(seq, part, PRIMARY KEY(seq, part)) WITHOUT ROWID`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO waiting SELECT v.seq, v.part
			FROM value v JOIN file f ON f.path = v.path WHERE v.state = ? AND f.state NOT IN (?, ?)`,
			ValuePlanned, FileArrived, FileMissing); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE value SET state = ?, new = f.url FROM file f
			WHERE f.path = value.path AND f.state = ? AND value.state = ?
			AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.seq = value.seq AND w.part = value.part)`,
			ValueAttempted, FileArrived, ValuePlanned)
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DROP TABLE waiting`)
		return err
	})
	return n, err
}

// AttemptAll marks every planned value; each must have its New.
func (r *Run) AttemptAll(ctx context.Context) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE state = ? AND new IS NOT NULL`, ValueAttempted, ValuePlanned)
		return err
	})
}

// Changes streams the attempted values as changes of the dataset, a document
// each, in the dataset's order. Settle belongs to it. An error of the ledger is
// stored in *err and ends the stream.
func (r *Run) Changes(ctx context.Context, err *error) iter.Seq[dataset.Change] {
	values := pages(func(after Value) ([]Value, error) {
		return query(ctx, r.db, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field
			WHERE v.id > ? AND v.state = ? ORDER BY v.id LIMIT ?`, after.ID, ValueAttempted, pageSize)
	})
	return changes(values, err, func(v Value) dataset.Set {
		return dataset.Set{At: v.At, Old: v.Old, New: v.New}
	})
}

// UndoChanges streams what puts back the values that this run changed or may
// have changed, a document each, in the dataset's order. SettleUndo belongs to
// it.
func (r *Run) UndoChanges(ctx context.Context, err *error) iter.Seq[dataset.Change] {
	return func(yield func(dataset.Change) bool) {
		if *err = r.prepareUndo(ctx); *err != nil {
			return
		}
		type ordered struct {
			rank int64
			Value
		}
		scan := func(rows *sql.Rows) (o ordered, err error) {
			var id int64
			if err := rows.Scan(&o.rank, &id); err != nil {
				return o, err
			}
			o.ID = id
			return o, nil
		}
		values := func(yield func(Value, error) bool) {
			for o, err := range pages(func(after ordered) ([]ordered, error) {
				return query(ctx, r.db, scan, `SELECT rank, value FROM undo WHERE rank > ? ORDER BY rank LIMIT ?`, after.rank, pageSize)
			}) {
				if err == nil {
					o.Value, err = r.value(ctx, o.ID)
				}
				if !yield(o.Value, err) || err != nil {
					return
				}
			}
		}
		changes(values, err, func(v Value) dataset.Set {
			return dataset.Set{At: v.At, Old: v.New, New: v.Old, Spelling: v.Spelling}
		})(yield)
	}
}

// prepareUndo lists, in the dataset's order, the last change that this run made
// to each value.
func (r *Run) prepareUndo(ctx context.Context) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`UPDATE value SET state = ?2 WHERE state = ?3`,
			`DROP TABLE IF EXISTS temp.undo`,
			`CREATE TEMP TABLE undo(rank INTEGER PRIMARY KEY, value INTEGER)`,
			`INSERT INTO undo(value) SELECT max(id) FROM value WHERE state IN (?1, ?2)
				GROUP BY part, seq, at, doc ORDER BY part DESC, seq, max(id)`,
		} {
			if _, err := tx.ExecContext(ctx, text, ValueAttempted, ValueDone, ValueKept); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Run) value(ctx context.Context, id int64) (Value, error) {
	list, err := query(ctx, r.db, scanValue, `SELECT `+valueColumns+` FROM value v JOIN field f ON f.id = v.field WHERE v.id = ?`, id)
	if err != nil {
		return Value{}, err
	}
	if len(list) == 0 {
		return Value{}, r.explain("reading", errors.New("a row is gone"))
	}
	return list[0], nil
}

// changes gathers the values of one document into one change.
func changes(values iter.Seq2[Value, error], failed *error, set func(Value) dataset.Set) iter.Seq[dataset.Change] {
	return func(yield func(dataset.Change) bool) {
		var c dataset.Change
		var seq int64
		for v, err := range values {
			if err != nil {
				*failed = err
				return
			}
			if len(c.Sets) > 0 && (v.Part != c.Part || v.Seq != seq) {
				if !yield(c) {
					return
				}
				c.Sets = nil
			}
			c.Part, c.ID, seq = v.Part, v.Doc, v.Seq
			c.Sets = append(c.Sets, set(v))
		}
		if len(c.Sets) > 0 {
			yield(c)
		}
	}
}

// Settled counts what became of documents.
type Settled struct {
	Changed, Already, Conflicts int64
	// Values is how many values the changed documents hold.
	Values int64
}

// Settle consumes the outcomes of Changes, and notes which values were changed
// and which were not.
func (r *Run) Settle(ctx context.Context, outcomes iter.Seq2[dataset.Outcome, error]) (Settled, error) {
	return r.settle(ctx, outcomes, ValueConflict, ValueDone)
}

// SettleUndo is Settle for UndoChanges.
func (r *Run) SettleUndo(ctx context.Context, outcomes iter.Seq2[dataset.Outcome, error]) (Settled, error) {
	return r.settle(ctx, outcomes, ValueKept, ValueUndone)
}

func (r *Run) settle(ctx context.Context, outcomes iter.Seq2[dataset.Outcome, error], exception, rest ValueState) (Settled, error) {
	var s Settled
	for o, err := range outcomes {
		if err != nil {
			return s, err
		}
		switch o.Status {
		case dataset.Changed:
			s.Changed++
			s.Values += int64(len(o.Change.Sets))
		case dataset.Already:
			s.Already++
		default:
			s.Conflicts++
			if err := r.except(ctx, o.Change, exception); err != nil {
				return s, err
			}
		}
	}
	return s, r.tx(ctx, func(tx *sql.Tx) error {
		from := []ValueState{ValueAttempted}
		if rest == ValueUndone {
			from = append(from, ValueDone)
		}
		marks, args := placeholders(from)
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE state IN (`+marks+`)`, append([]any{rest}, args...)...)
		return err
	})
}

// except notes that a document was not changed. Such rows are few; the index
// that finds them is only made when the first is met.
func (r *Run) except(ctx context.Context, c dataset.Change, state ValueState) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS value_doc ON value(doc)`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE value SET state = ? WHERE doc = ? AND part = ? AND state IN (?, ?, ?)`,
			state, encodeID(c.ID), string(c.Part), ValueAttempted, ValueDone, ValueKept)
		return err
	})
}
