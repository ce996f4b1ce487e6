package dirstore

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// Exports that other programs write may lack the _id of documents: FiftyOne's importer
// lets MongoDB make them. Here they are made of what a run leaves as it is, so that
// the same export has the same ids in each run, before and after its paths are
// rewritten: the document's position, and all that it holds but the text of strings.

// madeSince is the time that made ids say they are of: 2020-01-01, in Unix seconds.
const madeSince = 1577836800

// madeID makes the _id of a document that has none.
func madeID(seq int64, doc bson.Raw) bson.ObjectID {
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, seq) // a hash takes everything
	digest(h, doc)
	var id bson.ObjectID
	binary.BigEndian.PutUint32(id[:], madeSince)
	copy(id[4:], h.Sum(nil))
	return id
}

// digest adds to a hash all of a document or an array but the text of strings.
func digest(h hash.Hash, doc bson.Raw) {
	elements, err := doc.Elements()
	if err != nil {
		return // what was decoded just now is sound
	}
	for _, e := range elements {
		v := e.Value()
		if e.Key() == idKey {
			continue
		}
		_, _ = h.Write([]byte{byte(v.Type)})
		_, _ = h.Write([]byte(e.Key()))
		_, _ = h.Write([]byte{0})
		switch v.Type {
		case bson.TypeString:
		case bson.TypeEmbeddedDocument, bson.TypeArray:
			digest(h, v.Value)
		default:
			_, _ = h.Write(v.Value)
		}
	}
	_, _ = h.Write([]byte{0})
}

const idKey = "_id"

// hasID reports whether a document has an _id. One that is null is none.
func hasID(doc bson.Raw) bool {
	kind := doc.Lookup(idKey).Type
	return kind != 0 && kind != bson.TypeNull
}

// withID returns a document of samples or frames with an _id: its own, or a made one.
func withID(doc bson.Raw, seq int64) (bson.Raw, error) {
	if hasID(doc) {
		return doc, nil
	}
	elements, err := doc.Elements()
	if err != nil {
		return nil, err
	}
	made := bson.D{{Key: idKey, Value: madeID(seq, doc)}}
	for _, e := range elements {
		if e.Key() != idKey {
			made = append(made, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	return bson.Marshal(made)
}

// madeID decodes the document to make its _id.
func (d document) madeID() (bson.RawValue, error) {
	doc, err := extjson.Decode(nil, d.text)
	if err != nil {
		return bson.RawValue{}, d.fail(err)
	}
	id := madeID(d.seq, doc)
	return bson.RawValue{Type: bson.TypeObjectID, Value: id[:]}, nil
}

// noteIDs adds to m that the first sample has no _id.
func (s *Store) noteIDs(m *dataset.Manifest) error {
	l, err := s.layout(dataset.Samples)
	if err != nil || l.kind == absent {
		return err
	}
	first, err := s.firstSample(l)
	if err != nil || first == nil {
		return nil //nolint:nilerr // what is wrong with samples is found when they are read
	}
	if doc, err := extjson.Decode(nil, first); err == nil && !hasID(doc) {
		m.Problems = append(m.Problems, dataset.Problem{Kind: "no-id", Field: idKey, Path: l.path,
			Hint: "documents have no _id: they get ones that are made of their position and content"})
	}
	return nil
}
