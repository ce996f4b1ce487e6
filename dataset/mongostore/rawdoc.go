package mongostore

import (
	"encoding/binary"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// maxDocument is the most bytes that MongoDB keeps in one document.
const maxDocument = 16 << 20

// An edit gives a key of a document another value.
type edit struct {
	key   string
	value bson.RawValue
}

// set makes an edit of a value that BSON has a type for.
func set(key string, value any) edit {
	kind, data, err := bson.MarshalValue(value)
	if err != nil { // a mistake of this package: callers give it plain values
		panic(fmt.Sprintf("mongostore: %T is no BSON value: %v", value, err))
	}
	return edit{key: key, value: bson.RawValue{Type: kind, Value: data}}
}

// setRaw makes an edit of a document or an array.
func setRaw(key string, kind bson.Type, data []byte) edit {
	return edit{key: key, value: bson.RawValue{Type: kind, Value: data}}
}

// edited returns a copy of doc with edits: a key that is there keeps its place,
// another one goes to the end, and "_id" to the front. All else stays as it is,
// byte for byte.
func edited(doc bson.Raw, edits ...edit) (bson.Raw, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	done := make([]bool, len(edits))
	out := newDocument(len(doc) + 64)
	if i := editOf(edits, "_id"); i >= 0 && doc.Lookup("_id").Type == 0 {
		out = appendEdit(out, edits[i])
		done[i] = true
	}
	for _, e := range elements {
		i := editOf(edits, e.Key())
		if i < 0 {
			out = append(out, e...)
			continue
		}
		done[i] = true
		out = appendEdit(out, edits[i])
	}
	for i, e := range edits {
		if !done[i] {
			out = appendEdit(out, e)
		}
	}
	return endDocument(out), nil
}

// dropped returns doc without a key.
func dropped(doc bson.Raw, key string) (bson.Raw, error) {
	elements, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	out := newDocument(len(doc))
	for _, e := range elements {
		if e.Key() != key {
			out = append(out, e...)
		}
	}
	return endDocument(out), nil
}

func editOf(edits []edit, key string) int {
	for i, e := range edits {
		if e.key == key {
			return i
		}
	}
	return -1
}

func appendEdit(dst []byte, e edit) []byte { return appendValue(dst, e.key, e.value) }

func appendValue(dst []byte, key string, v bson.RawValue) []byte {
	dst = append(dst, byte(v.Type))
	dst = append(dst, key...)
	dst = append(dst, 0)
	return append(dst, v.Value...)
}

func appendString(dst []byte, key, value string) []byte {
	dst = append(dst, byte(bson.TypeString))
	dst = append(dst, key...)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value)+1))
	dst = append(dst, value...)
	return append(dst, 0)
}

func newDocument(size int) []byte { return append(make([]byte, 0, size), 0, 0, 0, 0) }

// endDocument ends the document that newDocument began.
func endDocument(dst []byte) []byte {
	dst = append(dst, 0)
	binary.LittleEndian.PutUint32(dst, uint32(len(dst)))
	return dst
}

// elements lists the elements of an array or document value; none for a value
// of another type.
func elements(v bson.RawValue) ([]bson.RawElement, error) {
	doc, ok := v.DocumentOK()
	if !ok {
		list, isArray := v.ArrayOK()
		if !isArray {
			return nil, nil
		}
		doc = bson.Raw(list)
	}
	all, err := doc.Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", dataset.ErrMalformed, err)
	}
	return all, nil
}
