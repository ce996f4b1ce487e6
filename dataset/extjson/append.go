package extjson

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Append appends doc as relaxed extended JSON v2, byte for byte as Python's
// json_util.dumps(doc, json_options=RELAXED_JSON_OPTIONS) spells it, save what
// Python would lose: an int64 that would fit in an int32 is written as
// {"$numberLong": "5"}, and symbols, DBPointers and undefined keep their types.
func Append(dst []byte, doc bson.Raw) ([]byte, error) {
	e := encoder{dst: dst}
	rest, err := e.container(doc, false)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes after the end of a document", ErrBSON, len(rest))
	}
	return e.dst, err
}

type encoder struct {
	dst   []byte
	depth int
}

func (e *encoder) text(s string) { e.dst = append(e.dst, s...) }

func short(what string) error { return fmt.Errorf("%w: %s ends too early", ErrBSON, what) }

// container writes the document or array that b begins with and returns what
// follows it.
func (e *encoder) container(b []byte, array bool) (rest []byte, err error) {
	body, rest, ok := cutLength(b, 0)
	if !ok || len(body) == 0 || body[len(body)-1] != 0 {
		return nil, short("document")
	}
	if e.depth++; e.depth > maxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d levels", ErrTooLarge, maxDepth)
	}
	e.dst = append(e.dst, "{["[btoi(array)])
	body = body[:len(body)-1]
	for first := true; len(body) > 0; first = false {
		if !first {
			e.text(", ")
		}
		zero := bytes.IndexByte(body[1:], 0)
		if zero < 0 {
			return nil, short("key")
		}
		key := body[1 : 1+zero]
		if !array {
			if err := e.string(key); err != nil {
				return nil, err
			}
			e.text(": ")
		}
		if body, err = e.value(bson.Type(body[0]), body[2+zero:]); err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
	}
	e.depth--
	e.dst = append(e.dst, "}]"[btoi(array)])
	return rest, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cutLength cuts b behind what its leading int32 counts, plus extra. The bytes
// of the length itself count where extra is 0.
func cutLength(b []byte, extra int) (body, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int(int32(binary.LittleEndian.Uint32(b)))
	end := n + extra
	if n < 0 || end < 4 || end > len(b) {
		return nil, nil, false
	}
	return b[4:end], b[end:], true
}

func (e *encoder) string(s []byte) error {
	if plainLength(s) == len(s) {
		e.dst = append(append(append(e.dst, '"'), s...), '"')
		return nil
	}
	if !utf8.Valid(s) {
		return fmt.Errorf("%w: invalid UTF-8 in %q", ErrBSON, s[:min(len(s), 80)])
	}
	e.dst = AppendString(e.dst, string(s))
	return nil
}

// prefixed writes the BSON string that b begins with.
func (e *encoder) prefixed(b []byte) (rest []byte, err error) {
	s, rest, ok := cutLength(b, 4)
	if !ok || len(s) == 0 || s[len(s)-1] != 0 {
		return nil, short("string")
	}
	return rest, e.string(s[:len(s)-1])
}

// value writes the value of type t that b begins with and returns what follows.
func (e *encoder) value(t bson.Type, b []byte) (rest []byte, err error) {
	switch t {
	case bson.TypeString:
		return e.prefixed(b)
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		return e.container(b, t == bson.TypeArray)
	case bson.TypeNull:
		e.text("null")
	case bson.TypeUndefined:
		e.text(`{"$undefined": true}`)
	case bson.TypeMinKey:
		e.text(`{"$minKey": 1}`)
	case bson.TypeMaxKey:
		e.text(`{"$maxKey": 1}`)
	case bson.TypeBinary:
		return e.binary(b)
	case bson.TypeRegex:
		return e.regex(b)
	case bson.TypeSymbol:
		return e.wrapped(`{"$symbol": `, b)
	case bson.TypeJavaScript:
		return e.wrapped(`{"$code": `, b)
	case bson.TypeDBPointer:
		return e.dbPointer(b)
	case bson.TypeCodeWithScope:
		return e.scoped(b)
	default:
		return e.fixed(t, b)
	}
	return b, nil
}

