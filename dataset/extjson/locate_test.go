package extjson

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	text := `{ "a" : "x", "b": {"c": ["p", {"d": "q\"}"}], "0": "zero"}, "": {"": "e"}, "k/\u00e9": 5, "l": [[],["y"]] }`
	tests := []struct{ path, want string }{
		{"a", `"x"`},
		{"b c 0", `"p"`},
		{"b c 1 d", `"q\"}"`},
		{"b c 1", `{"d": "q\"}"}`},
		{"b 0", `"zero"`},
		{"b c 00", ``},
		{"b c 2", ``},
		{"b c -1", ``},
		{"a 0", ``},
		{"nope", ``},
		{" ", `"e"`},
		{"k/é", `5`},
		{"l 1 0", `"y"`},
		{"l 0 0", ``},
		{"a", `"x"`},
	}
	var all Tree
	for _, tt := range tests {
		steps := strings.Split(tt.path, " ")
		all.Add(slices.Values(steps))
		var one Tree
		one.Add(slices.Values(steps))
		spans, err := one.Locate(nil, []byte(text))
		if err != nil || string(spans[0].Of([]byte(text))) != tt.want {
			t.Errorf("%q: got %v, %v", tt.path, spans, err)
		}
	}
	spans, err := all.Locate(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range tests {
		if got := string(spans[i].Of([]byte(text))); got != tt.want {
			t.Errorf("%q among others: got %q", tt.path, got)
		}
	}
	all.Reset()
	if spans, err := all.Locate(spans, []byte(text)); err != nil || len(spans) != 0 {
		t.Errorf("empty: %v, %v", spans, err)
	}
}

func TestLocateMany(t *testing.T) {
	var text strings.Builder
	var tree Tree
	text.WriteString(`{"list": [`)
	for i := range 1000 {
		fmt.Fprintf(&text, `{"mask": "m%d"}, `, i)
		if i%3 == 0 {
			tree.Add(slices.Values([]string{"list", fmt.Sprint(i), "mask"}))
		}
	}
	text.WriteString(`{}]}`)
	for range 2 {
		spans, err := tree.Locate(nil, []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range spans {
			if got := text.String()[s.Start:s.End]; got != fmt.Sprintf(`"m%d"`, 3*i) {
				t.Fatalf("%d: got %s", i, got)
			}
		}
	}
}

func TestLocateErrors(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{`{"a":{"b":1},"a":{"b":2}}`, ErrAmbiguous},
		{`{"a":{"b":1,"\u0062":2}}`, ErrAmbiguous},
		{`{"a":{"b":1`, ErrTruncated},
		{`{"a":{"b":"1`, ErrTruncated},
		{`{"a":{"b":}}`, ErrSyntax},
		{`{"a":{"b" 1}}`, ErrSyntax},
		{`{"a":1 "b":2}`, ErrSyntax},
		{`[]`, ErrSyntax},
		{``, ErrTruncated},
	}
	for _, tt := range tests {
		var tree Tree
		tree.Add(slices.Values([]string{"a", "b"}))
		if spans, err := tree.Locate(nil, []byte(tt.text)); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, %v", tt.text, spans, err)
		}
	}
	var tree Tree
	tree.Add(slices.Values([]string{"a", "b"}))
	if _, err := tree.Locate(nil, []byte(`{"z":1,"a":{"b":1,"c":1,"c":2},"z":2}`)); err != nil {
		t.Errorf("keys elsewhere may occur twice: %v", err)
	}
}

func TestFirst(t *testing.T) {
	tests := []struct{ text, want string }{
		{`{"_id": {"$oid": "x"}, "b`, `{"$oid": "x"}`},
		{`{"a":{"_id":1},"\u005fid":2,"_id":3}`, `2`},
		{`{"a":{"_id":1}}`, ``},
		{`{}`, ``},
	}
	for _, tt := range tests {
		span, err := First([]byte(tt.text), "_id")
		if got := string(span.Of([]byte(tt.text))); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v", tt.text, got, err)
		}
	}
	for _, text := range []string{``, `[]`, `{"a":1`, `{"a"`, `{"a":`} {
		if span, err := First([]byte(text), "_id"); err == nil {
			t.Errorf("%s: got %v", text, span)
		}
	}
}

func TestStrings(t *testing.T) {
	tests := []struct {
		token, value string
		canonical    bool
	}{
		{`"a"`, "a", true},
		{`"\u00e9\ud83d\ude00\n\u007f\u0000"`, "é😀\n\x7f\x00", true},
		{`"\u00E9"`, "é", false},
		{`"é"`, "é", false},
		{`"\/"`, "/", false},
		{`"\u0041"`, "A", false},
		{`"\u000a"`, "\n", false},
		{"\"\x7f\"", "\x7f", false},
	}
	for _, tt := range tests {
		got, err := Unquote([]byte(tt.token))
		if err != nil || got != tt.value {
			t.Errorf("%s: got %q, %v", tt.token, got, err)
		}
		if out := AppendString(nil, tt.value); (string(out) == tt.token) != tt.canonical {
			t.Errorf("%s: written as %s", tt.token, out)
		}
		if got := Canonical([]byte(tt.token)); got != tt.canonical {
			t.Errorf("%s: canonical: %t", tt.token, got)
		}
	}
	for _, token := range []string{``, `a`, `"`, `"a`, `"a"b`, `"\ud800"`, "\"\xff\"", `"\`, `"\u12`} {
		if got, err := Unquote([]byte(token)); err == nil {
			t.Errorf("%s: got %q", token, got)
		}
	}
	if got := string(AppendString(nil, "\xff")); got != `"\ufffd"` {
		t.Errorf("invalid UTF-8: got %s", got)
	}
}
