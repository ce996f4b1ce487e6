package ledger

import (
	"context"
	"database/sql"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Misfit is a document that its store cannot hold as it was to become.
type Misfit struct {
	Part dataset.Part
	Doc  bson.RawValue
	// Reason says why in words.
	Reason string
}

// refusedSchema is made when the first such document is met. Values of one are
// ValueRefused, or ValueStuck where they were to be put back.
const refusedSchema = `CREATE TABLE IF NOT EXISTS refused(part TEXT NOT NULL, doc NOT NULL, reason TEXT NOT NULL, PRIMARY KEY(part, doc)) WITHOUT ROWID`

// refusedReason is why the value v was refused.
const refusedReason = `(SELECT reason FROM refused WHERE refused.part = v.part AND refused.doc = v.doc)`

// Refuse notes documents whose planned values they cannot take: a copy of the dataset
// has them as they were.
func (r *Run) Refuse(ctx context.Context, list []Misfit) error {
	a := applier{run: r, from: []ValueState{ValuePlanned}, refused: ValueRefused}
	for _, one := range list {
		if err := a.except(ctx, dataset.Change{Part: one.Part, ID: one.Doc}, a.refused, one.Reason); err != nil {
			return err
		}
	}
	return nil
}

// noteRefused keeps the reason why a document was refused.
func noteRefused(ctx context.Context, tx *sql.Tx, c dataset.Change, reason string) error {
	if _, err := tx.ExecContext(ctx, refusedSchema); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO refused VALUES(?, ?, ?)`, string(c.Part), encodeID(c.ID), reason)
	return err
}

// hasRefused reports whether any document was ever refused.
func (r *Run) hasRefused(ctx context.Context) (has bool, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'refused')`).Scan(&has)
	if err != nil {
		return false, r.explain("reading", err)
	}
	return has, nil
}

// Refused counts the values that documents could not take.
func (r *Run) Refused(ctx context.Context) (n int64, err error) {
	if err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM value WHERE state = ?`, ValueRefused).Scan(&n); err != nil {
		return 0, r.explain("reading", err)
	}
	return n, nil
}