// fixed writes a value whose type tells its size.
func (e *encoder) fixed(t bson.Type, b []byte) (rest []byte, err error) {
	size := 8
	switch t {
	case bson.TypeBoolean:
		size = 1
	case bson.TypeInt32:
		size = 4
	case bson.TypeObjectID:
		size = 12
	case bson.TypeDecimal128:
		size = 16
	case bson.TypeDouble, bson.TypeDateTime, bson.TypeTimestamp, bson.TypeInt64:
	default:
		return nil, fmt.Errorf("%w: unknown type %#02x", ErrBSON, byte(t))
	}
	if len(b) < size {
		return nil, short("value")
	}
	rest = b[size:]
	b = b[:size]
	switch t {
	case bson.TypeBoolean:
		e.dst = strconv.AppendBool(e.dst, b[0] != 0)
	case bson.TypeInt32:
		e.dst = appendInt(e.dst, int64(int32(binary.LittleEndian.Uint32(b))))
	case bson.TypeObjectID:
		e.text(`{"$oid": "`)
		e.dst = hex.AppendEncode(e.dst, b)
		e.text(`"}`)
	case bson.TypeDecimal128:
		low, high := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		e.text(`{"$numberDecimal": "` + bson.NewDecimal128(high, low).String() + `"}`)
	default:
		e.eight(t, binary.LittleEndian.Uint64(b))
	}
	return rest, nil
}

// eight writes a value of eight bytes.
func (e *encoder) eight(t bson.Type, bits uint64) {
	n := int64(bits)
	switch t {
	case bson.TypeDateTime:
		e.text(`{"$date": `)
		e.dst = append(appendDate(e.dst, n), '}')
	case bson.TypeTimestamp:
		e.text(`{"$timestamp": {"t": `)
		e.dst = appendInt(e.dst, int64(bits>>32))
		e.text(`, "i": `)
		e.dst = appendInt(e.dst, int64(uint32(bits)))
		e.text("}}")
	case bson.TypeInt64:
		if n == int64(int32(n)) {
			e.text(`{"$numberLong": "`)
			e.dst = appendInt(e.dst, n)
			e.text(`"}`)
		} else {
			e.dst = appendInt(e.dst, n)
		}
	case bson.TypeDouble:
		switch f := math.Float64frombits(bits); {
		case math.IsNaN(f):
			e.text(`{"$numberDouble": "NaN"}`)
		case math.IsInf(f, 1):
			e.text(`{"$numberDouble": "Infinity"}`)
		case math.IsInf(f, -1):
			e.text(`{"$numberDouble": "-Infinity"}`)
		default:
			e.dst = appendFloat(e.dst, f)
		}
	}
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

func (e *encoder) binary(b []byte) (rest []byte, err error) {
	data, rest, ok := cutLength(b, 5)
	if !ok {
		return nil, short("binary data")
	}
	kind := data[0]
	data = data[1:]
	if kind == 2 {
		if data, _, ok = cutLength(data, 4); !ok {
			return nil, short("binary data of subtype 2")
		}
	}
	e.text(`{"$binary": {"base64": "`)
	e.dst = base64.StdEncoding.AppendEncode(e.dst, data)
	e.text(`", "subType": "`)
	e.dst = append(e.dst, lowerHex[kind>>4], lowerHex[kind&15])
	e.text(`"}}`)
	return rest, nil
}

func (e *encoder) regex(b []byte) (rest []byte, err error) {
	pattern, rest, ok1 := bytes.Cut(b, []byte{0})
	options, rest, ok2 := bytes.Cut(rest, []byte{0})
	if !ok1 || !ok2 {
		return nil, short("regular expression")
	}
	e.text(`{"$regularExpression": {"pattern": `)
	if err := e.string(pattern); err != nil {
		return nil, err
	}
	e.text(`, "options": `)
	if err := e.string(options); err != nil {
		return nil, err
	}
	e.text("}}")
	return rest, nil
}

func (e *encoder) wrapped(open string, b []byte) (rest []byte, err error) {
	e.text(open)
	rest, err = e.prefixed(b)
	e.text("}")
	return rest, err
}

func (e *encoder) dbPointer(b []byte) (rest []byte, err error) {
	e.text(`{"$dbPointer": {"$ref": `)
	if rest, err = e.prefixed(b); err != nil {
		return nil, err
	}
	e.text(`, "$id": `)
	rest, err = e.fixed(bson.TypeObjectID, rest)
	e.text("}}")
	return rest, err
}

func (e *encoder) scoped(b []byte) (rest []byte, err error) {
	body, rest, ok := cutLength(b, 0)
	if !ok {
		return nil, short("code with scope")
	}
	e.text(`{"$code": `)
	scope, err := e.prefixed(body)
	if err != nil {
		return nil, err
	}
	e.text(`, "$scope": `)
	if scope, err = e.container(scope, false); err == nil && len(scope) > 0 {
		err = fmt.Errorf("%w: code with scope is longer than its parts", ErrBSON)
	}
	e.text("}")
	return rest, err
}
