package tablemap

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A row says what becomes of one path; line is where the table says so.
type row struct {
	from, to string
	line     int
}

// rows reads CSV with the header "from,to".
func rows(r io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		records, err := behindHeader(r)
		if err != nil {
			yield(row{}, err)
			return
		}
		for {
			record, err := records.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(row{}, unread(err))
				return
			}
			line, _ := records.FieldPos(0)
			one := row{from: record[0], to: record[1], line: line}
			if one.from == "" || one.to == "" {
				err = malformed{fmt.Errorf("table line %d: from %q, to %q: neither may be empty", line, one.from, one.to)}
			}
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
}

// ErrTable says that a table is not as a table must be: see Read.
var ErrTable = errors.New("malformed table")

// A malformed error is an ErrTable that says what is wrong.
type malformed struct{ error }

func (e malformed) Unwrap() []error { return []error{e.error, ErrTable} }

// unread is the error of a line that could not be read.
func unread(err error) error {
	err = fmt.Errorf("reading table: %w", err)
	if _, ok := errors.AsType[*csv.ParseError](err); ok {
		return malformed{err}
	}
	return err
}

// behindHeader makes a reader that stands behind the header.
func behindHeader(r io.Reader) (*csv.Reader, error) {
	text := bufio.NewReaderSize(r, 1<<16)
	// An error here comes again from the first Read.
	if mark, _ := text.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = text.Discard(len(mark))
	}
	records := csv.NewReader(text)
	records.ReuseRecord = true
	header, err := records.Read()
	if errors.Is(err, io.EOF) {
		return nil, malformed{errors.New(`table is empty; its first line must be "from,to"`)}
	}
	if err != nil {
		return nil, unread(err)
	}
	if len(header) != 2 || header[0] != "from" || header[1] != "to" {
		line, _ := records.FieldPos(0)
		return nil, malformed{fmt.Errorf("table line %d: header fields are %q; the header must be \"from,to\"", line, header)}
	}
	return records, nil
}
