package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// A HeldError says who holds the lease that is in the way.
type HeldError struct {
	// Migration tells that it is one of a migration, else of a Dataset.
	Migration bool
	Dataset   string
	Owner     string // as a migration calls itself
	Host      string
	PID       int
	// Since and Expires are of the server's clock.
	Since, Expires time.Time
}

// Error implements error.
func (e *HeldError) Error() string {
	since := e.Since.Local().Format(time.DateTime)
	ends := e.Expires.Local().Format(time.TimeOnly)
	if e.Migration {
		return fmt.Sprintf("%s (process %d on %s) has been migrating this database since %s; should that be dead, its lock ends at %s",
			e.Owner, e.PID, e.Host, since, ends)
	}
	return fmt.Sprintf("%q is held by process %d on %s since %s; should that be dead, its lock ends at %s", e.Dataset, e.PID, e.Host, since, ends)
}

// A record is a lease as it stands in its collection.
type record struct {
	ID      any       `bson:"_id"`
	Token   string    `bson:"token"`
	Name    string    `bson:"owner"`
	Dataset string    `bson:"dataset"`
	Asking  bool      `bson:"asking"` // its owner looks whether it may have it
	Since   time.Time `bson:"since"`
	Expires time.Time `bson:"expires"`
	Process owner     `bson:",inline"`
}

func (r *record) held() *HeldError {
	return &HeldError{
		Migration: r.ID == migrationID, Dataset: r.Dataset, Owner: r.Name, Host: r.Process.Host, PID: r.Process.PID, Since: r.Since, Expires: r.Expires,
	}
}

// find reads the records that filter matches.
func (t *Table) find(ctx context.Context, filter bson.D) ([]record, error) {
	cursor, err := t.db.Collection(Locks).Find(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("looking for locks: %w", err)
	}
	var records []record
	if err := cursor.All(ctx, &records); err != nil {
		return nil, fmt.Errorf("looking for locks: %w", err)
	}
	return records, nil
}

// live matches records that have not expired.
func live() bson.E {
	return bson.E{Key: "$expr", Value: bson.D{{Key: "$gte", Value: bson.A{"$expires", "$$NOW"}}}}
}

// olderName is the collection in which older versions of this program keep the one
// lease of their migrations.
const olderName = "medialift_lease"

// older returns the lease that a migration of an older version holds, or nil.
func (t *Table) older(ctx context.Context) (*HeldError, error) {
	var doc struct {
		Owner, Host string
		PID         int
		Since       time.Time
		Expires     time.Time `bson:"expires_at"`
	}
	alive := bson.D{{Key: "$expr", Value: bson.D{{Key: "$gte", Value: bson.A{"$expires_at", "$$NOW"}}}}}
	err := t.db.Collection(olderName).FindOne(ctx, alive).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the lease of an older version: %w", err)
	}
	return &HeldError{Migration: true, Owner: doc.Owner, Host: doc.Host, PID: doc.PID, Since: doc.Since, Expires: doc.Expires}, nil
}

// dropOlder removes the lease of an older version if it has expired, or is stolen.
func (t *Table) dropOlder(ctx context.Context, steal bool) error {
	names, err := t.db.ListCollectionNames(ctx, bson.D{{Key: "name", Value: olderName}})
	if err == nil && len(names) > 0 {
		gone := bson.D{}
		if !steal {
			gone = bson.D{{Key: "$expr", Value: bson.D{{Key: "$lt", Value: bson.A{"$expires_at", "$$NOW"}}}}}
		}
		older := t.db.Collection(olderName)
		var left int64
		_, err = older.DeleteMany(ctx, gone)
		if err == nil {
			left, err = older.CountDocuments(ctx, bson.D{})
		}
		if err == nil && left == 0 {
			err = older.Drop(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("removing the lease of an older version: %w", err)
	}
	return nil
}
