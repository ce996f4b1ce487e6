package extjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// FuzzNumbers holds the reading of a number to what package strconv says, its
// relaxed and canonical forms to one another, and "5" apart from "5.0".
func FuzzNumbers(f *testing.F) {
	for _, token := range []string{"5", "5.0", "-0", "-0.0", "5e0", "1E+2", "70000", "2147483647", "-2147483648", "2147483648", "-2147483649", "9223372036854775807",
		"9223372036854775808", "-9223372036854775808", "1e999", "5e-324", "01", "1.", ".5", "+1", "NaN", "-NaN", "Infinity", "-Infinity", "0x10", "1_0", ""} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := DecodeValue(nil, []byte(token))
		if number := json.Valid([]byte(token)) && strings.Trim(token[:1], "-0123456789") == ""; !number {
			if special := token == "NaN" || token == "Infinity" || token == "-Infinity"; special != (err == nil && got.Type == bson.TypeDouble) && strings.TrimSpace(token) == token {
				t.Fatalf("%q: %v, %v", token, got, err)
			}
			return
		}
		token = strings.TrimSpace(token)
		want, form := any(nil), ""
		if !strings.ContainsAny(token, ".eE") {
			n, fits := strconv.ParseInt(token, 10, 64)
			want, form = n, fmt.Sprintf(`{"$numberLong": "%d"}`, n)
			if n == int64(int32(n)) {
				want, form = int32(n), fmt.Sprintf(`{"$numberInt": "%d"}`, n)
			}
			if fits != nil {
				form = ""
			}
		} else if x, fits := strconv.ParseFloat(token, 64); fits == nil {
			want, form = x, fmt.Sprintf(`{"$numberDouble": "%s"}`, strconv.FormatFloat(x, 'g', -1, 64))
		}
		if form == "" {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("%s, which fits in nothing: %v, %v", token, got, err)
			}
			return
		}
		kind, value, marshal := bson.MarshalValue(want)
		if err != nil || marshal != nil || got.Type != kind || !bytes.Equal(got.Value, value) {
			t.Fatalf("%s: %v, %v", token, got, errors.Join(err, marshal))
		}
		if canonical, err := DecodeValue(nil, []byte(form)); err != nil || !canonical.Equal(got) {
			t.Fatalf("%s is %v, but %s is %v, %v", token, got, form, canonical, err)
		}
	})
}

// FuzzShape holds documents of two keys, perhaps of one name, around a value
// that is nested as deeply as it likes, to this: order and both keys stay, what
// is deeper than maxDepth is ErrTooLarge, any NaN comes back as one, and the
// text that is written is read again as the same bytes.
func FuzzShape(f *testing.F) {
	f.Add("a", "b", uint16(0), uint64(0), false)
	f.Add("a", "a", uint16(1), math.Float64bits(math.NaN()), true)
	f.Add("b", "a", uint16(maxDepth-1), math.Float64bits(5), false)
	f.Add("$a", "$a", uint16(maxDepth), uint64(5), true)
	f.Add("", ".", uint16(9000), uint64(0xFFF8000000000001), true)
	f.Add("_id", "_id", uint16(3), math.Float64bits(math.Copysign(0, -1)), true)
	f.Fuzz(func(t *testing.T, first, second string, depth uint16, bits uint64, array bool) {
		// Some $ keys make a value of another type of the document; it is not nested then.
		opening, closing := `{"k": `, "}"
		if array {
			opening, closing = "[", "]"
		}
		number := math.Float64frombits(bits)
		leaf := []byte(`{"$numberDouble": "NaN"}`)
		if !math.IsNaN(number) {
			leaf = []byte(fmt.Sprintf(`{"$numberDouble": "%s"}`, strings.TrimPrefix(strconv.FormatFloat(number, 'g', -1, 64), "+")))
			leaf = bytes.Replace(leaf, []byte("Inf"), []byte("Infinity"), 1)
		}
		text := bytes.Join([][]byte{
			[]byte("{"), AppendString(nil, first), []byte(": 5, "), AppendString(nil, second), []byte(": "),
			bytes.Repeat([]byte(opening), int(depth)), leaf, bytes.Repeat([]byte(closing), int(depth)), []byte("}"),
		}, nil)
		doc, err := Decode(nil, text)
		if int(depth)+1 > maxDepth {
			if err == nil || !errors.Is(err, ErrTooLarge) && !strings.Contains(first+second, "\x00") {
				t.Fatalf("%d levels: %v", depth+1, err)
			}
			return
		}
		if err != nil {
			if !strings.Contains(first+second, "\x00") {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		checkShape(t, doc, string([]rune(first)), string([]rune(second)), int(depth), number)
	})
}

func checkShape(t *testing.T, doc bson.Raw, first, second string, depth int, number float64) {
	t.Helper()
	list, err := doc.Elements()
	if err != nil || len(list) != 2 || list[0].Key() != first || list[1].Key() != second || list[0].Value().Type != bson.TypeInt32 {
		t.Fatalf("%q and %q: %v, %v", first, second, list, err)
	}
	value := list[1].Value()
	for range depth {
		inner, err := bson.Raw(value.Value).Elements()
		if err != nil || len(inner) != 1 {
			t.Fatalf("%v, %v", inner, err)
		}
		value = inner[0].Value()
	}
	if x, ok := value.DoubleOK(); !ok || math.IsNaN(x) != math.IsNaN(number) || x == x && math.Float64bits(x) != math.Float64bits(number) {
		t.Fatalf("%v became %v", number, value)
	}
	text, err := Append(nil, doc)
	if err != nil || !Canonical(text) {
		t.Fatalf("%s, %v", text, err)
	}
	if again, err := Decode(nil, text); err != nil || !bytes.Equal(again, doc) {
		t.Fatalf("%s is read as %v, %v", text, again, err)
	}
}
