package extjson

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// special appends the value that the $-document at d.pos stands for; it leaves
// d.pos alone and reports false if that is none of the known forms.
func (d *decoder) special(typeAt int) (bool, error) {
	list, n, end, ok := members(d.text, d.pos)
	if !ok {
		return false, nil
	}
	if n == 1 {
		ok = d.single(typeAt, string(list[0].key), list[0].value)
	} else {
		a, b := list[0], list[1]
		if string(b.key) == "$binary" || string(b.key) == "$regex" || string(b.key) == "$code" {
			a, b = b, a
		}
		if string(a.key) == "$code" && string(b.key) == "$scope" && b.value[0] == '{' {
			return d.scoped(typeAt, a.value, b.at, end)
		}
		ok = d.pair(typeAt, string(a.key)+string(b.key), a.value, b.value)
	}
	if ok {
		d.pos = end
	}
	return ok, nil
}

// common appends the value of the two forms that nearly all documents have, in
// the spelling that nearly all of them have; of others it reports false and may
// leave something in d.out.
func (d *decoder) common(typeAt int) bool {
	const oid, date = `{"$oid": "`, `{"$date": "`
	rest := d.text[d.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte(oid)):
		const end = len(oid) + 24
		if len(rest) < end+2 || rest[end] != '"' || rest[end+1] != '}' || !d.hex(rest[len(oid):end]) {
			return false
		}
		d.out[typeAt] = byte(bson.TypeObjectID)
		d.pos += end + 2
		return true
	case bytes.HasPrefix(rest, []byte(date)):
		rest = rest[len(date):]
		end := bytes.IndexByte(rest[:min(len(rest), 40)], '"')
		if end < 0 || end+1 == len(rest) || rest[end+1] != '}' {
			return false
		}
		ms, ok := isoMillis(rest[:end])
		if ok {
			d.int64(typeAt, bson.TypeDateTime, ms)
			d.pos += len(date) + end + 2
		}
		return ok
	}
	return false
}

// single appends the value of a document with one member.
func (d *decoder) single(typeAt int, key string, token []byte) bool {
	if key == "$date" {
		ms, ok := dateMillis(token)
		d.int64(typeAt, bson.TypeDateTime, ms)
		return ok
	}
	switch token[0] {
	case '"':
		s, ok := content(token)
		return ok && d.singleString(typeAt, key, s)
	case '{':
		return d.singleObject(typeAt, key, token)
	}
	switch {
	case key == "$minKey" && string(token) == "1":
		d.out[typeAt] = byte(bson.TypeMinKey)
	case key == "$maxKey" && string(token) == "1":
		d.out[typeAt] = byte(bson.TypeMaxKey)
	case key == "$undefined" && string(token) == "true":
		d.out[typeAt] = byte(bson.TypeUndefined)
	case key == "$numberLong":
		return d.numberLong(typeAt, token)
	default:
		return false
	}
	return true
}

func (d *decoder) singleString(typeAt int, key string, s []byte) bool {
	switch key {
	case "$oid":
		if len(s) != 24 {
			return false
		}
		d.out[typeAt] = byte(bson.TypeObjectID)
		return d.hex(s)
	case "$numberInt":
		n, ok := parseInt(s)
		d.out[typeAt] = byte(bson.TypeInt32)
		d.out = binary.LittleEndian.AppendUint32(d.out, uint32(n))
		return ok && n == int64(int32(n))
	case "$numberLong":
		return d.numberLong(typeAt, s)
	case "$numberDouble":
		f, ok := parseDouble(string(s))
		d.double(typeAt, f)
		return ok
	case "$numberDecimal":
		dec, err := bson.ParseDecimal128(string(s))
		high, low := dec.GetBytes()
		d.int64(typeAt, bson.TypeDecimal128, int64(low))
		d.out = binary.LittleEndian.AppendUint64(d.out, high)
		return err == nil
	case "$symbol":
		d.out[typeAt] = byte(bson.TypeSymbol)
		d.appendString(s)
		return true
	case "$code":
		d.out[typeAt] = byte(bson.TypeJavaScript)
		d.appendString(s)
		return true
	case "$uuid":
		return d.uuid(typeAt, s)
	}
	return false
}

func (d *decoder) singleObject(typeAt int, key string, token []byte) bool {
	if key != "$binary" && key != "$timestamp" && key != "$regularExpression" && key != "$dbPointer" {
		return false
	}
	list, n, _, ok := members(token, 0)
	if !ok || n != 2 {
		return false
	}
	a, b := list[0], list[1]
	switch string(b.key) {
	case "base64", "t", "pattern", "$ref":
		a, b = b, a
	}
	return d.pair(typeAt, key+"."+string(a.key)+"."+string(b.key), a.value, b.value)
}

