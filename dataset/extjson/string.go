package extjson

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const lowerHex = "0123456789abcdef"

// AppendString appends s as a JSON string, quotes included, spelled as Python's
// json module spells it: ASCII only, lower-case \uXXXX, surrogate pairs beyond
// U+FFFF. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		r, size := utf8.DecodeRuneInString(s[i:])
		if short := shortEscape(r); short != 0 {
			dst = append(dst, '\\', short)
		} else if r > 0xFFFF {
			hi, lo := utf16.EncodeRune(r)
			dst = appendEscape(appendEscape(dst, hi), lo)
		} else {
			dst = appendEscape(dst, r)
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// plainLength is how many bytes s has before one that may not stand in a JSON
// string as it is, or that Python's json module escapes.
func plainLength(s []byte) int {
	// Eight bytes at a time: the high bit of each byte of suspect tells that it
	// is beyond ASCII, below a blank, a quote or a backslash; a byte above such
	// a one may be a false alarm. DEL is above what the subtraction leaves.
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		quote, backslash, del := x^(ones*'"'), x^(ones*'\\'), x^(ones*0x7f)
		suspect := x | (x - ones*' ') | (quote - ones) | (backslash - ones) | (del - ones)
		if suspect&highs != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', lowerHex[r>>12&15], lowerHex[r>>8&15], lowerHex[r>>4&15], lowerHex[r&15])
}

// shortEscape is the letter of Python's two-character escape for r, or 0.
func shortEscape(r rune) byte {
	switch r {
	case '"', '\\':
		return byte(r)
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	case '\f':
		return 'f'
	case '\b':
		return 'b'
	}
	return 0
}

// Unquote returns the value of a JSON string token, quotes included.
func Unquote(token []byte) (string, error) {
	if len(token) == 0 || token[0] != '"' {
		return "", syntaxError(0, "no string")
	}
	out, end, err := appendUnquoted(nil, token, 0)
	if err != nil {
		return "", err
	}
	if end != len(token) {
		return "", syntaxError(end, "text after the end of a string")
	}
	return string(out), nil
}

// Canonical reports whether every string in text, which must be valid JSON, is
// spelled as AppendString would spell it. It may report false where it is.
func Canonical(text []byte) bool {
	for _, c := range text {
		if c >= 0x7F {
			return false
		}
	}
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return true
		}
		text = text[i+1:]
		if len(text) == 0 {
			return false
		}
		switch text[0] {
		case '"', '\\', 'n', 'r', 't', 'f', 'b':
			text = text[1:]
		case 'u':
			if !canonicalEscape(text) {
				return false
			}
			text = text[5:]
		default:
			return false
		}
	}
}

// canonicalEscape judges text, which begins with the u of an escape.
func canonicalEscape(text []byte) bool {
	r, ok := hex4(text[1:])
	if !ok || r >= ' ' && r <= '~' || shortEscape(r) != 0 {
		return false
	}
	for _, c := range text[1:5] {
		if c >= 'A' && c <= 'F' {
			return false
		}
	}
	return true
}

// appendUnquoted appends the value of the string token at text[pos], which is a
// quote, and returns the position after it.
func appendUnquoted(dst, text []byte, pos int) (out []byte, end int, err error) {
	i := pos + 1
	start := i
	for i < len(text) {
		c := text[i]
		switch {
		case c == '"':
			return append(dst, text[start:i]...), i + 1, nil
		case c == '\\':
			dst = append(dst, text[start:i]...)
			if dst, i, err = appendUnescaped(dst, text, i); err != nil {
				return dst, i, err
			}
			start = i
		case c < ' ':
			return dst, i, syntaxError(i, "control character %#02x in a string", c)
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				return dst, i, invalidUTF8(text, i)
			}
			i += size
		}
	}
	return dst, i, truncated(i)
}

func invalidUTF8(text []byte, i int) error {
	if !utf8.FullRune(text[i:]) {
		return truncated(len(text))
	}
	return syntaxError(i, "invalid UTF-8")
}

// appendUnescaped appends what the escape sequence at text[i] stands for.
func appendUnescaped(dst, text []byte, i int) (out []byte, end int, err error) {
	if i+1 >= len(text) {
		return dst, i, truncated(len(text))
	}
	switch c := text[i+1]; c {
	case '"', '\\', '/':
		return append(dst, c), i + 2, nil
	case 'n':
		return append(dst, '\n'), i + 2, nil
	case 'r':
		return append(dst, '\r'), i + 2, nil
	case 't':
		return append(dst, '\t'), i + 2, nil
	case 'f':
		return append(dst, '\f'), i + 2, nil
	case 'b':
		return append(dst, '\b'), i + 2, nil
	case 'u':
		r, size, err := unescapeRune(text, i)
		return utf8.AppendRune(dst, r), i + size, err
	}
	return dst, i, syntaxError(i, "unknown escape \\%c in a string", text[i+1])
}

func unescapeRune(text []byte, i int) (r rune, size int, err error) {
	if r, err = escapedUnit(text, i); err != nil || !utf16.IsSurrogate(r) {
		return r, 6, err
	}
	rest := text[i+6:]
	if len(rest) == 0 || len(rest) == 1 && rest[0] == '\\' {
		return 0, 0, truncated(len(text))
	}
	if len(rest) < 2 || rest[0] != '\\' || rest[1] != 'u' {
		return 0, 0, syntaxError(i, "lone surrogate %q", text[i:i+6])
	}
	low, err := escapedUnit(text, i+6)
	if err != nil {
		return 0, 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, 0, syntaxError(i, "lone surrogate %q", text[i:i+6])
	}
	return r, 12, nil
}

func escapedUnit(text []byte, i int) (rune, error) {
	if i+6 > len(text) {
		return 0, truncated(len(text))
	}
	r, ok := hex4(text[i+2:])
	if !ok {
		return 0, syntaxError(i, "unknown escape %q in a string", text[i:i+6])
	}
	return r, nil
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
