package extjson

import (
	"bytes"
	"io"
)

// This file is the part of Scanner that reads what surrounds the array.

// token reads over white space and returns the byte after it.
func (s *Scanner) token(where place) (byte, error) {
	for {
		for s.pos < len(s.buf) {
			c := s.buf[s.pos]
			s.pos++
			if !isSpace(c) {
				return c, nil
			}
		}
		if err := s.fill(); err != nil {
			return 0, s.ended(err, where)
		}
	}
}

// open reads up to and into the array.
func (s *Scanner) open() error {
	c, err := s.token(place{text: "before anything was found"})
	if err != nil {
		return err
	}
	if c != '{' {
		return s.fail(ErrSyntax, s.pos-1, "%q where an object should begin", c)
	}
	for first := true; ; first = false {
		key, done, err := s.member(first)
		if err != nil {
			return err
		}
		if done {
			return s.fail(ErrNoKey, s.pos-1, "no key %q in the object that ends", s.key)
		}
		c, err := s.token(place{text: "before a value"})
		if err != nil {
			return err
		}
		if key == s.key {
			if c != '[' {
				return s.fail(ErrSyntax, s.pos-1, "the value of %q is no array", s.key)
			}
			s.state = inArray
			return nil
		}
		if err := s.skip(c); err != nil {
			return err
		}
	}
}

// finish reads what follows the array to the end of the file.
func (s *Scanner) finish() error {
	s.state = atEnd
	s.doc = Span{}
	for {
		key, done, err := s.member(false)
		if err != nil {
			return err
		}
		if done {
			return s.trailing()
		}
		if key == s.key {
			return s.fail(ErrSyntax, s.pos-1, "key %q occurs a second time", s.key)
		}
		c, err := s.token(place{text: "before a value"})
		if err != nil {
			return err
		}
		if err := s.skip(c); err != nil {
			return err
		}
	}
}

func (s *Scanner) trailing() error {
	for {
		rest := bytes.TrimLeft(s.buf[s.pos:], " \t\r\n")
		s.pos = len(s.buf) - len(rest)
		if len(rest) > 0 {
			return s.fail(ErrSyntax, s.pos, "text after the end of the object")
		}
		if err := s.fill(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// member reads the next key of the top object and its colon.
func (s *Scanner) member(first bool) (key string, done bool, err error) {
	where := place{text: "in the middle of the object"}
	c, err := s.token(where)
	if err != nil {
		return "", false, err
	}
	if c == '}' {
		return "", true, nil
	}
	if !first {
		if c != ',' {
			return "", false, s.bad(c, place{text: "after a value"})
		}
		if c, err = s.token(where); err != nil {
			return "", false, err
		}
	}
	if c != '"' {
		return "", false, s.bad(c, place{text: "where a key should begin"})
	}
	s.hold = s.pos - 1
	n := nesting{quoted: true}
	for n.quoted {
		s.pos += n.scanString(s.buf[s.pos:])
		if !n.quoted {
			break
		}
		if len(s.buf)-s.hold >= maxDocument {
			return "", false, s.fail(ErrTooLarge, s.hold, "endless key")
		}
		if err := s.fill(); err != nil {
			return "", false, s.ended(err, place{text: "in the middle of a key"})
		}
	}
	token, ok := content(s.buf[s.hold:s.pos])
	if !ok {
		return "", false, s.fail(ErrSyntax, s.hold, "malformed key")
	}
	key = string(token)
	s.hold = -1
	if c, err = s.token(where); err == nil && c != ':' {
		err = s.bad(c, place{text: "after a key"})
	}
	return key, false, err
}

// skip reads over the value that begins with the byte just read.
func (s *Scanner) skip(c byte) error {
	var n nesting
	switch c {
	case '"':
		n.quoted = true
	case '{', '[':
		n.depth = 1
	default:
		return s.skipLiteral(c)
	}
	for {
		var done bool
		var used int
		if n.depth == 0 {
			used = n.scanString(s.buf[s.pos:])
			done = !n.quoted
		} else {
			used, done = n.scan(s.buf[s.pos:])
		}
		s.pos += used
		if done {
			return nil
		}
		if err := s.fill(); err != nil {
			return s.ended(err, place{text: "in the middle of a value"})
		}
	}
}

// skipLiteral reads over a number or a word.
func (s *Scanner) skipLiteral(c byte) error {
	if endsLiteral(c) {
		return s.bad(c, place{text: "where a value should begin"})
	}
	s.hold = s.pos - 1
	for {
		for s.pos < len(s.buf) && !endsLiteral(s.buf[s.pos]) {
			s.pos++
		}
		if s.pos < len(s.buf) || s.pos-s.hold > 4096 {
			break
		}
		if err := s.fill(); err != nil {
			return s.ended(err, place{text: "in the middle of a value"})
		}
	}
	if _, err := DecodeValue(nil, s.buf[s.hold:s.pos]); err != nil {
		return s.fail(ErrSyntax, s.hold, "malformed value")
	}
	s.hold = -1
	return nil
}
