package wire

import (
	"math/bits"
	"sync"
)

// Least is the smallest buffer that is lent, in bytes.
const Least = 64 << 10

// Buffers lends memory. It holds *[]byte by the power of two of their capacity.
// The zero value is ready for use.
type Buffers [bits.UintSize]sync.Pool

// Get lends a buffer of at least n bytes.
func (b *Buffers) Get(n int) *[]byte {
	class := bits.Len(uint(max(n, Least) - 1))
	if buf, ok := b[class].Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 1<<class)
	return &buf
}

// Put takes back what Get lent.
func (b *Buffers) Put(buf *[]byte) { b[bits.Len(uint(cap(*buf)-1))].Put(buf) }
