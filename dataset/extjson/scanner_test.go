package extjson

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// scanAll returns the documents of text, read size bytes at a time, and what
// the tee and the documents make together.
func scanAll(text string, size int) (docs []string, copied string, err error) {
	var out bytes.Buffer
	s := NewScanner(&chunkReader{strings.NewReader(text), size}, "samples")
	s.Tee(&out)
	for s.Scan() {
		doc := string(s.Doc())
		if from := s.Offset(); text[from:from+int64(len(doc))] != doc {
			return nil, "", errors.New("wrong offset")
		}
		if s.Seq() != int64(len(docs)) {
			return nil, "", errors.New("wrong sequence number")
		}
		if len(out.Bytes()) != int(s.Offset()) {
			return nil, "", errors.New("the tee is not where the document is")
		}
		docs = append(docs, doc)
		out.WriteString(doc)
	}
	return docs, out.String(), s.Err()
}

type chunkReader struct {
	r    io.Reader
	size int
}

func (c *chunkReader) Read(p []byte) (int, error) { return c.r.Read(p[:min(len(p), c.size)]) }

func TestScanner(t *testing.T) {
	tests := []struct {
		text string
		docs []string
	}{
		{`{"samples": []}`, nil},
		{`{"samples": [{}]}`, []string{`{}`}},
		{`{"samples": [{"a": 1},{"b": [{"c": "}\"]{\\"}]}]}`, []string{`{"a": 1}`, `{"b": [{"c": "}\"]{\\"}]}`}},
		{"\r\n{\r\n \"samples\" : [\r\n {\"a\":1}\r\n,\t{ } ] } \r\n", []string{`{"a":1}`, `{ }`}},
		{`{"x":{"samples":[{"no":1}]},"y":-1.5e3,"z":"\"]","n":null,"f":NaN,"s\u0061mples":[{"a":1}],"w":[[]],"v":true}`, []string{`{"a":1}`}},
		{`{"samples":[{"é":"😀\\\\\\\""}],"x":""}`, []string{`{"é":"😀\\\\\\\""}`}},
	}
	for _, tt := range tests {
		for size := 1; size < len(tt.text)+2; size++ {
			docs, copied, err := scanAll(tt.text, size)
			if err != nil || !slices.Equal(docs, tt.docs) {
				t.Errorf("%s by %d: got %q, %v", tt.text, size, docs, err)
			}
			if copied != tt.text {
				t.Errorf("%s by %d: copied %s", tt.text, size, copied)
			}
		}
	}
}

