package extjson

import (
	"fmt"
	"io"
)

// Complete returns a reader of what r holds that fails with ErrTruncated or
// ErrSyntax at the end of a text that is not one whole JSON object. It pairs
// quotes and brackets and judges nothing else, and holds nothing in memory.
func Complete(r io.Reader) io.Reader { return &completeReader{r: r} }

type completeReader struct {
	r    io.Reader
	n    nesting
	base int64
	done bool // the object has ended
	any  bool // it has begun
}

func (c *completeReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if bad := c.check(p[:n]); bad != nil {
		return 0, bad
	}
	c.base += int64(n)
	if err == io.EOF && !c.done {
		return n, &SyntaxError{Offset: c.base, Msg: "text ends too early", Err: ErrTruncated}
	}
	return n, err
}

func (c *completeReader) check(b []byte) error {
	i := 0
	if !c.any {
		i = skipSpace(b, 0)
		if i == len(b) {
			return nil
		}
		if b[i] != '{' {
			return c.bad(b, i, "where an object should begin")
		}
		c.any = true
	}
	if !c.done {
		used, done := c.n.scan(b[i:])
		if i += used; !done {
			return nil
		}
		c.done = true
		if b[i-1] != '}' {
			return c.bad(b, i-1, "at the end of the object")
		}
	}
	if i = skipSpace(b, i); i < len(b) {
		return c.bad(b, i, "after the end of the object")
	}
	return nil
}

func (c *completeReader) bad(b []byte, i int, where string) error {
	return &SyntaxError{Offset: c.base + int64(i), Msg: fmt.Sprintf("unexpected %q %s", b[i], where), Err: ErrSyntax}
}
