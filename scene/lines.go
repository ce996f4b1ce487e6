package scene

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const blanks = " \t\r\v\f\n"

// span is a part of a line.
type span struct{ start, end int }

func (s span) of(line []byte) string { return string(line[s.start:s.end]) }

// lines walks an .obj or .mtl file line by line, whatever its size, and copies
// it to w with the references that visit replaces. A nil w is not written to.
func lines(w io.Writer, r io.Reader, path string, kind Kind, visit visitor) error {
	in := bufio.NewReaderSize(r, maxLine)
	out := bufio.NewWriter(io.Discard)
	if w != nil {
		out = bufio.NewWriterSize(w, maxLine)
	}
	bom := []byte("\xef\xbb\xbf")
	for at, within := int64(0), false; ; {
		line, err := in.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && err != io.EOF && !full {
			return fmt.Errorf("reading %s %q: %w", kind, path, err)
		}
		skip := 0
		if at == 0 && bytes.HasPrefix(line, bom) {
			skip = len(bom)
		}
		text := line
		if name, spans := lineSpans(kind, line[skip:]); len(spans) > 0 && !within {
			if full {
				return &SyntaxError{path, kind, at, "a line that names files is longer than " + strconv.Itoa(maxLine) + " bytes"}
			}
			one := oneLine{kind: kind, path: path, at: at + int64(skip), name: name, spans: spans, text: line[skip:]}
			if text, err = one.splice(visit, err); err != nil && err != io.EOF {
				return err
			}
			text = append(line[:skip:skip], text...)
		}
		if w != nil {
			if _, err := out.Write(text); err != nil {
				return err
			}
		}
		at += int64(len(line))
		within = full
		if err == io.EOF {
			return out.Flush()
		}
	}
}

// oneLine is a line that names files.
type oneLine struct {
	kind  Kind
	path  string
	at    int64
	name  string
	spans []span
	text  []byte
}

// splice returns the line with what visit replaces, and the error of its
// reading if there is no other.
func (l oneLine) splice(visit visitor, readErr error) ([]byte, error) {
	var out []byte
	var want []string
	done := 0
	for _, s := range l.spans {
		ref := s.of(l.text)
		want = append(want, ref)
		if !isLocal(ref) {
			continue
		}
		local, absolute := resolve(l.path, ref)
		kind := Opaque
		if l.kind == OBJ {
			kind = MTL
		}
		a := Asset{Ref: ref, In: l.path, Path: local, Absolute: absolute, Kind: kind, Name: l.name, At: l.at + int64(s.start)}
		fresh, ok, err := visit(a)
		if err != nil {
			return nil, err
		}
		if ok && fresh != ref {
			out = append(append(out, l.text[done:s.start]...), fresh...)
			done = s.end
			want[len(want)-1] = fresh
		}
	}
	if done == 0 {
		return l.text, readErr
	}
	out = append(out, l.text[done:]...)
	_, got := lineSpans(l.kind, out)
	same := len(got) == len(want) && bytes.Count(out, []byte("\n")) == bytes.Count(l.text, []byte("\n"))
	for i := 0; same && i < len(got); i++ {
		same = got[i].of(out) == want[i]
	}
	if !same {
		return nil, fmt.Errorf("rewriting %s %q: a line %q cannot name %q", l.kind, l.path, l.name, want)
	}
	return out, readErr
}

// lineSpans finds the file names in a line and the keyword before them.
func lineSpans(kind Kind, line []byte) (name string, spans []span) {
	start := 0
	for start < len(line) && strings.IndexByte(blanks, line[start]) >= 0 {
		start++
	}
	end := bytes.IndexAny(line[start:], blanks)
	if end < 0 {
		return "", nil
	}
	name = string(line[start : start+end])
	switch {
	case kind == OBJ && name == "mtllib":
		return name, libraries(line, tokens(line, start+end))
	case kind == MTL && isMap(name):
		return name, texture(line, tokens(line, start+end))
	}
	return name, nil
}

// tokens are the words of a line from a position on.
func tokens(line []byte, from int) []span {
	var out []span
	for i := from; i < len(line); i++ {
		if strings.IndexByte(blanks, line[i]) >= 0 {
			continue
		}
		start := i
		for i < len(line) && strings.IndexByte(blanks, line[i]) < 0 {
			i++
		}
		out = append(out, span{start, i})
	}
	return out
}

// libraries are the names in a mtllib line. A name may have spaces: it ends with
// a word that ends in ".mtl", or with the line.
func libraries(line []byte, words []span) []span {
	var out []span
	open := false
	for _, w := range words {
		if !open {
			out = append(out, w)
		}
		out[len(out)-1].end = w.end
		open = !strings.HasSuffix(strings.ToLower(w.of(line)), ".mtl")
	}
	return out
}
