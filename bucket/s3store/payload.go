package s3store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"

	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
)

const (
	// small is the size in bytes up to which a file is read just once, into
	// memory; a larger one is read for its checksum and again to be sent.
	small = 8 << 20
	// smallest is the least capacity of a buffer.
	smallest = 64 << 10
	block    = 1 << 20
)

// buffers holds *[]byte by the power of two of their capacity.
type buffers [bits.UintSize]sync.Pool

func (b *buffers) get(n int) *[]byte {
	class := bits.Len(uint(max(n, smallest) - 1))
	if buf, ok := b[class].Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 1<<class)
	return &buf
}

func (b *buffers) put(buf *[]byte) { b[bits.Len(uint(cap(*buf)-1))].Put(buf) }

// A payload is a file made ready to be sent, maybe several times.
type payload struct {
	src    bucket.Source
	buffer *[]byte // nil for a file that is not small
	// crc is the CRC64NVME as bucket.Checksums spells it.
	crc string
	// crc32 is the CRC32, once sum32 was asked for it.
	crc32 string
	// lent tells that net/http may still be reading the buffer.
	lent bool
}

// read hashes src, and keeps it in memory if it is small.
func (b *buffers) read(ctx context.Context, src bucket.Source) (*payload, error) {
	p := &payload{src: src}
	h := crc64nvme.New()
	if src.Size <= small {
		p.buffer = b.get(int(src.Size))
		if err := src.ReadAll(ctx, p.bytes()); err != nil {
			b.put(p.buffer)
			return nil, err
		}
		h.Write(p.bytes())
	} else {
		buf := b.get(block)
		err := src.Blocks(ctx, (*buf)[:block], func(block []byte) error {
			h.Write(block)
			return nil
		})
		b.put(buf)
		if err != nil {
			return nil, err
		}
	}
	if err := src.Changed(); err != nil {
		b.release(p)
		return nil, err
	}
	p.crc = bucket.Digest(h)
	return p, nil
}

// sum32 computes the CRC32, for endpoints that do not take a CRC64NVME: a file that
// is not small is read again.
func (p *payload) sum32(ctx context.Context) error {
	if p.crc32 != "" {
		return nil
	}
	h := bucket.NewHash(bucket.CRC32)
	if p.inMemory() {
		h.Write(p.bytes())
	} else if err := p.src.Blocks(ctx, make([]byte, block), func(block []byte) error {
		h.Write(block)
		return nil
	}); err != nil {
		return err
	}
	p.crc32 = bucket.Digest(h)
	return nil
}

func (b *buffers) release(p *payload) {
	if p.buffer != nil && !p.lent {
		b.put(p.buffer)
	}
}

func (p *payload) bytes() []byte { return (*p.buffer)[:p.src.Size] }

func (p *payload) inMemory() bool { return p.buffer != nil }

// md5 returns the MD5 in hexadecimal, as an ETag spells it.
func (p *payload) md5(ctx context.Context) (string, error) {
	h := md5.New()
	if p.inMemory() {
		h.Write(p.bytes())
	} else {
		err := p.src.Blocks(ctx, make([]byte, block), func(block []byte) error {
			h.Write(block)
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// body returns a reader of the bytes for one request.
func (p *payload) body() *body {
	if p.inMemory() {
		return &body{r: bytes.NewReader(p.bytes())}
	}
	return &body{r: io.NewSectionReader(complete{p.src}, 0, p.src.Size)}
}

// A body can be taken back. net/http may read on after a request has failed,
// when the buffer holds another file or the file is closed already.
type body struct {
	mu    sync.Mutex
	r     io.ReadSeeker
	taken bool
}

var errTaken = errors.New("the request is over")

// Read reads until the body is taken back.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTaken
	}
	return b.r.Read(p)
}

// Seek lets the SDK find the length and start again.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTaken
	}
	return b.r.Seek(offset, whence)
}

// takeBack returns when nobody reads any more.
func (b *body) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = true
}

// complete fails where the file has become shorter, instead of sending less.
type complete struct{ bucket.Source }

// ReadAt reads all of p or fails; it is never asked beyond the file's size.
func (w complete) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Source.ReadAt(p, off)
	if n < len(p) && (err == nil || err == io.EOF) {
		return n, fmt.Errorf("%w: it ends at byte %d of %d", bucket.ErrSourceChanged, off+int64(n), w.Size)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", bucket.ErrRead, err)
	}
	return n, err
}
