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
// order, and its manifest but for the times at which somebody loaded it.
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
	for _, index := range m.Indexes {
		_, _ = d.h.Write(append([]byte(index.Part), index.Spec...))
	}
	return hex.EncodeToString(d.h.Sum(nil)), nil
}

// loadedKey is the time at which FiftyOne last loaded a dataset or a saved view.
const loadedKey = "last_loaded_at"

// unloaded is a dataset's document without the times at which it, or its views,
// were loaded.
func unloaded(doc bson.D) bson.D {
	without := func(doc bson.D) bson.D {
		return slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == loadedKey })
	}
	for _, e := range doc {
		list, _ := e.Value.(bson.A)
		for i, item := range list {
			if view, ok := item.(bson.D); ok && (e.Key == "saved_views" || e.Key == "workspaces") {
				list[i] = without(view)
			}
		}
	}
	return without(doc)
}

// digestOf reads a whole dataset.
func digestOf(ctx context.Context, src dataset.Source, progress func(documents int64)) (string, error) {
	d := newDigest()
	for _, part := range []dataset.Part{dataset.Samples, dataset.Frames, dataset.Tags} {
		for doc, err := range src.Documents(ctx, part) {
			if err != nil {
				return "", err
			}
			if d.add(part, doc); d.docs%1000 == 0 {
				progress(d.docs)
			}
		}
	}
	m, err := src.Manifest(ctx)
	if err != nil {
		return "", err
	}
	return d.sum(m)
}
