package lift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A digest tells whether a dataset is still the same: all its documents in their
// order, and its manifest but for what FiftyOne writes when it loads it.
type digest struct {
	h    hash.Hash
	docs int64
}

func newDigest() *digest { return &digest{h: sha256.New()} }

func (d *digest) add(part dataset.Part, doc bson.Raw) {
	d.docs++
	_, _ = d.h.Write([]byte(part))
	_, _ = d.h.Write(doc)
}

// sum is the digest, with the manifest at the end.
func (d *digest) sum(m dataset.Manifest) (string, error) {
	var doc bson.D
	if err := bson.Unmarshal(m.Doc, &doc); err != nil {
		return "", fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	text, err := bson.Marshal(unloaded(doc))
	if err != nil {
		return "", fmt.Errorf("%w: its own document: %w", dataset.ErrMalformed, err)
	}
	_, _ = d.h.Write(text)
	for _, panel := range m.Panels {
		_, _ = d.h.Write(panel)
	}
	for _, index := range m.Indexes {
		_, _ = d.h.Write(append([]byte(index.Part), index.Spec...))
	}
	return hex.EncodeToString(d.h.Sum(nil)), nil
}

// What loading a dataset writes: FiftyOne notes when it loaded a dataset, a view or a
// workspace, and when it loads a dataset for a second time it dates fields anew and
// says of those that old versions made that they may be written to.
const (
	loadedKey   = "last_loaded_at"
	createdKey  = "created_at"
	readOnlyKey = "read_only"
)

// unloaded is a dataset's document without what loading it writes.
func unloaded(doc bson.D) bson.D {
	for _, e := range doc {
		switch e.Key {
		case "saved_views", "workspaces":
			each(e.Value, func(view bson.D) bson.D { return without(view, loaded) })
		case "sample_fields", "frame_fields":
			each(e.Value, undated)
		}
	}
	return without(doc, loaded)
}

func loaded(e bson.E) bool { return e.Key == loadedKey }

// undated is a field, and those in it, without what loading writes.
func undated(field bson.D) bson.D {
	for _, e := range field {
		if e.Key == "fields" {
			each(e.Value, undated)
		}
	}
	return without(field, func(e bson.E) bool {
		return e.Key == createdKey || e.Key == readOnlyKey && e.Value == false
	})
}

// each changes the documents of a list.
func each(value any, change func(bson.D) bson.D) {
	list, _ := value.(bson.A)
	for i, item := range list {
		if doc, ok := item.(bson.D); ok {
			list[i] = change(doc)
		}
	}
}

func without(doc bson.D, what func(bson.E) bool) bson.D { return slices.DeleteFunc(doc, what) }

// digestOf reads a whole dataset; it also counts its documents.
func digestOf(ctx context.Context, src dataset.Source, progress func(documents int64)) (sum string, docs int64, err error) {
	d := newDigest()
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		for doc, err := range src.Documents(ctx, part) {
			if err != nil {
				return "", d.docs, err
			}
			if d.add(part, doc); d.docs%1000 == 0 {
				progress(d.docs)
			}
		}
	}
	m, err := src.Manifest(ctx)
	if err != nil {
		return "", d.docs, err
	}
	sum, err = d.sum(m)
	return sum, d.docs, err
}
