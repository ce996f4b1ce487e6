package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var errCorrupt = errors.New("corrupt BSON")

// An elementReader goes through the elements of a document or an array without
// making a list of them, which Raw.Elements does and which is most of the time
// that finding media takes.
type elementReader struct {
	rest []byte
	kind bson.Type
	key  []byte
	// value is what the element holds, without type and key; both are only good
	// as long as the document is.
	value []byte
	err   error
}

func readElements(doc []byte) elementReader {
	if len(doc) < 5 || int(binary.LittleEndian.Uint32(doc)) != len(doc) || doc[len(doc)-1] != 0 {
		return elementReader{err: errCorrupt}
	}
	return elementReader{rest: doc[4 : len(doc)-1]}
}

// next goes to the next element; false at the end, or when err is set.
func (r *elementReader) next() bool {
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	r.kind = bson.Type(r.rest[0])
	end := bytes.IndexByte(r.rest[1:], 0)
	if end < 0 {
		r.err = errCorrupt
		return false
	}
	r.key = r.rest[1 : 1+end]
	r.rest = r.rest[2+end:]
	n := valueLength(r.kind, r.rest)
	if n < 0 || n > len(r.rest) {
		r.err = errCorrupt
		return false
	}
	r.value, r.rest = r.rest[:n], r.rest[n:]
	return true
}

// text is the string that a value of TypeString holds.
func (r *elementReader) text() []byte { return r.value[4 : len(r.value)-1] }

// valueLength is how many bytes a value takes, -1 where that cannot be told
// (https://bsonspec.org/spec.html).
func valueLength(kind bson.Type, data []byte) int {
	prefixed := func(extra int) int {
		if len(data) < 4 {
			return -1
		}
		n := int(int32(binary.LittleEndian.Uint32(data)))
		if n < 0 || n+extra < 5 && kind != bson.TypeBinary {
			return -1
		}
		return n + extra
	}
	switch kind {
	case bson.TypeNull, bson.TypeUndefined, bson.TypeMinKey, bson.TypeMaxKey:
		return 0
	case bson.TypeBoolean:
		return 1
	case bson.TypeInt32:
		return 4
	case bson.TypeDouble, bson.TypeInt64, bson.TypeDateTime, bson.TypeTimestamp:
		return 8
	case bson.TypeObjectID:
		return 12
	case bson.TypeDecimal128:
		return 16
	case bson.TypeString, bson.TypeJavaScript, bson.TypeSymbol:
		return prefixed(4)
	case bson.TypeBinary:
		return prefixed(5)
	case bson.TypeDBPointer:
		return prefixed(16)
	case bson.TypeEmbeddedDocument, bson.TypeArray, bson.TypeCodeWithScope:
		return prefixed(0)
	case bson.TypeRegex:
		first := bytes.IndexByte(data, 0)
		if first < 0 {
			return -1
		}
		second := bytes.IndexByte(data[first+1:], 0)
		if second < 0 {
			return -1
		}
		return first + second + 2
	}
	return -1
}