func TestScannerErrors(t *testing.T) {
	tests := []struct {
		text, message string
		docs          int
		want          error
	}{
		{``, "file ends before anything was found at byte 0", 0, ErrTruncated},
		{`[]`, `'[' where an object should begin at byte 0`, 0, ErrSyntax},
		{`{}`, `no key "samples" in the object that ends at byte 1`, 0, ErrNoKey},
		{`{"a":1}`, `no key "samples" in the object that ends at byte 6`, 0, ErrNoKey},
		{`{"samples":{}}`, `the value of "samples" is no array at byte 11`, 0, ErrSyntax},
		{`{"samples":[{},{"a":1`, "file ends in the middle of document 2 at byte 21", 1, ErrTruncated},
		{`{"samples":[{},{"a":"1`, "file ends in the middle of document 2 at byte 22", 1, ErrTruncated},
		{`{"samples":[{}`, "file ends after document 1 at byte 14", 1, ErrTruncated},
		{`{"samples":[{},`, "file ends before document 2 at byte 15", 1, ErrTruncated},
		{`{"samples":[{}]`, "file ends in the middle of the object at byte 15", 1, ErrTruncated},
		{`{"samples":[{}]}x`, "text after the end of the object at byte 16", 1, ErrSyntax},
		{`{"samples":[{}]} {}`, "text after the end of the object at byte 17", 1, ErrSyntax},
		{`{"samples":[{} {}]}`, "unexpected '{' after document 1 at byte 15", 1, ErrSyntax},
		{`{"samples":[{}x,{}]}`, "unexpected 'x' after document 1 at byte 14", 1, ErrSyntax},
		{`{"samples":[{},5]}`, "unexpected '5' at the beginning of document 2 at byte 15", 1, ErrSyntax},
		{`{"samples":[{},]}`, "unexpected ']' at the beginning of document 2 at byte 15", 1, ErrSyntax},
		{`{"samples":[,{}]}`, "unexpected ',' at the beginning of document 1 at byte 12", 0, ErrSyntax},
		{`{"samples":[{]]}`, "unexpected ']' at the end of document 1 at byte 13", 0, ErrSyntax},
		{`{"samples":[{}],"samples":[]}`, `key "samples" occurs a second time at byte 25`, 1, ErrSyntax},
		{`{"samples":[{}],"a":}`, "unexpected '}' where a value should begin at byte 20", 1, ErrSyntax},
		{`{"samples":[{}],"a":bad}`, "malformed value at byte 20", 1, ErrSyntax},
		{`{"samples":[{}],}`, "unexpected '}' where a key should begin at byte 16", 1, ErrSyntax},
		{`{"samples" [{}]}`, "unexpected '[' after a key at byte 11", 0, ErrSyntax},
		{`{"\x":1}`, "malformed key at byte 1", 0, ErrSyntax},
		{`{"samp`, "file ends in the middle of a key at byte 6", 0, ErrTruncated},
		{`{"a":[`, "file ends in the middle of a value at byte 6", 0, ErrTruncated},
		{`{"a":12`, "file ends in the middle of a value at byte 7", 0, ErrTruncated},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 2, 3, 100} {
			docs, _, err := scanAll(tt.text, size)
			if err == nil || err.Error() != tt.message || !errors.Is(err, tt.want) || len(docs) != tt.docs {
				t.Errorf("%s by %d: got %q, %v; want %s", tt.text, size, docs, err, tt.message)
			}
			if tt.want == ErrSyntax && (errors.Is(err, ErrTruncated) || errors.Is(err, ErrNoKey)) {
				t.Errorf("%s: %v is also another sentinel", tt.text, err)
			}
		}
	}
}

func TestScannerReaderFails(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{``, `{"samples":[{"a":`, `{"samples":[{}`, `{"samples":[{}]}`} {
		s := NewScanner(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), "samples")
		for s.Scan() {
		}
		if !errors.Is(s.Err(), broken) {
			t.Errorf("%s: got %v", text, s.Err())
		}
		if s.Doc() == nil || len(s.Doc()) > 0 || s.Scan() {
			_ = s.Doc() // must not panic
		}
	}
	s := NewScanner(strings.NewReader(`{"x":1,"samples":[{}]}`), "samples")
	s.Tee(brokenWriter{broken})
	if s.Scan() || !errors.Is(s.Err(), broken) {
		t.Errorf("failing tee: %v", s.Err())
	}
}

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestScannerBigDocument(t *testing.T) {
	big := `{"b": "` + strings.Repeat("xy\\\"", 2<<20) + `"}`
	text := `{"skipped": "` + strings.Repeat("z", 3<<20) + `", "samples": [{},` + big + `,{}]}`
	docs, copied, err := scanAll(text, 64<<10)
	if err != nil || len(docs) != 3 || docs[1] != big || copied != text {
		t.Errorf("%d documents, %v", len(docs), err)
	}
	endless := io.MultiReader(strings.NewReader(`{"samples":[{"a":"`), &repeat{})
	s := NewScanner(endless, "samples")
	if s.Scan() || !errors.Is(s.Err(), ErrTooLarge) {
		t.Errorf("endless document: %v", s.Err())
	}
}

type repeat struct{}

func (*repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzScanner(f *testing.F) {
	f.Add(`{"samples": [{"a": 1},{"b": [{"c": "}\"]{\\"}]}]}`, 3)
	f.Add(`{"x":{"samples":[{}]},"samples":[{},{"a":"\\"}],"y":[1]}`, 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 {
			return
		}
		want, whole, err := scanAll(text, 1<<20)
		docs, copied, err2 := scanAll(text, size)
		if !slices.Equal(docs, want) || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("%q, %v by %d, but %q, %v at once", docs, err2, size, want, err)
		}
		if err == nil && (whole != text || copied != text) {
			t.Fatalf("copied %q and %q", copied, whole)
		}
	})
}
