package extjson

import (
	"encoding/binary"
	"math"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// number appends the number at d.pos: int32 if it fits, else int64; double if
// it has a point or an exponent, as Python's json tells them apart.
func (d *decoder) number(typeAt int) error {
	start := d.pos
	end, isInt, err := lexNumber(d.text, start)
	if err != nil {
		return err
	}
	d.pos = end
	token := d.text[start:end]
	if !isInt {
		f, err := strconv.ParseFloat(string(token), 64)
		if err != nil {
			return syntaxError(start, "number %.40q is out of range", token)
		}
		d.double(typeAt, f)
		return nil
	}
	n, ok := parseInt(token)
	if !ok {
		return syntaxError(start, "integer %.40q does not fit in 64 bits", token)
	}
	if n == int64(int32(n)) {
		d.out[typeAt] = byte(bson.TypeInt32)
		d.out = binary.LittleEndian.AppendUint32(d.out, uint32(n))
	} else {
		d.int64(typeAt, bson.TypeInt64, n)
	}
	return nil
}

func (d *decoder) double(typeAt int, f float64) {
	d.int64(typeAt, bson.TypeDouble, int64(math.Float64bits(f)))
}

func (d *decoder) int64(typeAt int, t bson.Type, n int64) {
	d.out[typeAt] = byte(t)
	d.out = binary.LittleEndian.AppendUint64(d.out, uint64(n))
}

// lexNumber finds the end of the JSON number at text[i].
func lexNumber(text []byte, i int) (end int, isInt bool, err error) {
	start := i
	digits := func() bool {
		from := i
		for i < len(text) && text[i]-'0' < 10 {
			i++
		}
		return i > from
	}
	bad := func() (int, bool, error) {
		if i >= len(text) {
			return i, false, truncated(i)
		}
		return i, false, syntaxError(start, "malformed number")
	}
	if text[i] == '-' {
		i++
	}
	if zero := i; !digits() || text[zero] == '0' && i > zero+1 {
		return bad()
	}
	isInt = true
	if i < len(text) && text[i] == '.' {
		i++
		isInt = false
		if !digits() {
			return bad()
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		isInt = false
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return bad()
		}
	}
	return i, isInt, nil
}

// parseInt reads an optional minus sign and decimal digits.
func parseInt(token []byte) (int64, bool) {
	digits, negative := token, false
	if len(digits) > 0 && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	if len(digits) == 0 || len(digits) > 25 {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c -= '0'; c > 9 || n > (math.MaxUint64-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// appendFloat appends f, which is finite, as Python's repr does.
func appendFloat(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, '.', '0')
}
