package tablemap

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
)

const (
	// An entry is the hash of a row's from, a hash of both its texts, and where
	// in the data it is.
	entrySize = 24
	// Lookups find a bucket by the first bits of a hash and read all of it.
	bucketBits = 16
	// While the index is made, it is sorted by pieces of several buckets.
	pieceBits = 8
)

type entry struct {
	from, both uint64 // hashes
	at         int64
}

// build copies the rows, and makes the index: entries as they come, then spread
// over their pieces, then each piece sorted.
func (m *Map) build(r io.Reader, opts Options) (err error) {
	if m.data, err = temporary(opts.Dir); err != nil {
		return err
	}
	if m.index, err = temporary(opts.Dir); err != nil {
		return err
	}
	unsorted, err := temporary(opts.Dir)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, unsorted.Close())
		if rerr := os.Remove(unsorted.Name()); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	pieces, err := m.copyRows(r, unsorted)
	if err != nil {
		return err
	}
	if err := spread(m.index, unsorted, pieces); err != nil {
		return fmt.Errorf("making the table's index: %w", err)
	}
	return m.sort(pieces)
}

// copyRows writes the rows to data and their entries, unsorted, to w. It
// returns how many entries each piece has.
func (m *Map) copyRows(r io.Reader, w io.Writer) (pieces []int64, err error) {
	pieces = make([]int64, 1<<pieceBits)
	data, entries := bufio.NewWriterSize(m.data, 1<<18), bufio.NewWriterSize(w, 1<<18)
	var at int64
	var buf []byte
	for row, err := range rows(r) {
		if err != nil {
			return nil, err
		}
		buf = binary.AppendUvarint(buf[:0], uint64(row.line))
		size := len(buf)
		buf = encode(buf, row)
		e := entry{from: m.hash(row.from), both: maphash.Bytes(m.seed, buf[size:]), at: at}
		at += int64(len(buf))
		pieces[e.from>>(64-pieceBits)]++
		_, err1 := data.Write(buf)
		_, err2 := entries.Write(e.append(buf[:0]))
		if err := cmp.Or(err1, err2); err != nil {
			return nil, fmt.Errorf("copying the table: %w", err)
		}
	}
	if err := cmp.Or(data.Flush(), entries.Flush()); err != nil {
		return nil, fmt.Errorf("copying the table: %w", err)
	}
	return pieces, nil
}

func (e entry) append(buf []byte) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, e.from)
	buf = binary.LittleEndian.AppendUint64(buf, e.both)
	return binary.LittleEndian.AppendUint64(buf, uint64(e.at))
}

// spread writes the entries of unsorted piece by piece.
func spread(index, unsorted *os.File, pieces []int64) error {
	if _, err := unsorted.Seek(0, io.SeekStart); err != nil {
		return err
	}
	const room = 1024 * entrySize
	next := make([]int64, len(pieces)) // where a piece goes on
	bufs := make([][]byte, len(pieces))
	var at int64
	for i, n := range pieces {
		next[i] = at
		at += n * entrySize
	}
	flush := func(i int) error {
		_, err := index.WriteAt(bufs[i], next[i])
		next[i] += int64(len(bufs[i]))
		bufs[i] = bufs[i][:0]
		return err
	}
	r := bufio.NewReaderSize(unsorted, 1<<18)
	var one [entrySize]byte
	for {
		if _, err := io.ReadFull(r, one[:]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		i := int(binary.LittleEndian.Uint64(one[:]) >> (64 - pieceBits))
		if bufs[i] = append(bufs[i], one[:]...); len(bufs[i]) >= room {
			if err := flush(i); err != nil {
				return err
			}
		}
	}
	for i := range bufs {
		if err := flush(i); err != nil {
			return err
		}
	}
	return nil
}

// sort sorts each piece, leaves out rows that say the same, and notes where the
// buckets begin. A from with two answers is an error; of several the one that
// the table comes to first.
func (m *Map) sort(pieces []int64) error {
	m.starts = make([]int64, 1<<bucketBits+1)
	var read, written int64
	var first *conflict
	for _, n := range pieces {
		buf := make([]byte, n*entrySize)
		if _, err := m.index.ReadAt(buf, read); err != nil && n > 0 {
			return fmt.Errorf("making the table's index: %w", err)
		}
		read += int64(len(buf))
		list := make([]entry, n)
		for i := range list {
			one := buf[i*entrySize:]
			list[i] = entry{binary.LittleEndian.Uint64(one), binary.LittleEndian.Uint64(one[8:]), int64(binary.LittleEndian.Uint64(one[16:]))}
		}
		slices.SortFunc(list, func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.both, b.both), cmp.Compare(a.at, b.at))
		})
		list = slices.CompactFunc(list, func(a, b entry) bool { return a.from == b.from && a.both == b.both })
		found, err := m.conflict(list)
		if err != nil {
			return err
		}
		if found != nil && (first == nil || found.line < first.line) {
			first = found
		}
		buf = buf[:0]
		for _, e := range list {
			buf = e.append(buf)
			m.starts[e.from>>(64-bucketBits)+1] += entrySize
		}
		if _, err := m.index.WriteAt(buf, written); err != nil {
			return fmt.Errorf("making the table's index: %w", err)
		}
		written += int64(len(buf))
	}
	if first != nil {
		return malformed{fmt.Errorf("table line %d: %q becomes %q, but %q on line %d", first.line, first.from, first.to, first.other.to, first.other.line)}
	}
	for i := 1; i < len(m.starts); i++ {
		m.starts[i] += m.starts[i-1]
	}
	return nil
}

// A conflict is a row and an earlier one of the same from.
type conflict struct {
	row
	other row
}

// conflict looks for entries of one hash that are rows of one from.
func (m *Map) conflict(list []entry) (first *conflict, err error) {
	for i := range list {
		for k := i + 1; k < len(list) && list[k].from == list[i].from; k++ {
			a, err := m.row(list[i].at)
			if err != nil {
				return nil, err
			}
			b, err := m.row(list[k].at)
			if err != nil {
				return nil, err
			}
			if a.from != b.from {
				continue
			}
			if a.line > b.line {
				a, b = b, a
			}
			if first == nil || b.line < first.line {
				first = &conflict{row: b, other: a}
			}
		}
	}
	return first, nil
}
