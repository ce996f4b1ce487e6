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
	memory  dbmigrate.Memory
	source  dataset.Source
	parts   map[string]dataset.Part // by collection
	counts  map[dataset.Part]int64  // where they are known
	results results
}

// Find implements dbmigrate.Reader.
func (p *paper) Find(ctx context.Context, collection string, query dbmigrate.Query) iter.Seq2[bson.D, error] {
	if collection == chunksName {
		return p.results.find(ctx, query)
	}
	if _, streamed := p.parts[collection]; !streamed {
		return p.memory.Find(ctx, collection, query)
	}
	return func(yield func(bson.D, error) bool) {
		for raw, err := range p.FindRaw(ctx, collection, nil) {
			var doc bson.D
			if err == nil {
				doc, err = decode(raw)
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

// FindRaw streams a collection that the source has as it is; all of it, whatever may be
// left out.
func (p *paper) FindRaw(ctx context.Context, collection string, _ []string) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		part, streamed := p.parts[collection]
		if !streamed {
			return
		}
		for raw, err := range p.source.Documents(ctx, part) {
			if !yield(raw, err) || err != nil {
				return
			}
		}
	}
}

// Count implements dbmigrate.Reader.
func (p *paper) Count(ctx context.Context, collection string) (int64, error) {
	if part, streamed := p.parts[collection]; streamed {
		return p.counts[part], nil
	}
	return p.memory.Count(ctx, collection)
}

// Collections implements dbmigrate.Reader.
func (p *paper) Collections(ctx context.Context) ([]string, error) {
	names, err := p.memory.Collections(ctx)
	names = append(names, slices.Collect(maps.Keys(p.parts))...)
	slices.Sort(names)
	return names, err
}

// Below this version runs stand in the dataset's own document, as mongostore writes
// it.
const refersToRuns = "0.19"

// The collections that a dataset of samples, and of frames, has on paper.
const (
	paperSamples = "samples.on paper"
	paperFrames  = "frames." + paperSamples
)

// onPaper is the dataset's document as it is going to stand in a database, with the
// documents that it refers to. The paper is to be closed.
func onPaper(ctx context.Context, source dataset.Source, m dataset.Manifest) (bson.D, *paper, error) {
	p := &paper{
		memory: dbmigrate.Memory{}, source: source, counts: m.Counts, results: results{source: source, runs: map[string]dataset.Run{}},
		parts: map[string]dataset.Part{paperSamples: dataset.Samples, paperFrames: dataset.Frames},
	}
	doc, err := decode(m.Doc)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	families := map[string]bool{}
	for _, f := range dataset.Families() {
		families[string(f)] = true
	}
	doc = named(doc, m)
	for _, e := range doc {
		switch {
		case e.Key == "saved_views", e.Key == "workspaces":
			collection := map[string]string{"saved_views": "views", "workspaces": "workspaces"}[e.Key]
			list, _ := e.Value.(bson.A)
			for j, v := range list {
				list[j] = p.refer(collection, v)
			}
		case families[e.Key]:
			runs, _ := e.Value.(bson.D)
			for j, run := range runs {
				if runs[j].Value, err = p.results.name(ctx, dataset.Run{Family: dataset.Family(e.Key), Key: run.Key}, run.Value); err != nil {
					return nil, nil, err
				}
				if !mongostore.Older(m.Version(), refersToRuns) {
					runs[j].Value = p.refer("runs", runs[j].Value)
				}
			}
		}
	}
	return doc, p, nil
}

func decode(raw bson.Raw) (doc bson.D, err error) {
	err = bson.Unmarshal(raw, &doc)
	return doc, err
}

// named gives a dataset's document the collections that it has on paper: exports may name
// none.
func named(doc bson.D, m dataset.Manifest) bson.D {
	doc = with(doc, "sample_collection_name", paperSamples)
	if m.String("frame_collection_name") != "" || m.MediaType() == "video" || m.Counts[dataset.Frames] > 0 || m.MediaType() == "group" {
		doc = with(doc, "frame_collection_name", paperFrames)
	}
	return doc
}

// with returns doc with a value for a key, in its place or at the end.
func with(doc bson.D, key string, value any) bson.D {
	for i, e := range doc {
		if e.Key == key {
			doc[i].Value = value
			return doc
		}
	}
	return append(doc, bson.E{Key: key, Value: value})
}

// refer puts a document into a collection, and returns what refers to it.
func (p *paper) refer(collection string, value any) any {
	inner, ok := value.(bson.D)
	if !ok {
		return value
	}
	var id any
	for _, e := range inner {
		if e.Key == "_id" {
			id = e.Value
		}
	}
	if id == nil {
		id = bson.NewObjectID()
		inner = with(inner, "_id", id)
	}
	p.memory[collection] = append(p.memory[collection], inner)
	return id
}
