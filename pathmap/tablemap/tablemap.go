// Package tablemap maps paths by a table in a CSV file of any size. Memory is
// flat: the rows and an index by hash are kept in temporary files.
package tablemap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"

	"github.com/medialift/medialift/pathmap"
)

// Options say where a table is kept.
type Options struct {
	// Dir is where temporary files go: a little more than the size of the table,
	// and 24 bytes a row. Empty means [os.TempDir].
	Dir string
}

// A Map looks paths up in a table. It is a pathmap.Mapper.
type Map struct {
	hash  func(string) uint64
	seed  maphash.Seed
	data  *os.File // the rows
	index *os.File // entries in the order of hashes
	// starts are the positions in index of the first entry of each bucket, and
	// the end.
	starts []int64
}

// Open reads the table in the file at path; see Read.
func Open(path string, opts Options) (*Map, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the table: %w", err)
	}
	defer f.Close()
	return Read(f, opts)
}

// Read reads CSV with the header "from,to" and makes a Mapper that answers with
// the to of the row whose from is the path, byte for byte, and with
// pathmap.ErrNoAnswer where there is none. A Windows path with a drive may have its
// drive letter in either case and either slash, as FiftyOne writes both. The table is copied: it may change
// afterwards. Close frees the copy, at the latest the end of the process.
//
// A byte order mark of UTF-8 and rows that say the same twice are let pass.
// Errors, with the line they are on, and ErrTable except for the last: another header, rows without exactly two
// fields, an empty from or to, one from with two different to.
func Read(r io.Reader, opts Options) (*Map, error) {
	seed := maphash.MakeSeed()
	m := &Map{seed: seed, hash: func(s string) uint64 { return maphash.String(seed, s) }}
	err := m.build(r, opts)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// temporary makes a file that goes with the process where the system lets an
// open file go, and else with Close.
func temporary(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "medialift-table-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	_ = os.Remove(f.Name())
	return f, nil
}

// Map looks p.Path up: as it is, and where no row has it and it is a Windows
// path, in its other spellings. Where these have different answers it is an
// error.
func (m *Map) Map(_ context.Context, p pathmap.Path) (string, error) {
	to, err := m.lookUp(p.Path)
	if !errors.Is(err, pathmap.ErrNoAnswer) {
		return to, err
	}
	found := ""
	for _, spelling := range spellings(p.Path) {
		to, err := m.lookUp(spelling)
		switch {
		case errors.Is(err, pathmap.ErrNoAnswer):
		case err != nil:
			return "", err
		case found != "" && found != to:
			return "", malformed{fmt.Errorf("the table has %q in two spellings, with the answers %q and %q", p.Path, found, to)}
		default:
			found = to
		}
	}
	if found == "" {
		return "", pathmap.ErrNoAnswer
	}
	return found, nil
}

// lookUp finds the row whose from is path.
func (m *Map) lookUp(path string) (string, error) {
	hash := m.hash(path)
	bucket := hash >> (64 - bucketBits)
	from, to := m.starts[bucket], m.starts[bucket+1]
	if from == to {
		return "", pathmap.ErrNoAnswer
	}
	block := make([]byte, to-from)
	if _, err := m.index.ReadAt(block, from); err != nil {
		return "", fmt.Errorf("reading the table's index: %w", err)
	}
	for ; len(block) > 0; block = block[entrySize:] {
		if binary.LittleEndian.Uint64(block) != hash {
			continue
		}
		row, err := m.row(int64(binary.LittleEndian.Uint64(block[16:])))
		if err != nil {
			return "", err
		}
		if row.from == path {
			return row.to, nil
		}
	}
	return "", pathmap.ErrNoAnswer
}

// row reads the row at a position of data.
func (m *Map) row(at int64) (row, error) {
	buf := make([]byte, 512)
	for {
		n, err := m.data.ReadAt(buf, at)
		if r, ok := decode(buf[:n]); ok {
			return r, nil
		}
		if err != nil {
			return row{}, fmt.Errorf("reading the table's rows: %w", err)
		}
		buf = make([]byte, 4*len(buf))
	}
}

// encode spells a row behind its line.
func encode(buf []byte, r row) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(r.from)))
	buf = binary.AppendUvarint(buf, uint64(len(r.to)))
	return append(append(buf, r.from...), r.to...)
}

// decode reads the row that buf begins with; false where buf is too short.
func decode(buf []byte) (row, bool) {
	var head [3]int
	for i := range head {
		n, size := binary.Uvarint(buf)
		if size <= 0 {
			return row{}, false
		}
		head[i], buf = int(n), buf[size:]
	}
	if len(buf) < head[1]+head[2] {
		return row{}, false
	}
	return row{line: head[0], from: string(buf[:head[1]]), to: string(buf[head[1] : head[1]+head[2]])}, true
}

// Close frees what the table takes. The Map must not be used afterwards.
func (m *Map) Close() error {
	var errs []error
	for _, f := range []*os.File{m.data, m.index} {
		if f == nil {
			continue
		}
		errs = append(errs, f.Close())
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
