package arrival

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/dbmigrate"
)

// A paper is the database that a migration of the dataset is planned on before any
// has it: what the manifest holds is in memory, documents are read from the source.
type paper struct {
	dbmigrate.Memory
	source dataset.Source
	parts  map[string]dataset.Part // by collection
	counts map[dataset.Part]int64  // where they are known
}

// Find implements dbmigrate.Reader.
func (p paper) Find(ctx context.Context, collection string, query dbmigrate.Query) iter.Seq2[bson.D, error] {
	part, streamed := p.parts[collection]
	if !streamed {
		return p.Memory.Find(ctx, collection, query)
	}
	return func(yield func(bson.D, error) bool) {
		for raw, err := range p.source.Documents(ctx, part) {
			var doc bson.D
			if err == nil {
				err = bson.Unmarshal(raw, &doc)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for found, err := range (dbmigrate.Memory{collection: {doc}}).Find(ctx, collection, query) {
				if !yield(found, err) {
					return
				}
			}
		}
	}
}

// Count implements dbmigrate.Reader.
func (p paper) Count(ctx context.Context, collection string) (int64, error) {
	if part, streamed := p.parts[collection]; streamed {
		return p.counts[part], nil
	}
	return p.Memory.Count(ctx, collection)
}

// Collections implements dbmigrate.Reader.
func (p paper) Collections(ctx context.Context) ([]string, error) {
	names, err := p.Memory.Collections(ctx)
	names = append(names, slices.Collect(maps.Keys(p.parts))...)
	slices.Sort(names)
	return names, err
}

// Below this version runs stand in the dataset's own document, as mongostore writes
// it.
const refersToRuns = "0.19"

// onPaper is the dataset's document as it is going to stand in a database, with the
// documents that it refers to.
func onPaper(source dataset.Source, m dataset.Manifest) (bson.D, dbmigrate.Reader, error) {
	var doc bson.D
	if err := bson.Unmarshal(m.Doc, &doc); err != nil {
		return nil, nil, fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	memory := dbmigrate.Memory{}
	refer := func(collection string, value any) any {
		inner, ok := value.(bson.D)
		if !ok {
			return value
		}
		var id any = bson.NewObjectID()
		for _, e := range inner {
			if e.Key == "_id" {
				id = e.Value
			}
		}
		memory[collection] = append(memory[collection], inner)
		return id
	}
	families := map[string]bool{}
	for _, f := range dataset.Families() {
		families[string(f)] = true
	}
	for _, e := range doc {
		switch {
		case e.Key == "saved_views", e.Key == "workspaces":
			collection := map[string]string{"saved_views": "views", "workspaces": "workspaces"}[e.Key]
			list, _ := e.Value.(bson.A)
			for j, v := range list {
				list[j] = refer(collection, v)
			}
		case families[e.Key] && !mongostore.Older(m.Version(), refersToRuns):
			runs, _ := e.Value.(bson.D)
			for j, run := range runs {
				runs[j].Value = refer("runs", run.Value)
			}
		}
	}
	p := paper{Memory: memory, source: source, parts: map[string]dataset.Part{}, counts: m.Counts}
	for key, part := range map[string]dataset.Part{"sample_collection_name": dataset.Samples, "frame_collection_name": dataset.Frames} {
		if name := m.String(key); name != "" {
			p.parts[name] = part
		}
	}
	return doc, p, nil
}
