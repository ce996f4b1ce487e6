package dirstore

import (
	"bytes"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/extjson"
)

// A speller finds out how the values of documents are spelled. Its fields are
// memory that is used again.
type speller struct {
	tree  extjson.Tree
	spans []extjson.Span
	token []byte
	list  []dataset.Row
}

// rows lists the media values of one document, decoding it into buf's memory.
func (sp *speller) rows(buf bson.Raw, d document, part dataset.Part, f *dataset.Finder) ([]dataset.Row, bson.Raw, error) {
	doc, err := extjson.Decode(buf, d.text)
	if err != nil {
		return nil, buf, d.fail(err)
	}
	id := doc.Lookup(idKey)
	if !hasID(doc) {
		made := madeID(d.seq, doc)
		id = bson.RawValue{Type: bson.TypeObjectID, Value: made[:]}
	}
	found, err := f.Find(part, doc)
	if err != nil {
		return nil, doc, fmt.Errorf("document %d of %q: %w", d.seq+1, d.path, err)
	}
	if len(found) == 0 {
		return nil, doc, nil
	}
	id.Value = bytes.Clone(id.Value)
	sp.list = sp.list[:0]
	for _, v := range found {
		sp.list = append(sp.list, dataset.Row{Part: part, Seq: d.seq, ID: id, Found: v})
	}
	if extjson.Canonical(d.text) {
		return sp.list, doc, nil
	}
	return sp.list, doc, sp.spell(d)
}

// spell sets the Spelling of the rows in sp.list. A value that stands below a
// key that occurs twice gets none: it cannot be changed in place either.
func (sp *speller) spell(d document) error {
	sp.tree.Reset()
	for _, row := range sp.list {
		sp.tree.Add(row.At.Steps())
	}
	spans, err := sp.tree.Locate(sp.spans, d.text)
	if errors.Is(err, extjson.ErrAmbiguous) {
		return sp.spellEach(d)
	}
	if err != nil {
		return d.fail(err)
	}
	sp.spans = spans
	for i := range sp.list {
		sp.setSpelling(&sp.list[i], spans[i].Of(d.text))
	}
	return nil
}

func (sp *speller) spellEach(d document) error {
	for i := range sp.list {
		sp.tree.Reset()
		sp.tree.Add(sp.list[i].At.Steps())
		spans, err := sp.tree.Locate(sp.spans, d.text)
		if errors.Is(err, extjson.ErrAmbiguous) {
			continue
		}
		if err != nil {
			return d.fail(err)
		}
		sp.setSpelling(&sp.list[i], spans[0].Of(d.text))
	}
	return nil
}

func (sp *speller) setSpelling(row *dataset.Row, token []byte) {
	if len(token) == 0 || token[0] != '"' {
		return // missing
	}
	sp.token = extjson.AppendString(sp.token[:0], row.Value)
	if !bytes.Equal(sp.token, token) {
		row.Spelling = string(token)
	}
}
