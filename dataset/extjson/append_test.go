package extjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestGolden compares with what Python wrote, see testdata/golden.py.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var c struct {
			BSON []byte
			JSON string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		got, err := Append(nil, c.BSON)
		if err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
		if string(got) != c.JSON {
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, got, c.JSON)
		}
		back, err := Decode(nil, []byte(c.JSON))
		if err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
		if !bytes.Equal(back, c.BSON) && !bytes.Contains([]byte(c.JSON), []byte("NaN")) {
			t.Errorf("line %d does not come back:\ngot  %x\nwant %x", i+1, []byte(back), c.BSON)
		}
		if !Canonical([]byte(c.JSON)) && !strings.Contains(c.JSON, "\x7f") {
			t.Errorf("line %d: not canonical", i+1)
		}
	}
}

func TestAppendKeepsWhatPythonLoses(t *testing.T) {
	doc, err := bson.Marshal(bson.D{
		{Key: "n", Value: int64(5)},
		{Key: "n", Value: int64(-1 << 31)},
		{Key: "big", Value: int64(1) << 31},
		{Key: "y", Value: bson.Symbol("s")},
		{Key: "u", Value: bson.Undefined{}},
		{Key: "p", Value: bson.DBPointer{DB: "a.b", Pointer: bson.ObjectID{1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"n": {"$numberLong": "5"}, "n": {"$numberLong": "-2147483648"}, "big": 2147483648, ` +
		`"y": {"$symbol": "s"}, "u": {"$undefined": true}, ` +
		`"p": {"$dbPointer": {"$ref": "a.b", "$id": {"$oid": "010000000000000000000000"}}}}`
	got, err := Append(nil, doc)
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	back, err := Decode(nil, got)
	if err != nil || !bytes.Equal(back, doc) {
		t.Errorf("does not come back: %v, %v", back, err)
	}
}

func TestAppendRefuses(t *testing.T) {
	deep := bson.Raw{5, 0, 0, 0, 0}
	for range 201 {
		doc, err := bson.Marshal(bson.D{{Key: "a", Value: deep}})
		if err != nil {
			t.Fatal(err)
		}
		deep = doc
	}
	tests := []struct {
		name string
		doc  bson.Raw
		want error
	}{
		{"empty", nil, ErrBSON},
		{"no end", bson.Raw{5, 0, 0, 0, 1}, ErrBSON},
		{"length too small", bson.Raw{3, 0, 0, 0, 0}, ErrBSON},
		{"negative length", bson.Raw{255, 255, 255, 255, 0}, ErrBSON},
		{"trailing", bson.Raw{5, 0, 0, 0, 0, 0}, ErrBSON},
		{"unknown type", bson.Raw{8, 0, 0, 0, 0x55, 'a', 0, 0}, ErrBSON},
		{"bad UTF-8", bson.Raw{14, 0, 0, 0, 2, 'a', 0, 2, 0, 0, 0, 0xFF, 0, 0}, ErrBSON},
		{"bad UTF-8 in a key", bson.Raw{8, 0, 0, 0, 10, 0xFF, 0, 0}, ErrBSON},
		{"string length", bson.Raw{14, 0, 0, 0, 2, 'a', 0, 9, 0, 0, 0, 'x', 0, 0}, ErrBSON},
		{"deep", deep, ErrTooLarge},
	}
	for _, tt := range tests {
		if _, err := Append(nil, tt.doc); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func FuzzAppendRoundTrip(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":{"$numberLong":"5"},"b":NaN}`, `{"a":{"$binary":"aGk=","$type":2}}`,
		`{"x":[{"$date":-1},{"$timestamp":{"t":1,"i":2}}, {"$code":"x","$scope":{"$code":"y","$scope":{}}}]}`} {
		doc, err := Decode(nil, []byte(s))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(doc), []byte(s))
	}
	f.Fuzz(func(t *testing.T, raw, text []byte) {
		if _, err := Append(nil, raw); err == nil && len(raw) == 0 {
			t.Error("accepted nothing")
		}
		doc, err := Decode(nil, text)
		if err != nil {
			return
		}
		if err := doc.Validate(); err != nil {
			t.Fatalf("%q decodes to malformed BSON: %v", text, err)
		}
		out, err := Append(nil, doc)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		back, err := Decode(nil, out)
		if err != nil || !bytes.Equal(back, doc) {
			t.Fatalf("%q → %q: %v\n%x\n%x", text, out, err, []byte(doc), []byte(back))
		}
		if !Canonical(out) {
			t.Fatalf("%q is not canonical", out)
		}
	})
}
