package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// movesName is the collection of notes of moves under way.
const movesName = "medialift.moves"

// A moveNote is written before a move, and removed when what the move has made of others'
// values is put back. One that is left is of a run that was cut off between the two.
type moveNote struct {
	ID         moveSlot      `bson:"_id"`
	Token      string        `bson:"token"` // of the call of Update
	Collection string        `bson:"collection"`
	Key        string        `bson:"key"`
	From       string        `bson:"from"`
	To         string        `bson:"to"`
	Stamp      bson.DateTime `bson:"stamp"` // the move's documents have it
	Docs       bson.A        `bson:"docs"`  // their _ids
}

// A moveSlot is one of the notes of a dataset: there are as many as batches on their way,
// and a batch takes over the slot of one that is done.
type moveSlot struct {
	Dataset bson.RawValue `bson:"dataset"`
	Slot    int           `bson:"slot"`
}

// note writes down a move before it is made.
func (w *batchWriter) note(ctx context.Context, m move, ids bson.A) error {
	n := moveNote{
		ID: moveSlot{w.store.id, w.slot}, Token: w.token, Collection: w.collection.Name(), Key: m.key, From: m.from, To: m.to,
		Stamp: w.stamp, Docs: ids,
	}
	notes := w.store.d.durable.Collection(movesName)
	if _, err := notes.ReplaceOne(ctx, bson.D{{Key: "_id", Value: n.ID}}, n, options.Replace().SetUpsert(true)); err != nil {
		return w.store.d.writeError("noting an update", err)
	}
	return nil
}

// forgetMoves removes the notes of moves that were seen through, by the slots in seen.
func (s *Store) forgetMoves(ctx context.Context, token string, seen map[int]bool) error {
	ids := bson.A{}
	for slot, through := range seen {
		if through {
			ids = append(ids, moveSlot{s.id, slot})
		}
	}
	if len(ids) == 0 {
		return nil
	}
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}, {Key: "token", Value: token}}
	if _, err := s.d.durable.Collection(movesName).DeleteMany(ctx, filter); err != nil {
		return s.d.writeError("noting that an update is done", err)
	}
	return nil
}

// unmove takes back what is left of moves that were cut off: every value that one of them
// moved, the planned ones too, which the next run plans again. The caller holds the
// dataset, so that no such move is under way.
func (s *Store) unmove(ctx context.Context) error {
	notes := s.d.durable.Collection(movesName)
	cursor, err := notes.Find(ctx, bson.D{{Key: "_id.dataset", Value: s.id}})
	if err != nil {
		return s.d.readError("looking for updates that were cut off", err)
	}
	var left []moveNote
	if err := cursor.All(ctx, &left); err != nil {
		return s.d.readError("looking for updates that were cut off", err)
	}
	for _, n := range left {
		if err := s.d.unmoveOne(ctx, n); err != nil {
			return s.d.writeError("taking back an update that was cut off", err)
		}
		if _, err := notes.DeleteOne(ctx, bson.D{{Key: "_id", Value: n.ID}, {Key: "token", Value: n.Token}}); err != nil {
			return s.d.writeError("taking back an update that was cut off", err)
		}
	}
	return nil
}

// unmoveOne takes back one move. Documents get another time, so that this may be done
// twice; those that somebody has changed since have another one already, and stay.
func (d *Database) unmoveOne(ctx context.Context, n moveNote) error {
	filter := bson.D{
		{Key: "_id", Value: bson.D{{Key: "$in", Value: n.Docs}}}, {Key: stampKey, Value: n.Stamp}, {Key: n.Key, Value: below(n.To)},
	}
	collation, err := d.exactly(ctx, n.Collection)
	if err != nil {
		return err
	}
	_, err = d.durable.Collection(n.Collection).UpdateMany(ctx, filter, moving(n.Key, n.To, n.From, n.Stamp+1), options.UpdateMany().SetCollation(collation))
	return err
}

// below matches every string that begins with a prefix and a slash, and no list of such.
func below(prefix string) bson.D {
	return bson.D{
		{Key: "$gte", Value: prefix + "/"}, {Key: "$lt", Value: prefix + "0"},
		{Key: "$not", Value: bson.D{{Key: "$type", Value: "array"}}},
	}
}

// moving puts one prefix of a value in the place of another.
func moving(key, from, to string, stamp bson.DateTime) mongo.Pipeline {
	rest := bson.D{{Key: "$substrBytes", Value: bson.A{"$" + key, len(from), -1}}}
	return mongo.Pipeline{bson.D{{Key: "$set", Value: bson.D{
		{Key: key, Value: bson.D{{Key: "$concat", Value: bson.A{literal(to), rest}}}}, {Key: stampKey, Value: stamp},
	}}}}
}
