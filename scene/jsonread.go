package scene

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// next reads a byte.
func (j *walker) next() (byte, error) {
	if j.pos == len(j.buf) {
		if err := j.fill(); err != nil {
			return 0, err
		}
	}
	c := j.buf[j.pos]
	j.pos++
	return c, nil
}

// fill reads more, once all of the buffer was read.
func (j *walker) fill() error {
	if !j.holding {
		if err := j.flush(j.pos); err != nil {
			return err
		}
	}
	j.base += int64(len(j.buf))
	j.buf, j.pos, j.copied = j.buf[:0], 0, 0
	for range 100 {
		n, err := j.r.Read(j.buf[:cap(j.buf)])
		j.buf = j.buf[:n]
		switch {
		case n > 0:
			return nil // an error comes again
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return fmt.Errorf("reading %s %q: %w", j.kind, j.path, err)
		}
	}
	return fmt.Errorf("reading %s %q: %w", j.kind, j.path, io.ErrNoProgress)
}

// flush writes the buffer up to end.
func (j *walker) flush(end int) error {
	from := j.copied
	j.copied = end
	return j.write(j.buf[from:end])
}

func (j *walker) write(p []byte) error {
	if j.w == nil || len(p) == 0 {
		return nil
	}
	_, err := j.w.Write(p)
	return err
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// blank reads up to the next byte that is no white space.
func (j *walker) blank() (byte, error) {
	for {
		c, err := j.next()
		if err != nil || !isBlank(c) {
			return c, err
		}
	}
}

// need is blank where the text may not end.
func (j *walker) need() (byte, error) {
	c, err := j.blank()
	if err != nil {
		return 0, j.ended(err)
	}
	return c, nil
}

// key reads an object's key past its opening quote. One that is too long to be
// known is "".
func (j *walker) key() (string, error) {
	j.token, j.capturing = append(j.token[:0], '"'), true
	if err := j.str(); err != nil {
		return "", err
	}
	if !j.capturing {
		return "", nil
	}
	j.capturing = false
	return unquote(j.token), nil
}

// str reads a string past its opening quote, into the token as long as that is
// capturing.
func (j *walker) str() error {
	escaped, digits := false, 0
	for {
		c, err := j.next()
		if err != nil {
			return j.ended(err)
		}
		if j.capturing {
			if err := j.capture(c); err != nil {
				return err
			}
		}
		switch {
		case c < ' ':
			return j.fail(j.pos-1, fmt.Sprintf("unexpected %q in a string", c))
		case digits > 0:
			if digits--; hexValue(c) < 0 {
				return j.fail(j.pos-1, fmt.Sprintf("unexpected %q in an escape", c))
			}
		case escaped:
			escaped = false
			if c == 'u' {
				digits = 4
			} else if strings.IndexByte(`"\/bfnrt`, c) < 0 {
				return j.fail(j.pos-1, fmt.Sprintf("unexpected %q in an escape", c))
			}
		case c == '\\':
			escaped = true
		case c == '"':
			return nil
		}
	}
}

// capture adds a byte to the token, or gives up on one that grew too long.
func (j *walker) capture(c byte) error {
	if j.token = append(j.token, c); len(j.token) <= maxToken {
		return nil
	}
	j.capturing = false
	if !j.holding {
		return nil
	}
	j.holding, j.copied = false, j.pos
	return j.write(j.token)
}

// unquote decodes a JSON string that str has read. A lone \udcXX is the byte
// XX: Python writes those for file names that are no UTF-8.
func unquote(token []byte) string {
	in := string(token[1 : len(token)-1])
	if !strings.Contains(in, `\`) {
		return in
	}
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' {
			out = append(out, in[i])
			continue
		}
		i++
		if in[i] != 'u' {
			if at := strings.IndexByte("bfnrt", in[i]); at >= 0 {
				out = append(out, "\b\f\n\r\t"[at])
			} else {
				out = append(out, in[i])
			}
			continue
		}
		r := unit(in[i+1:])
		i += 4
		if i+2 < len(in) && in[i+1] == '\\' && in[i+2] == 'u' {
			if both := utf16.DecodeRune(r, unit(in[i+3:])); both != utf8.RuneError {
				r = both
				i += 6
			}
		}
		if r >= 0xdc80 && r <= 0xdcff {
			out = append(out, byte(r))
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}

func unit(hex string) rune {
	return rune(hexValue(hex[0])<<12 | hexValue(hex[1])<<8 | hexValue(hex[2])<<4 | hexValue(hex[3]))
}

// quote encodes a JSON string so that unquote returns it.
func quote(s string) []byte {
	out := []byte{'"'}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Appendf(out, `\udc%02x`, s[i])
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < ' ':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, s[i:i+size]...)
		}
		i += size
	}
	return append(out, '"')
}
