package results

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func setTo(t testing.TB, text, class string) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := Copy(&out, strings.NewReader(text), bson.D{{Key: "cls", Value: class}}, nil); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out.String()
}

func TestSetStrings(t *testing.T) {
	for text, want := range map[string]string{
		`{"cls": "a.B", "x": [1, 2.0, NaN]}`:              `{"cls": "new", "x": [1, 2.0, NaN]}`,
		`{"x": {"cls": "in"}, "cls": "a"}`:                `{"x": {"cls": "in"}, "cls": "new"}`,
		`{"x":["cls", ":", "}", "\"cls\": 1"],"cls":"a"}`: `{"x":["cls", ":", "}", "\"cls\": 1"],"cls":"new"}`,
		`{"cls": null , "x": 1}`:                          `{"cls": "new" , "x": 1}`,
		`{"cls": {"a": [1]}}`:                             `{"cls": "new"}`,
		`{"\u0063ls": "a"}`:                               `{"\u0063ls": "new"}`,
		"{\n \"x\" : 1\n}\n":                              "{\n \"x\" : 1\n, \"cls\": \"new\"}\n",
		`{}`:                                              `{"cls": "new"}`,
		`{"x": "é\\"}`:                                    `{"x": "é\\", "cls": "new"}`,
		// What is no JSON object stays.
		``: ``, `[{"cls": "a"}]`: `[{"cls": "a"}]`, `"cls"`: `"cls"`, "\x80\x04}": "\x80\x04}", `{"x" 1}`: `{"x" 1}`, `{"x": `: `{"x": `,
	} {
		if got := setTo(t, text, "new"); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestHas(t *testing.T) {
	for text, want := range map[string]bool{
		`{"cls": "a", "embeddings": [1, `: true, `{"a": {"embeddings": 1}, "b": "embeddings"}`: false, ``: false, `["embeddings"]`: false, `{}`: false,
	} {
		if got, err := Has(strings.NewReader(text), "embeddings"); got != want || err != nil {
			t.Errorf("%s: %t, %v", text, got, err)
		}
	}
}

// Whatever JSON object comes in: the value is set, and every other is as it was.
func FuzzSetStrings(f *testing.F) {
	for _, seed := range []string{`{"cls": "a", "b": [1, {"cls": null}]}`, `{"a":"\\\"","cls":{}}`, `{ }`, `{"a":1e5,"b":"}"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := setTo(t, text, "new")
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &before) != nil || before == nil {
			return
		}
		if err := json.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		if string(after["cls"]) != `"new"` {
			t.Errorf("%q became %q", text, got)
		}
		for key, value := range before {
			if key != "cls" && string(after[key]) != string(value) {
				t.Errorf("%q became %q: %q differs", text, got, key)
			}
		}
	})
}
