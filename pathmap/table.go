package pathmap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// tableMap holds a whole table in memory.
type tableMap map[string]tableRow

type tableRow struct {
	to   string
	line int
}

// Table reads CSV with the header "from,to" and makes a Mapper that answers
// with the to of the row whose from is the path, byte for byte, and with
// [ErrNoAnswer] where there is none.
//
// A byte order mark of UTF-8 and rows that say the same twice are let pass.
// Errors, with the line they are on: another header, rows without exactly two
// fields, an empty from or to, one from with two different to. The table is
// held in memory; r is read to its end and not closed.
func Table(r io.Reader) (Mapper, error) {
	rows, err := newTableReader(r)
	if err != nil {
		return nil, err
	}
	table := tableMap{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading table: %w", err)
		}
		line, _ := rows.FieldPos(0)
		if err := table.add(row[0], row[1], line); err != nil {
			return nil, err
		}
	}
}

// newTableReader stands behind the header.
func newTableReader(r io.Reader) (*csv.Reader, error) {
	text := bufio.NewReader(r)
	// An error here comes again from the first Read.
	if mark, _ := text.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = text.Discard(len(mark))
	}
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New(`table is empty; its first line must be "from,to"`)
	}
	if err != nil {
		return nil, fmt.Errorf("reading table: %w", err)
	}
	if len(header) != 2 || header[0] != "from" || header[1] != "to" {
		line, _ := rows.FieldPos(0)
		return nil, fmt.Errorf("table line %d: header fields are %q; the header must be \"from,to\"", line, header)
	}
	return rows, nil
}

func (t tableMap) add(from, to string, line int) error {
	if from == "" || to == "" {
		return fmt.Errorf("table line %d: from %q, to %q: neither may be empty", line, from, to)
	}
	if before, ok := t[from]; ok {
		if before.to != to {
			return fmt.Errorf("table line %d: %q becomes %q, but %q on line %d", line, from, to, before.to, before.line)
		}
		return nil
	}
	t[from] = tableRow{to: to, line: line}
	return nil
}

// Map looks p.Path up.
func (t tableMap) Map(_ context.Context, p Path) (string, error) {
	if row, ok := t[p.Path]; ok {
		return row.to, nil
	}
	return "", ErrNoAnswer
}
