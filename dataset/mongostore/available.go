package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// checkName refuses a name that FiftyOne would not accept. Before there were slugs it
// took any but an empty one.
func (w *Writer) checkName() (err error) {
	if w.slugged {
		w.slug, err = Slug(w.name)
	} else if w.name == "" {
		err = fmt.Errorf("%w: it is empty", ErrName)
	}
	return err
}

// available makes sure that no other dataset has the name or its slug.
func (w *Writer) available(ctx context.Context) error {
	same := bson.A{bson.D{{Key: "name", Value: w.name}}}
	if w.slugged {
		same = append(same, bson.D{{Key: "slug", Value: w.slug}})
	}
	either := bson.D{{Key: "$or", Value: same}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: w.id}}}}
	cursor, err := w.d.db.Collection(datasetsName).Find(ctx, either)
	if err != nil {
		return w.d.readError("looking for a dataset of that name", err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return w.d.readError("looking for a dataset of that name", err)
	}
	if len(docs) == 0 {
		return nil
	}
	if other := info(docs[0]).Name; other != w.name {
		return fmt.Errorf("%w: %q: its slug %q is in use by dataset %q", ErrTaken, w.name, w.slug, other)
	}
	return fmt.Errorf("%w: %q", ErrTaken, w.name)
}