// pair appends the value of a document with two members, or with one that is a
// document with two; form tells which.
func (d *decoder) pair(typeAt int, form string, a, b []byte) bool {
	first, aOK := content(a)
	second, bOK := content(b)
	switch form {
	case "$binary.base64.subType":
		return aOK && bOK && len(second) <= 2 && d.binary(typeAt, first, second)
	case "$binary$type":
		if !bOK { // written by old mongoexport as a number
			n, ok := parseInt(b)
			second, bOK = strconv.AppendInt(nil, n, 16), ok && n >= 0 && n <= 255
		}
		if len(second) == 8 && string(second[:6]) == "ffffff" {
			second = second[6:] // mongoexport extends the sign of user types
		}
		return aOK && bOK && len(second) <= 2 && d.binary(typeAt, first, second)
	case "$regex$options", "$regularExpression.pattern.options":
		if !aOK || !bOK || slices.Contains(first, 0) || slices.Contains(second, 0) {
			return false
		}
		d.out[typeAt] = byte(bson.TypeRegex)
		d.out = append(append(d.out, first...), 0)
		d.out = append(append(d.out, second...), 0)
		return true
	case "$timestamp.t.i":
		t, tOK := parseInt(a)
		i, iOK := parseInt(b)
		d.int64(typeAt, bson.TypeTimestamp, t<<32|i)
		return tOK && iOK && t == int64(uint32(t)) && i == int64(uint32(i))
	case "$dbPointer.$ref.$id":
		id, n, _, ok := members(b, 0)
		if !aOK || !ok || n != 1 || string(id[0].key) != "$oid" {
			return false
		}
		hex, ok := content(id[0].value)
		d.out[typeAt] = byte(bson.TypeDBPointer)
		d.appendString(first)
		return ok && len(hex) == 24 && d.hex(hex)
	}
	return false
}

// scoped appends code with a scope.
func (d *decoder) scoped(typeAt int, code []byte, scopeAt, end int) (bool, error) {
	s, ok := content(code)
	if !ok {
		return false, nil
	}
	start := len(d.out)
	d.out[typeAt] = byte(bson.TypeCodeWithScope)
	d.out = append(d.out, 0, 0, 0, 0)
	d.appendString(s)
	d.pos = scopeAt
	if err := d.document(); err != nil {
		return false, err
	}
	d.pos = end
	return true, d.setLength(start, len(d.out)-start)
}

func (d *decoder) numberLong(typeAt int, s []byte) bool {
	n, ok := parseInt(s)
	d.int64(typeAt, bson.TypeInt64, n)
	return ok
}

func (d *decoder) appendString(s []byte) {
	d.out = binary.LittleEndian.AppendUint32(d.out, uint32(len(s)+1))
	d.out = append(append(d.out, s...), 0)
}

// binary appends binary data of a subtype in hexadecimal.
func (d *decoder) binary(typeAt int, data, subtype []byte) bool {
	kind, err := strconv.ParseUint(string(subtype), 16, 8)
	if err != nil || slices.Contains(data, '\n') || slices.Contains(data, '\r') {
		return false
	}
	d.out[typeAt] = byte(bson.TypeBinary)
	start := len(d.out)
	d.out = append(d.out, 0, 0, 0, 0, byte(kind))
	body := len(d.out)
	if kind == 2 { // the old form repeats the length inside
		d.out = append(d.out, 0, 0, 0, 0)
	}
	from := len(d.out)
	if d.out, err = base64.StdEncoding.AppendDecode(d.out, data); err != nil {
		return false
	}
	if kind == 2 {
		binary.LittleEndian.PutUint32(d.out[body:], uint32(len(d.out)-from))
	}
	binary.LittleEndian.PutUint32(d.out[start:], uint32(len(d.out)-body))
	return true
}

// hex appends the bytes that an even number of hexadecimal digits stand for.
func (d *decoder) hex(digits []byte) bool {
	for i := 0; i+1 < len(digits); i += 2 {
		high, ok1 := hexDigit(digits[i])
		low, ok2 := hexDigit(digits[i+1])
		if !ok1 || !ok2 {
			return false
		}
		d.out = append(d.out, high<<4|low)
	}
	return true
}

func (d *decoder) uuid(typeAt int, s []byte) bool {
	digits := make([]byte, 0, 32)
	for i, c := range s {
		if c == '-' && len(s) == 36 && (i == 8 || i == 13 || i == 18 || i == 23) {
			continue
		}
		digits = append(digits, c)
	}
	if len(digits) != 32 {
		return false
	}
	d.out[typeAt] = byte(bson.TypeBinary)
	d.out = append(d.out, 16, 0, 0, 0, 4)
	return d.hex(digits)
}

func parseDouble(s string) (float64, bool) {
	switch s {
	case "NaN":
		return math.Float64frombits(pythonNaN), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	if end, _, err := lexNumber([]byte(s+" "), 0); err != nil || end != len(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
