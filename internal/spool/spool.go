// Package spool is a queue of texts that does not grow in memory: what exceeds
// a bound waits in a temporary file.
package spool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// held is how many items wait in memory at each end of the file.
const held = 8192

// A Queue hands out items of a few texts each in the order in which they came.
// The zero value is an empty one. It is safe for one goroutine that pushes and
// one that pops.
type Queue struct {
	mu   sync.Mutex
	head [][]string // popped from here
	next int        // of head

	file    *os.File
	w       *bufio.Writer
	end     int64 // of the file, as it is read
	waiting int   // items in the file
	buf     []byte
}

// Push appends an item, which must not be changed afterwards.
func (q *Queue) Push(item ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == 0 && len(q.head)-q.next < held {
		if q.next == len(q.head) {
			q.head, q.next = q.head[:0], 0
		}
		q.head = append(q.head, item)
		return nil
	}
	if q.file == nil {
		f, err := os.CreateTemp("", "medialift-queue-*")
		if err != nil {
			return fmt.Errorf("making a temporary file: %w", err)
		}
		// Where the system lets an open file go, nothing is left behind by a
		// process that is killed; elsewhere Close removes it.
		_ = os.Remove(f.Name())
		q.file, q.w = f, bufio.NewWriterSize(f, 1<<16)
	}
	q.buf = binary.AppendUvarint(q.buf[:0], uint64(len(item)))
	for _, text := range item {
		q.buf = binary.AppendUvarint(q.buf, uint64(len(text)))
		q.buf = append(q.buf, text...)
	}
	if _, err := q.w.Write(q.buf); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	q.waiting++
	return nil
}

// Pop returns the oldest item; false where there is none at the moment.
func (q *Queue) Pop() (item []string, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next == len(q.head) && q.waiting > 0 {
		if err := q.refill(); err != nil {
			return nil, false, fmt.Errorf("reading a temporary file: %w", err)
		}
	}
	if q.next == len(q.head) {
		return nil, false, nil
	}
	item = q.head[q.next]
	q.head[q.next] = nil
	q.next++
	return item, true, nil
}

// refill brings items from the file to the head.
func (q *Queue) refill() error {
	if err := q.w.Flush(); err != nil {
		return err
	}
	q.head, q.next = q.head[:0], 0
	r := &counter{r: bufio.NewReaderSize(io.NewSectionReader(q.file, q.end, 1<<62), 1<<16)}
	for q.waiting > 0 && len(q.head) < held {
		item, err := readItem(r)
		if err != nil {
			return err
		}
		q.head = append(q.head, item)
		q.waiting--
	}
	if q.end += r.n; q.waiting > 0 {
		return nil
	}
	q.end = 0
	if err := q.file.Truncate(0); err != nil {
		return err
	}
	_, err := q.file.Seek(0, io.SeekStart)
	return err
}

func readItem(r *counter) ([]string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	item := make([]string, n)
	for i := range item {
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		item[i] = string(text)
	}
	return item, nil
}

// Close drops what is left.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.head, q.next, q.waiting = nil, 0, 0
	if q.file == nil {
		return nil
	}
	err := q.file.Close()
	if rerr := os.Remove(q.file.Name()); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	q.file = nil
	return err
}

// A counter counts what is read.
type counter struct {
	r *bufio.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
