package extjson

import "bytes"

// skipString returns the position after the string token at text[i], a quote.
func skipString(text []byte, i int) (end int, ok bool) {
	var n nesting
	n.quoted = true
	used := n.scanString(text[i+1:])
	return i + 1 + used, !n.quoted
}

// skipValue returns the position after the value at text[i]. It pairs quotes
// and brackets and judges nothing else.
func skipValue(text []byte, i int) (end int, ok bool) {
	if i >= len(text) {
		return i, false
	}
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		var n nesting
		used, done := n.scan(text[i:])
		return i + used, done
	}
	start := i
	for i < len(text) && !endsLiteral(text[i]) {
		i++
	}
	return i, i > start
}

func endsLiteral(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || c == '{' || c == '[' || isSpace(c)
}

// A nesting finds the end of a container, also when it arrives in pieces.
type nesting struct {
	depth   int
	quoted  bool // in a string
	escaped bool // in a string, after an odd number of backslashes
}

// scan reads on until the container that was opened first is closed.
func (n *nesting) scan(b []byte) (used int, done bool) {
	i := 0
	if n.quoted {
		i = n.scanString(b)
	}
	for i < len(b) {
		c := b[i]
		i++
		if c == '"' {
			n.quoted = true
			i += n.scanString(b[i:])
			continue
		}
		// Of the bytes outside strings, only []{} and the y of Infinity are
		// 0x7F once the bits of 0x26 are set.
		if c|0x26 != 0x7F {
			continue
		}
		switch c {
		case '{', '[':
			n.depth++
		case '}', ']':
			if n.depth--; n.depth <= 0 {
				return i, true
			}
		}
	}
	return i, false
}

// scanString reads on until after the quote that ends the current string.
func (n *nesting) scanString(b []byte) (used int) {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '"')
		end := i + j
		if j < 0 {
			end = len(b)
		}
		back := end
		for back > i && b[back-1] == '\\' {
			back--
		}
		odd := (end-back)%2 == 1
		if back == i && n.escaped {
			odd = !odd
		}
		if j < 0 {
			n.escaped = odd
			return len(b)
		}
		n.escaped = false
		i = end + 1
		if !odd {
			n.quoted = false
			return i
		}
	}
}
