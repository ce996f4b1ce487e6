package runner

import (
	"bytes"
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/internal/docswap"
)

// convert passes a collection through a conversion. A document that changed in the
// meantime is read again.
func (x *execution) convert(ctx context.Context, e *entry, op dbmigrate.Convert, number int, cursor any) error {
	conversion := x.datasets.Conversion(op.Conversion)
	if conversion == nil {
		return fmt.Errorf("no conversion %q is known", op.Conversion)
	}
	collection := x.db.Collection(op.Collection)
	if oneType, err := idsOfOneType(ctx, collection); err != nil {
		return err
	} else if !oneType {
		cursor = nil
	}
	var models []mongo.WriteModel
	var passed, size int64
	var last any
	flush := func(reached any) error {
		if len(models) > 0 {
			result, err := x.db.Collection(op.Collection).BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
			if err != nil {
				return fmt.Errorf("converting %s: %w", op.Collection, err)
			}
			if int(result.MatchedCount) < len(models) {
				return fmt.Errorf("documents of %s were changed by somebody else meanwhile: run again", op.Collection)
			}
			models, size = nil, 0
		}
		x.progress(e.plan.Name, op.Collection, passed)
		if err := x.journal.reached(ctx, e, number, reached); err != nil {
			return err
		}
		return x.still(ctx, e)
	}
	opts := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}})
	for raw, err := range each(ctx, collection, append(idRange(cursor, nil), op.Filter...), opts) {
		if err != nil {
			return err
		}
		model, id, err := x.converted(ctx, conversion, op.Args, raw)
		if err != nil {
			return fmt.Errorf("converting %s, document %v: %w", op.Collection, id, err)
		}
		last = id
		if passed++; model != nil {
			models, size = append(models, model), size+int64(len(raw))
		}
		if len(models) == 1000 || size > batchBytes || passed%rangeDocs == 0 {
			if err := flush(id); err != nil {
				return err
			}
		}
	}
	if len(models) == 0 {
		return nil
	}
	return flush(last)
}

// filterOf selects what a conversion passes.
func filterOf(op dbmigrate.Convert) bson.D {
	if op.Filter == nil {
		return bson.D{}
	}
	return op.Filter
}

// converted returns the write that a document needs, nil for none, and its _id.
func (x *execution) converted(ctx context.Context, conversion dbmigrate.Conversion, args bson.D, raw bson.Raw) (mongo.WriteModel, any, error) {
	raw = bytes.Clone(raw)
	var doc bson.D
	if err := bson.Unmarshal(raw, &doc); err != nil {
		return nil, nil, err
	}
	id := lookup(doc, "_id")
	changed, err := conversion(ctx, x.Reader(), &doc, args)
	if err != nil || !changed {
		return nil, id, err
	}
	after, err := bson.Marshal(doc)
	if err != nil {
		return nil, id, err
	}
	model, err := docswap.Model(raw, after)
	return model, id, err
}
