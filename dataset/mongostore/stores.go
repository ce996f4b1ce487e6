package mongostore

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/medialift/medialift/dataset"
)

const (
	storesName     = "execution_store"
	operationsName = "delegated_ops"
	// storeOwner is the key of a store's document that names its dataset.
	storeOwner = "dataset_id"
)

// panelStores are the execution stores that FiftyOne's clone copies
// (fiftyone.operators.store.clone, _cloneable_store_names): the history of its own
// panels. Others may hold anything.
var panelStores = []string{"model_evaluation_panel_builtin", "similarity_search_panel"}

// panels reads the documents of panel stores that belong to the dataset.
func (s *Store) panels(ctx context.Context) ([]bson.Raw, error) {
	own := bson.D{{Key: storeOwner, Value: s.id}, {Key: "store_name", Value: bson.D{{Key: "$in", Value: panelStores}}}}
	return s.d.all(ctx, storesName, own, options.Find().SetSort(bson.D{{Key: "store_name", Value: 1}, {Key: "key", Value: 1}}))
}

// all reads the documents that a filter finds.
func (d *Database) all(ctx context.Context, collection string, filter bson.D, opts *options.FindOptionsBuilder) ([]bson.Raw, error) {
	cursor, err := d.db.Collection(collection).Find(ctx, filter, opts)
	if err != nil {
		return nil, d.readError("reading "+collection, err)
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, d.readError("reading "+collection, err)
	}
	return docs, nil
}

// Apart names what belongs to the dataset in its database and is not part of it:
// neither FiftyOne's clone nor a Manifest has it.
func (s *Store) Apart(ctx context.Context) ([]string, error) {
	var names, list []string
	others := bson.D{{Key: storeOwner, Value: s.id}, {Key: "store_name", Value: bson.D{{Key: "$nin", Value: panelStores}}}}
	if err := s.d.db.Collection(storesName).Distinct(ctx, "store_name", others).Decode(&names); err != nil {
		return nil, s.d.readError("reading "+storesName, err)
	}
	slices.Sort(names)
	for _, name := range names {
		list = append(list, fmt.Sprintf("the execution store %q", name))
	}
	n, err := s.d.db.Collection(operationsName).CountDocuments(ctx, bson.D{{Key: storeOwner, Value: s.id}})
	if err != nil {
		return nil, s.d.readError("counting "+operationsName, err)
	}
	switch {
	case n == 1:
		list = append(list, "a delegated operation")
	case n > 1:
		list = append(list, fmt.Sprintf("%d delegated operations", n))
	}
	return list, nil
}

// newIDs are the ids that a copy of m gets, by those that it had, in hexadecimal.
func (w *Writer) newIDs(m dataset.Manifest, refs references) map[string]bson.ObjectID {
	ids := map[string]bson.ObjectID{}
	if id, ok := m.Doc.Lookup("_id").ObjectIDOK(); ok {
		ids[id.Hex()] = w.id
	}
	for _, r := range referrers() {
		inner, _ := elements(m.Doc.Lookup(r.key))
		for i, e := range inner {
			doc, _ := e.Value().DocumentOK()
			if id, ok := doc.Lookup("_id").ObjectIDOK(); ok && i < len(refs[r.key]) {
				ids[id.Hex()] = refs[r.key][i]
			}
		}
	}
	return ids
}

// insertPanels inserts the documents of panel stores, with the ids in them that are
// other ones now, as FiftyOne's clone does.
func (w *Writer) insertPanels(ctx context.Context, m dataset.Manifest, refs references) error {
	if len(m.Panels) == 0 {
		return nil
	}
	ids := w.newIDs(m, refs)
	docs := make([]any, len(m.Panels))
	for i, panel := range m.Panels {
		var doc bson.D
		if err := bson.Unmarshal(panel, &doc); err != nil {
			return fmt.Errorf("%w: a document of %s: %w", dataset.ErrMalformed, storesName, err)
		}
		for i, e := range doc {
			switch e.Key {
			case "_id":
				doc[i].Value = bson.NewObjectID()
			case storeOwner:
				doc[i].Value = w.id
			case "key", "value":
				doc[i].Value = remapped(e.Value, ids)
			}
		}
		docs[i] = doc
	}
	if _, err := w.d.durable.Collection(storesName).InsertMany(ctx, docs); err != nil {
		return w.d.writeError("writing "+storesName, err)
	}
	return nil
}

// remapped is a value with new ids in the place of old ones, as text, as keys, and as
// ObjectIDs.
func remapped(value any, ids map[string]bson.ObjectID) any {
	text := func(s string) string {
		if id, ok := ids[s]; ok {
			return id.Hex()
		}
		return s
	}
	switch v := value.(type) {
	case bson.D:
		for i, e := range v {
			v[i] = bson.E{Key: text(e.Key), Value: remapped(e.Value, ids)}
		}
	case bson.A:
		for i, item := range v {
			v[i] = remapped(item, ids)
		}
	case string:
		return text(v)
	case bson.ObjectID:
		if id, ok := ids[v.Hex()]; ok {
			return id
		}
	}
	return value
}
