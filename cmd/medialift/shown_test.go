package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestShown(t *testing.T) {
	hide := strings.NewReplacer("s3cret", "…").Replace
	type kind string
	for _, c := range []struct {
		format string
		arg    any
		want   string
	}{
		{"%s", "a\x1b[2J\nb", `a\x1b[2J\nb`},
		{"%q", "a\x1bb", `"a\x1bb"`},
		{"%-6s|", "a\x07", `a\a   |`},
		{"%v", kind("a\u202e"), `a\u202e`},
		{"%d", 5, "5"},
		{"%v", errors.New("a\nmedialift: error: b"), `a\nmedialift: error: b`},
		{"%v", errors.Join(errors.New("a\x1b"), errors.New("b s3cret")), "a\\x1b\nb …"},
		{"%w", fmt.Errorf("x: %w", errors.New("s3cret")), "x: …"},
		{"%s", nil, "%!s(<nil>)"},
	} {
		format := strings.ReplaceAll(c.format, "%w", "%v")
		if got := fmt.Sprintf(format, shown(hide, []any{c.arg})...); got != c.want {
			t.Errorf("%s of %#v: got %q, want %q", c.format, c.arg, got, c.want)
		}
	}
	var b strings.Builder
	if n, err := (visibleWriter{&b}).Write([]byte("a\tb\r\n\x1b[2J\n")); n != 10 || err != nil || b.String() != "a\tb\n\\x1b[2J\n" {
		t.Errorf("%d, %v, %q", n, err, b.String())
	}
}

// What is shown of JSON is the same JSON.
func FuzzVisibleJSON(f *testing.F) {
	for _, s := range []string{nasty, "", "\x00", "\\u202e", "\"", "👩\u200d💻", "\U000e0041", "\ufffd", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := json.Marshal(map[string]string{"name": s})
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]string
		if err := errors.Join(json.Unmarshal(text, &want), json.Unmarshal(visibleJSON(text), &got)); err != nil || got["name"] != want["name"] {
			t.Errorf("%q became %q, %v", s, visibleJSON(text), err)
		}
		if strings.ContainsAny(string(visibleJSON(text)), "\x7f\u009b\u202e\u200b\u2028") {
			t.Errorf("%q", visibleJSON(text))
		}
	})
}
