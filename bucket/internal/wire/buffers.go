package wire

import (
	"bytes"
	"errors"
	"math/bits"
	"sync"
)

// smallest is the least capacity of a buffer.
const smallest = 64 << 10

// Buffers lends memory. It holds *[]byte by the power of two of their capacity.
// The zero value is ready for use.
type Buffers [bits.UintSize]sync.Pool

// Get lends a buffer of at least n bytes.
func (b *Buffers) Get(n int) *[]byte {
	class := bits.Len(uint(max(n, smallest) - 1))
	if buf, ok := b[class].Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 1<<class)
	return &buf
}

// Put takes back what Get lent.
func (b *Buffers) Put(buf *[]byte) { b[bits.Len(uint(cap(*buf)-1))].Put(buf) }

// A Body is the bytes of one request, and can be taken back. net/http may read
// on after a request has failed, when the buffer holds another file already.
type Body struct {
	mu    sync.Mutex
	r     *bytes.Reader
	taken bool
}

var errTaken = errors.New("the request is over")

// NewBody returns the body of a request that sends data.
func NewBody(data []byte) *Body { return &Body{r: bytes.NewReader(data)} }

// Read reads until the body is taken back.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTaken
	}
	return b.r.Read(p)
}

// Seek lets an SDK find the length and start again.
func (b *Body) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTaken
	}
	return b.r.Seek(offset, whence)
}

// Close does nothing: SDKs close a body more than once.
func (b *Body) Close() error { return nil }

// TakeBack returns when nobody reads any more.
func (b *Body) TakeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = true
}
