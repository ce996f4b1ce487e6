package extjson

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestComplete(t *testing.T) {
	for text, want := range map[string]error{
		`{}`: nil, " \n{\"a\": [NaN, {}], \"b\": \"}\\\"\"}\n ": nil, `{"a": "é]"}`: nil,
		``: ErrTruncated, ` `: ErrTruncated, `{`: ErrTruncated, `{"a": 1`: ErrTruncated, `{"a}`: ErrTruncated, `{"a\`: ErrTruncated, `{"a": [}`: ErrTruncated,
		`[]`: ErrSyntax, `5`: ErrSyntax, `{}}`: ErrSyntax, `{}{}`: ErrSyntax, `{"a": 1]`: ErrSyntax,
	} {
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			got, err := io.ReadAll(Complete(r))
			if !errors.Is(err, want) || err == nil && string(got) != text {
				t.Errorf("%q: %q, %v, want %v", text, got, err, want)
			}
		}
	}
}
