package scene

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// walkJSON walks a scene or .gltf, token by token: neither long strings, as are
// the buffers inside a .gltf, nor large files are ever in memory as a whole.
func walkJSON(w io.Writer, r io.Reader, path string, kind Kind, visit visitor) error {
	j := newWalker(w, r, path, kind, visit)
	if err := j.top(); err != nil {
		return err
	}
	c, err := j.blank()
	if err == nil {
		return j.unexpected(c)
	}
	if err != io.EOF {
		return err
	}
	return j.flush(j.pos)
}

// walker reads JSON as Python's json module does, NaN and Infinity included.
type walker struct {
	r     io.Reader
	w     io.Writer
	path  string
	kind  Kind
	visit visitor
	shift int64 // where in the file the JSON begins

	buf       []byte
	base      int64 // where buf begins
	pos       int   // the next byte to read
	copied    int   // the next byte to write
	token     []byte
	capturing bool // the token takes the bytes
	holding   bool // they are not written yet

	depth int
	where []byte // the name of the value being read
}

func newWalker(w io.Writer, r io.Reader, path string, kind Kind, visit visitor) *walker {
	return &walker{r: r, w: w, path: path, kind: kind, visit: visit, buf: make([]byte, 0, maxToken)}
}

// top reads the outermost value, which must be an object.
func (j *walker) top() error {
	first := sceneTop
	if j.kind == GLTF {
		first = gltfTop
	}
	c, err := j.blank()
	for _, mark := range []byte("\xef\xbb\xbf") { // a byte order mark
		if err != nil || c != mark {
			break
		}
		c, err = j.next()
	}
	if err == nil && isBlank(c) {
		c, err = j.blank()
	}
	if err != nil {
		return j.ended(err)
	}
	if c != '{' {
		return j.fail(j.pos-1, "it is no object")
	}
	return j.value(c, first)
}

func (j *walker) value(c byte, r role) error {
	switch c {
	case '{', '[':
		if j.depth++; j.depth > maxDepth {
			return fmt.Errorf("reading %s %q: %w: more than %d levels deep", j.kind, j.path, ErrTooLarge, maxDepth)
		}
		outer := len(j.where)
		var err error
		if c == '{' {
			err = j.object(r)
		} else {
			err = j.array(r)
		}
		j.depth--
		j.where = j.where[:outer]
		return err
	case '"':
		if r >= namesFile {
			return j.reference(r)
		}
		return j.str()
	}
	return j.bare(c)
}

func (j *walker) object(r role) error {
	outer := len(j.where)
	c, err := j.need()
	if err != nil || c == '}' {
		return err
	}
	for {
		if c != '"' {
			return j.unexpected(c)
		}
		key, err := j.key()
		if err != nil {
			return err
		}
		if c, err = j.need(); err != nil {
			return err
		} else if c != ':' {
			return j.unexpected(c)
		}
		inner := r.member(key)
		if inner != other {
			if outer > 0 {
				j.where = append(j.where, '.')
			}
			j.where = append(j.where, key...)
		}
		if c, err = j.need(); err != nil {
			return err
		}
		if err = j.value(c, inner); err != nil {
			return err
		}
		j.where = j.where[:outer]
		if c, err = j.need(); err != nil || c == '}' {
			return err
		}
		if c != ',' {
			return j.unexpected(c)
		}
		if c, err = j.need(); err != nil {
			return err
		}
	}
}

func (j *walker) array(r role) error {
	outer := len(j.where)
	c, err := j.need()
	if err != nil || c == ']' {
		return err
	}
	inner := r.element()
	for i := 0; ; i++ {
		if inner != other {
			j.where = append(strconv.AppendInt(append(j.where, '['), int64(i), 10), ']')
		}
		if err = j.value(c, inner); err != nil {
			return err
		}
		j.where = j.where[:outer]
		if c, err = j.need(); err != nil || c == ']' {
			return err
		}
		if c != ',' {
			return j.unexpected(c)
		}
		if c, err = j.need(); err != nil {
			return err
		}
	}
}

// reference reads a string that names a file, past its opening quote, and
// writes it or another.
func (j *walker) reference(r role) error {
	if err := j.flush(j.pos - 1); err != nil {
		return err
	}
	at := j.shift + j.base + int64(j.pos) - 1
	j.token, j.capturing, j.holding = append(j.token[:0], '"'), true, true
	if err := j.str(); err != nil {
		return err
	}
	if !j.holding { // too long for a path, such as data:…
		return nil
	}
	j.holding, j.capturing, j.copied = false, false, j.pos
	ref := unquote(j.token)
	if !isLocal(ref) {
		return j.write(j.token)
	}
	text := ref
	if j.kind == GLTF {
		text = unescape(ref)
	}
	local, absolute := resolve(j.path, text)
	fresh, replace, err := j.visit(Asset{
		Ref: ref, In: j.path, Path: local, Absolute: absolute, Kind: r.kind(), Name: string(j.where), At: at,
	})
	if err != nil {
		return err
	}
	if !replace || fresh == ref {
		return j.write(j.token)
	}
	return j.write(quote(fresh))
}

// bare reads a number or a word whose first byte was just read.
func (j *walker) bare(c byte) error {
	if !isWord(c) {
		return j.unexpected(c)
	}
	start := j.base + int64(j.pos) - 1
	j.token = append(j.token[:0], c)
	for len(j.token) <= maxToken {
		c, err := j.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if !isWord(c) {
			j.pos--
			break
		}
		j.token = append(j.token, c)
	}
	if len(j.token) > maxToken || !isBare(j.token) {
		return j.fail(int(start-j.base), fmt.Sprintf("unexpected %.20q", j.token))
	}
	return nil
}

func isWord(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.'
}

func isBare(token []byte) bool {
	switch string(token) {
	case "NaN", "Infinity", "-Infinity":
		return true
	}
	return json.Valid(token)
}

func (j *walker) unexpected(c byte) error { return j.fail(j.pos-1, fmt.Sprintf("unexpected %q", c)) }

func (j *walker) fail(at int, msg string) error {
	return &SyntaxError{Path: j.path, Kind: j.kind, Offset: j.shift + j.base + int64(at), Msg: msg}
}

// ended makes an error of one of next's where a byte is needed.
func (j *walker) ended(err error) error {
	if errors.Is(err, io.EOF) {
		return j.fail(j.pos, "it ends too early")
	}
	return err
}
