package extjson

import (
	"errors"
	"fmt"
	"io"
)

const (
	// readSize is the number of bytes that a Scanner asks its reader for.
	readSize = 512 << 10
	// maxDocument is the size of the largest document's text that is held. A
	// BSON document has at most 16 MiB, of which escapes make up to 96.
	maxDocument = 128 << 20
)

// A Scanner finds the documents of a file such as {"samples": [{…},{…}]}. Other
// keys may stand before and after the array; their values are passed over. It
// holds one document at a time and checks the grammar between documents, but
// inside them only quotes and brackets.
//
// The zero Scanner is not usable; see NewScanner. Its methods follow
// bufio.Scanner.
type Scanner struct {
	r   io.Reader
	key string
	tee io.Writer
	err error

	buf    []byte // what was read and is still needed
	base   int64  // the offset of buf[0] in the file
	pos    int    // where reading goes on
	hold   int    // what must stay in buf, or -1: nothing before pos
	copied int    // where the tee goes on
	eof    bool

	state scanState
	docs  int64
	doc   Span
}

type scanState int

const (
	atStart scanState = iota
	inArray
	atEnd
)

// NewScanner returns a Scanner of the array under key at the top of r's object.
func NewScanner(r io.Reader, key string) *Scanner {
	return &Scanner{r: r, key: key, hold: -1}
}

// Tee makes s write all that it reads but the documents to w: what stands
// before a document before Scan finds that document, the rest before Scan
// reports the end. Who also writes the documents copies the file.
func (s *Scanner) Tee(w io.Writer) { s.tee = w }

// Scan goes to the next document. It reports false at the end of the file and
// at an error, see Err.
func (s *Scanner) Scan() bool {
	if s.err != nil || s.state == atEnd {
		return false
	}
	found, err := s.next()
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		s.err = err
		s.doc = Span{}
		return false
	}
	return found
}

// Err returns the first error that was met.
func (s *Scanner) Err() error { return s.err }

// Doc returns the text of the current document. It is valid until the next
// Scan.
func (s *Scanner) Doc() []byte { return s.doc.Of(s.buf) }

// Offset is the position of the current document in the file, in bytes.
func (s *Scanner) Offset() int64 { return s.base + int64(s.doc.Start) }

// Seq is the number of documents before the current one.
func (s *Scanner) Seq() int64 { return s.docs - 1 }

func (s *Scanner) next() (bool, error) {
	if s.state == atStart {
		if err := s.open(); err != nil {
			return false, err
		}
	} else {
		s.copied = s.doc.End // the caller has the document
		after := place{"after document", s.docs}
		c, err := s.token(after)
		if err != nil {
			return false, err
		}
		if c == ']' {
			return false, s.finish()
		}
		if c != ',' {
			return false, s.bad(c, after)
		}
	}
	c, err := s.token(place{"before document", s.docs + 1})
	switch {
	case err != nil:
		return false, err
	case c == '{':
		return true, s.document()
	case c == ']' && s.docs == 0:
		return false, s.finish()
	}
	return false, s.bad(c, place{"at the beginning of document", s.docs + 1})
}

// document reads the document whose brace was just read.
func (s *Scanner) document() error {
	s.docs++
	s.hold = s.pos - 1
	n := nesting{depth: 1}
	for {
		used, done := n.scan(s.buf[s.pos:])
		s.pos += used
		if done {
			break
		}
		if len(s.buf)-s.hold >= maxDocument {
			return s.fail(ErrTooLarge, s.hold, "document %d is larger than %d MiB", s.docs, maxDocument>>20)
		}
		if err := s.fill(); err != nil {
			return s.ended(err, place{"in the middle of document", s.docs})
		}
	}
	s.doc = Span{Start: s.hold, End: s.pos}
	s.hold = -1
	if s.buf[s.pos-1] != '}' {
		return s.bad(']', place{"at the end of document", s.docs})
	}
	return nil
}

// fill reads more into the buffer, forgetting what is no longer needed.
func (s *Scanner) fill() error {
	if s.eof {
		return io.EOF
	}
	keep := s.pos
	if s.hold >= 0 {
		keep = s.hold
	}
	if err := s.flushTo(keep); err != nil {
		return err
	}
	rest := copy(s.buf, s.buf[keep:])
	s.base += int64(keep)
	s.pos -= keep
	s.copied -= keep
	if s.hold >= 0 {
		s.hold = 0
	}
	if cap(s.buf)-rest < readSize {
		grown := make([]byte, rest, max(2*cap(s.buf), rest+readSize))
		copy(grown, s.buf)
		s.buf = grown
	}
	for tries := 0; ; tries++ {
		n, err := s.r.Read(s.buf[rest:cap(s.buf)])
		s.buf = s.buf[:rest+n]
		switch {
		case err == io.EOF:
			s.eof = true
			if n == 0 {
				return io.EOF
			}
			return nil
		case err != nil:
			return err
		case n > 0:
			return nil
		case tries == 100:
			return io.ErrNoProgress
		}
	}
}

// flush hands the tee all that was read so far, up to the current document if
// there is one.
func (s *Scanner) flush() error {
	if s.state == inArray {
		return s.flushTo(s.doc.Start)
	}
	return s.flushTo(s.pos)
}

func (s *Scanner) flushTo(end int) error {
	if s.copied >= end {
		return nil
	}
	from := s.copied
	s.copied = end
	if s.tee == nil {
		return nil
	}
	_, err := s.tee.Write(s.buf[from:end])
	return err
}

// A place says where in the file something was met: near a document, or, where
// doc is 0, elsewhere.
type place struct {
	text string
	doc  int64
}

func (p place) String() string {
	if p.doc == 0 {
		return p.text
	}
	return fmt.Sprintf("%s %d", p.text, p.doc)
}

func (s *Scanner) fail(sentinel error, at int, format string, args ...any) error {
	return &SyntaxError{Offset: s.base + int64(at), Msg: fmt.Sprintf(format, args...), Err: sentinel}
}

// bad reports the byte that was just read.
func (s *Scanner) bad(c byte, where place) error {
	return s.fail(ErrSyntax, s.pos-1, "unexpected %q %s", c, where)
}

// ended makes an error of one of fill's.
func (s *Scanner) ended(err error, where place) error {
	if errors.Is(err, io.EOF) {
		return s.fail(ErrTruncated, len(s.buf), "file ends %s", where)
	}
	return err
}
