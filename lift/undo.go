package lift

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/ledger"
)

// Undone says what became of the dataset that a lift made.
type Undone struct {
	Name string
	// Gone tells that there was none to delete, Deleted that it was deleted, or on a
	// dry run would be, and Changed says why it was not.
	Gone, Deleted bool
	Changed       string
	// Kept are the names of ontologies that it made and that others use now.
	Kept []string
}

// Undo deletes the dataset that a lift made, unless somebody has changed it since it
// could be seen. Objects stay. Without a note of what was made, as an older medialift
// left none when it was interrupted, that is ErrUnfinished.
func Undo(ctx context.Context, target *mongostore.Database, record *ledger.Run, dry bool) (Undone, error) {
	id, err := record.Meta(ctx, noteID)
	if err != nil {
		return Undone{}, err
	}
	name, err := record.Meta(ctx, noteName)
	if err != nil {
		return Undone{}, err
	}
	u := Undone{Name: name, Gone: true}
	if id == nothing {
		return u, nil
	}
	made, err := target.DatasetByID(ctx, id)
	if errors.Is(err, mongostore.ErrNotFound) {
		if !dry {
			err = target.Abandon(ctx, id) // a deletion may have been killed
		} else {
			err = nil
		}
		return u, err
	}
	if err != nil {
		return u, err
	}
	u.Name, u.Gone = made.Name(), false
	if dry {
		return undoMade(ctx, made, record, u, dry)
	}
	lock, err := made.Lock(ctx)
	if err != nil {
		return u, err
	}
	u, err = undoMade(ctx, made, record, u, dry)
	return u, errors.Join(err, lock.Unlock())
}

// undoMade deletes the dataset if it is as the lift made it.
func undoMade(ctx context.Context, made *mongostore.Store, record *ledger.Run, u Undone, dry bool) (Undone, error) {
	before, err := record.Meta(ctx, noteMade)
	if err != nil {
		return u, err
	}
	if before == nothing {
		return u, fmt.Errorf("%w: %q", ErrUnfinished, u.Name)
	}
	if before == unsure {
		u.Changed = "an older medialift was interrupted while it made it, and left no note by which changes of others could be told"
		return u, nil
	}
	derived, err := made.Derived(ctx)
	if err != nil {
		return u, err
	}
	if len(derived) > 0 {
		u.Changed = fmt.Sprintf("FiftyOne has generated %d datasets for its saved views", len(derived))
		return u, nil
	}
	now, _, err := digestOf(ctx, made, func(int64) {})
	if err != nil {
		return u, err
	}
	if now != before {
		u.Changed = "somebody has changed it since"
		return u, nil
	}
	u.Deleted = true
	if dry {
		return u, nil
	}
	ontologies, err := madeOntologies(ctx, record)
	if err != nil {
		return u, err
	}
	u.Kept, err = made.Delete(ctx, ontologies...)
	return u, err
}

// madeOntologies are the _ids of the ontologies that a lift made.
func madeOntologies(ctx context.Context, record *ledger.Run) (ids []bson.ObjectID, err error) {
	text, err := record.Meta(ctx, noteOntology)
	if err != nil {
		return nil, err
	}
	for _, hex := range strings.Fields(text) {
		id, err := bson.ObjectIDFromHex(hex)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %q is not an id", hex)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
