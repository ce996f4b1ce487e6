package extjson

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Decode reads text, one JSON object, into a BSON document that is built in
// dst's memory (dst may be nil; what it held is lost). Keys keep their order
// and are kept when they occur twice.
//
// Relaxed and canonical extended JSON v2, legacy v1 and Python's bare NaN,
// Infinity and -Infinity are read. A document with $ keys that is not exactly
// one of the known forms stays a document.
func Decode(dst bson.Raw, text []byte) (bson.Raw, error) {
	d := decoder{text: text, out: dst[:0]}
	d.space()
	if !d.at('{') {
		return nil, d.unexpected("an object")
	}
	if err := d.document(); err != nil {
		return nil, err
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	return d.out, nil
}

// DecodeValue reads text, one JSON value, into a BSON value that is built in
// dst's memory.
func DecodeValue(dst []byte, text []byte) (bson.RawValue, error) {
	d := decoder{text: text, out: append(dst[:0], 0)}
	d.space()
	if err := d.value(0); err != nil {
		return bson.RawValue{}, err
	}
	if err := d.finish(); err != nil {
		return bson.RawValue{}, err
	}
	return bson.RawValue{Type: bson.Type(d.out[0]), Value: d.out[1:]}, nil
}

// A decoder translates text from pos on, appending to out. A value's type
// stands in BSON before its key: typeAt says where to put it.
type decoder struct {
	text  []byte
	pos   int
	out   []byte
	depth int
}

func (d *decoder) space() { d.pos = skipSpace(d.text, d.pos) }

func skipSpace(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (d *decoder) at(c byte) bool { return d.pos < len(d.text) && d.text[d.pos] == c }

func (d *decoder) unexpected(wanted string) error {
	if d.pos >= len(d.text) {
		return truncated(d.pos)
	}
	return syntaxError(d.pos, "%q where %s should be", d.text[d.pos], wanted)
}

func (d *decoder) finish() error {
	if d.space(); d.pos < len(d.text) {
		return d.unexpected("the end")
	}
	return nil
}

func (d *decoder) value(typeAt int) error {
	if d.pos >= len(d.text) {
		return truncated(d.pos)
	}
	switch c := d.text[d.pos]; {
	case c == '"':
		d.out[typeAt] = byte(bson.TypeString)
		return d.string()
	case c == '{':
		return d.object(typeAt)
	case c == '[':
		d.out[typeAt] = byte(bson.TypeArray)
		return d.array()
	case c-'0' < 10, c == '-' && !d.word("-Infinity"):
		return d.number(typeAt)
	case d.literal("null"):
		d.out[typeAt] = byte(bson.TypeNull)
	case d.literal("true"):
		d.out[typeAt] = byte(bson.TypeBoolean)
		d.out = append(d.out, 1)
	case d.literal("false"):
		d.out[typeAt] = byte(bson.TypeBoolean)
		d.out = append(d.out, 0)
	case d.literal("NaN"):
		d.double(typeAt, math.Float64frombits(pythonNaN))
	case d.literal("Infinity"):
		d.double(typeAt, math.Inf(1))
	case d.literal("-Infinity"):
		d.double(typeAt, math.Inf(-1))
	default:
		return d.notValue()
	}
	return nil
}

// pythonNaN are the bits of Python's float("nan"), which Go's NaN has not.
const pythonNaN = 0x7FF8000000000000

// word reports whether text continues with w or ends in the middle of it.
func (d *decoder) word(w string) bool {
	rest := d.text[d.pos:]
	return len(rest) > 1 && len(rest) < len(w) && string(rest) == w[:len(rest)] || bytes.HasPrefix(rest, []byte(w))
}

func (d *decoder) literal(w string) bool {
	if !bytes.HasPrefix(d.text[d.pos:], []byte(w)) {
		return false
	}
	d.pos += len(w)
	return true
}

func (d *decoder) notValue() error {
	rest := d.text[d.pos:]
	for _, w := range []string{"null", "true", "false", "NaN", "Infinity", "-Infinity"} {
		if len(rest) < len(w) && string(rest) == w[:len(rest)] {
			return truncated(len(d.text))
		}
	}
	return d.unexpected("a value")
}

// string appends a BSON string: length, bytes, zero.
func (d *decoder) string() (err error) {
	start := len(d.out)
	d.out = append(d.out, 0, 0, 0, 0)
	if d.out, d.pos, err = appendUnquoted(d.out, d.text, d.pos); err != nil {
		return err
	}
	d.out = append(d.out, 0)
	return d.setLength(start, len(d.out)-start-4)
}

func (d *decoder) setLength(at, n int) error {
	if n > math.MaxInt32 {
		return &SyntaxError{Offset: int64(d.pos), Msg: "value exceeds 2 GiB", Err: ErrTooLarge}
	}
	binary.LittleEndian.PutUint32(d.out[at:], uint32(n))
	return nil
}

func (d *decoder) object(typeAt int) error {
	if i := skipSpace(d.text, d.pos+1); i+1 < len(d.text) && (d.text[i+1] == '$' || d.text[i+1] == '\\') {
		start := len(d.out)
		if d.common(typeAt) {
			return nil
		}
		d.out = d.out[:start]
		if ok, err := d.special(typeAt); ok || err != nil {
			return err
		}
		d.out = d.out[:start]
	}
	d.out[typeAt] = byte(bson.TypeEmbeddedDocument)
	return d.document()
}

// document appends the object at d.pos as a document, whatever its keys.
func (d *decoder) document() error {
	start := len(d.out)
	if err := d.open(); err != nil {
		return err
	}
	for first := true; ; first = false {
		if done, err := d.next('}', first); err != nil {
			return err
		} else if done {
			return d.close(start)
		}
		typeAt := len(d.out)
		if err := d.key(); err != nil {
			return err
		}
		if err := d.value(typeAt); err != nil {
			return err
		}
	}
}

func (d *decoder) array() error {
	start := len(d.out)
	if err := d.open(); err != nil {
		return err
	}
	for i := int64(0); ; i++ {
		if done, err := d.next(']', i == 0); err != nil {
			return err
		} else if done {
			return d.close(start)
		}
		typeAt := len(d.out)
		d.out = append(strconv.AppendInt(append(d.out, 0), i, 10), 0)
		if err := d.value(typeAt); err != nil {
			return err
		}
	}
}

func (d *decoder) open() error {
	if d.depth++; d.depth > maxDepth {
		return &SyntaxError{Offset: int64(d.pos), Msg: "nested deeper than 200 levels", Err: ErrTooLarge}
	}
	d.pos++
	d.out = append(d.out, 0, 0, 0, 0)
	return nil
}

func (d *decoder) close(start int) error {
	d.depth--
	d.out = append(d.out, 0)
	return d.setLength(start, len(d.out)-start)
}

// next goes to the next member of a container, or over its end.
func (d *decoder) next(end byte, first bool) (done bool, err error) {
	d.space()
	switch {
	case d.at(end):
		d.pos++
		return true, nil
	case first:
		return false, nil
	case !d.at(','):
		return false, d.unexpected("a comma or " + string(end))
	}
	d.pos++
	d.space()
	if d.at(end) {
		return false, d.unexpected("a value after the comma")
	}
	return false, nil
}

// key appends a type yet to be set and a key, and goes to the key's value.
func (d *decoder) key() (err error) {
	if !d.at('"') {
		return d.unexpected("a key")
	}
	start := d.pos
	from := len(d.out) + 1
	if d.out, d.pos, err = appendUnquoted(append(d.out, 0), d.text, d.pos); err != nil {
		return err
	}
	if slices.Contains(d.out[from:], 0) {
		return syntaxError(start, "key holds a zero character")
	}
	d.out = append(d.out, 0)
	d.space()
	if !d.at(':') {
		return d.unexpected("a colon")
	}
	d.pos++
	d.space()
	return nil
}
