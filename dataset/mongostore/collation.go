package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// exactly is the collation to compare strings by their bytes with: that of a collection
// may take /data/A.png for /data/a.png. It is nil for a collection without one, since
// some servers know no collations.
func (d *Database) exactly(ctx context.Context, collection string) (*options.Collation, error) {
	if collection == "" {
		return nil, nil //nolint:nilnil // nothing to compare
	}
	found, err := d.db.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: collection}})
	if err != nil {
		return nil, d.readError("looking at a collection", err)
	}
	for _, c := range found {
		if _, err := c.Options.LookupErr("collation"); err == nil {
			return &options.Collation{Locale: "simple"}, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing has to be said
}
