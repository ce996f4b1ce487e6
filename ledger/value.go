package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

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
	ValueMissing                     // not put back: the file that it named is not there any more
	ValueRefused                     // not changed: the store cannot hold its document then
	ValueStuck                       // not put back, for the same reason
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
// arrived, with all that those need, and notes what they become. Values of missing files are left out.
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
			FROM value v JOIN file f ON f.path = v.path WHERE v.state = ? AND f.id IN (`+unfinished+`)`, ValuePlanned); err != nil {
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
