// Package results copies the results of runs, which are JSON text in GridFS.
package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Copy copies JSON text with the values of top-level keys replaced by strings, and every
// other byte as it is. A key that is not there goes to the end. Text that is no JSON
// object is copied as it stands. The values of the keys in unpack become lists where they
// are packed arrays; it returns how many were, and ErrArray where one can't be unpacked.
func Copy(to io.Writer, from io.Reader, values bson.D, unpack []string) (unpacked int, err error) {
	out := bufio.NewWriter(to)
	c := &jsonCopy{in: bufio.NewReader(from), out: out, unpack: unpack}
	if err := c.object(values); err != nil && !errors.Is(err, errNotJSON) {
		return c.unpacked, err
	}
	if _, err := io.Copy(out, c.in); err != nil {
		return c.unpacked, err
	}
	return c.unpacked, out.Flush()
}

// Has reports whether results have a top-level key. It reads no further than that; text
// that is no JSON object has none.
func Has(from io.Reader, key string) (bool, error) {
	c := &jsonCopy{in: bufio.NewReader(from), out: bufio.NewWriter(io.Discard), until: key}
	switch err := c.object(nil); {
	case errors.Is(err, errFound):
		return true, nil
	case errors.Is(err, errNotJSON):
		return false, nil
	default:
		return false, err
	}
}

func lookup(doc bson.D, key string) any {
	for _, e := range doc {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// errNotJSON ends the search for keys: what is left is copied.
var errNotJSON = errors.New("no JSON object")

// errFound ends the search for a key.
var errFound = errors.New("found")

// jsonCopy copies JSON and knows where it is. Errors of writing are left to the last
// Flush, for which a bufio.Writer keeps the first; what was peeked at can be discarded.
type jsonCopy struct {
	in       *bufio.Reader
	out      *bufio.Writer
	unpack   []string
	until    string // where the copy ends, if it is not empty
	unpacked int
}

func (c *jsonCopy) object(values bson.D) error {
	missing := append(bson.D{}, values...)
	if err := c.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		next, err := c.peekSolid()
		if err != nil {
			return err
		}
		if next == '}' {
			return c.append(missing, first)
		}
		if !first {
			if err := c.expect(','); err != nil {
				return err
			}
			if _, err := c.peekSolid(); err != nil {
				return err
			}
		}
		key, err := c.value()
		if err != nil {
			return err
		}
		var name string
		if err := json.Unmarshal(key, &name); err != nil {
			_, _ = c.out.Write(key)
			return errNotJSON
		}
		if name == c.until && name != "" {
			return errFound
		}
		_, _ = c.out.Write(key)
		if err := c.expect(':'); err != nil {
			return err
		}
		if _, err := c.peekSolid(); err != nil {
			return err
		}
		value := lookup(values, name)
		if value == nil && slices.Contains(c.unpack, name) {
			if err := c.unpackValue(); err != nil {
				return fmt.Errorf("the array %q: %w", name, err)
			}
			continue
		}
		if value == nil {
			if err := c.copyValue(c.out); err != nil {
				return err
			}
			continue
		}
		if err := c.copyValue(io.Discard); err != nil {
			return err
		}
		if err := c.write(value); err != nil {
			return err
		}
		missing = without(missing, name)
	}
}

func without(doc bson.D, key string) bson.D {
	kept := bson.D{}
	for _, e := range doc {
		if e.Key != key {
			kept = append(kept, e)
		}
	}
	return kept
}

// append writes keys before the end of the object, in Python's spelling.
func (c *jsonCopy) append(values bson.D, first bool) error {
	for _, e := range values {
		if !first {
			_, _ = c.out.WriteString(", ")
		}
		first = false
		if err := c.write(e.Key); err != nil {
			return err
		}
		_, _ = c.out.WriteString(": ")
		if err := c.write(e.Value); err != nil {
			return err
		}
	}
	return nil
}

func (c *jsonCopy) write(value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = c.out.Write(text)
	}
	return err
}

// peekSolid copies blanks and looks at what follows them.
func (c *jsonCopy) peekSolid() (byte, error) {
	for {
		next, err := c.in.Peek(1)
		if err == io.EOF {
			return 0, errNotJSON
		}
		if err != nil {
			return 0, err
		}
		switch next[0] {
		case ' ', '\t', '\n', '\r':
			_, _ = c.in.Discard(1)
			_ = c.out.WriteByte(next[0])
		default:
			return next[0], nil
		}
	}
}

func (c *jsonCopy) expect(want byte) error {
	next, err := c.peekSolid()
	if err != nil {
		return err
	}
	if next != want {
		return errNotJSON
	}
	_, _ = c.in.Discard(1)
	return c.out.WriteByte(want)
}

// value reads a whole value into memory: for keys, which are short.
func (c *jsonCopy) value() ([]byte, error) {
	var text keyBuffer
	err := c.copyValue(&text)
	return text, err
}

type keyBuffer []byte

func (b *keyBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// copyValue copies one value, up to what ends it.
func (c *jsonCopy) copyValue(to io.Writer) error {
	out := bufio.NewWriter(to)
	depth, quoted, escaped := 0, false, false
	for {
		b, err := c.in.ReadByte()
		if err == io.EOF {
			return errors.Join(out.Flush(), errNotJSON)
		}
		if err != nil {
			return err
		}
		if !quoted && depth == 0 && (b == ',' || b == ':' || b == '}' || b == ']' || b == ' ' || b == '\n' || b == '\r' || b == '\t') {
			return errors.Join(out.Flush(), c.in.UnreadByte())
		}
		_ = out.WriteByte(b)
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return out.Flush()
			}
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			if depth--; depth == 0 {
				return out.Flush()
			}
		}
	}
}
