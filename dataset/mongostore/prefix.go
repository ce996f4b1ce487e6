package mongostore

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

// A move is what a batch of changes comes to if each of them does no more than
// put another directory in the place of the first part of one field's path. The
// server can make it in one update for all, at half the cost of one for each.
type move struct {
	at       dataset.Pointer
	key      string // of the field in the document
	from, to string
}

// fewest is how many changes are worth a move.
const fewest = 20

// moveOf finds out whether a batch is a move.
func moveOf(batch []dataset.Change) (move, bool) {
	if len(batch) < fewest {
		return move{}, false
	}
	var m move
	for i, c := range batch {
		if len(c.Sets) != 1 {
			return move{}, false
		}
		s := c.Sets[0]
		if i == 0 {
			var ok bool
			if m, ok = firstMove(s); !ok {
				return move{}, false
			}
		}
		rest, ok := strings.CutPrefix(s.Old, m.from)
		if s.At != m.at || !ok || !strings.HasPrefix(rest, "/") || s.New != m.to+rest {
			return move{}, false
		}
	}
	return m, true
}

// firstMove is the move that one change may be a part of: its paths end alike,
// from a slash on.
func firstMove(s dataset.Set) (move, bool) {
	key, ok := dotted(s.At)
	if !ok || strings.Contains(key, ".") { // a path through a list would mean all of its elements
		return move{}, false
	}
	same := 0
	for same < len(s.Old) && same < len(s.New) && s.Old[len(s.Old)-1-same] == s.New[len(s.New)-1-same] {
		same++
	}
	slash := strings.IndexByte(s.Old[len(s.Old)-same:], '/')
	if slash < 0 {
		return move{}, false
	}
	same -= slash
	m := move{at: s.At, key: key, from: s.Old[:len(s.Old)-same], to: s.New[:len(s.New)-same]}
	// What was moved must not look like what is still to be moved.
	return m, m.from != "" && !strings.HasPrefix(m.to, m.from)
}

// move makes a batch by one update on the server. The update goes by the first
// part of the path alone; so the documents are read afterwards, and what others
// had put there meanwhile gets its value back: by the next run, should this one be cut
// off before that. It returns the changes that still have to be made one by one.
func (w *batchWriter) move(ctx context.Context, batch []dataset.Change, m move) (out []dataset.Outcome, left []dataset.Change, err error) {
	ids := make(bson.A, len(batch))
	for i, c := range batch {
		ids[i] = c.ID
	}
	chosen := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
	ctx, stop := through(ctx)
	defer stop()
	if err := w.note(ctx, m, ids); err != nil {
		return nil, nil, err
	}
	w.moved = true
	_, err = w.collection.UpdateMany(ctx, append(chosen, bson.E{Key: m.key, Value: below(m.from)}), moving(m.key, m.from, m.to, w.stamp),
		options.UpdateMany().SetCollation(w.collation))
	if err != nil && !isRefused(err) { // what is left then is done one by one
		return nil, nil, w.store.d.writeError("updating "+string(w.part), err)
	}
	fields := options.Find().SetProjection(bson.D{{Key: m.key, Value: 1}, {Key: stampKey, Value: 1}})
	read, err := w.find(ctx, chosen, fields)
	if err != nil {
		return nil, nil, err
	}
	var back []mongo.WriteModel
	for _, c := range batch {
		doc := read[string(c.ID.Value)]
		s := stand(doc, c)
		value, _ := text(doc, m.at)
		moved, isMoved := strings.CutPrefix(value, m.to)
		switch {
		case doc != nil && s.status == dataset.Changed: // somebody has put the old value back
			left = append(left, c)
			continue
		case s.status == dataset.Already && w.isStamped(doc):
			s.status = dataset.Changed // by us
		case s.status == dataset.Conflict && isMoved && w.isStamped(doc):
			s.value = m.from + moved
			undo := dataset.Change{ID: c.ID, Sets: []dataset.Set{{At: m.at, Old: value, New: s.value}}}
			back = append(back, w.exact(model(undo, nil, 0)))
		}
		out = append(out, s.outcome(c))
	}
	if len(back) > 0 {
		if _, _, err := w.bulk(ctx, back); err != nil {
			return out, nil, err
		}
	}
	return out, left, nil
}
