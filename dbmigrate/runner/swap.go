package runner

import (
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/internal/docswap"
)

// swapped is the write that puts a document in the place of an old one, if that is
// what it was.
func swapped(old, doc bson.D) (mongo.WriteModel, error) {
	was, err := bson.Marshal(old)
	if err != nil {
		return nil, err
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return docswap.Model(was, raw)
}

// modelOf is the write of a Put: in the place of what it replaces or, repeated, of itself.
func modelOf(put dbmigrate.Put) (mongo.WriteModel, error) {
	if put.Was == nil {
		filter := bson.D{{Key: "_id", Value: lookup(put.Doc, "_id")}}
		return mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(put.Doc).SetUpsert(true), nil
	}
	is := func(doc bson.D) bson.D {
		return bson.D{{Key: "$eq", Value: bson.A{"$$ROOT", bson.D{{Key: "$literal", Value: doc}}}}}
	}
	filter := bson.D{{Key: "_id", Value: lookup(put.Doc, "_id")}, {Key: "$expr", Value: bson.D{{Key: "$or", Value: bson.A{is(put.Was), is(put.Doc)}}}}}
	if raw, err := bson.Marshal(filter); err != nil || len(raw) > 8<<20 {
		return swapped(put.Was, put.Doc)
	}
	return mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(put.Doc), nil
}
