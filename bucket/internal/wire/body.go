package wire

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
)

// A Body is the bytes of one request, and can be taken back. net/http may read
// on after a request has failed, when the buffer holds another file already, or
// the file is closed.
type Body struct {
	mu    sync.Mutex
	r     io.ReadSeeker
	tee   io.Writer // gets what is read; may be nil
	taken bool
}

var errTaken = errors.New("the request is over")

// NewBody returns the body of a request that sends data.
func NewBody(data []byte) *Body { return &Body{r: bytes.NewReader(data)} }

// NewFileBody returns the body of a request that sends all of src. Reading it
// fails with ErrSourceChanged where the file has become shorter. What is read is
// written to tee, too, if that is not nil; not any more after TakeBack.
func NewFileBody(src bucket.Source, tee io.Writer) *Body {
	return &Body{r: io.NewSectionReader(whole{src}, 0, src.Size), tee: tee}
}

// Read reads until the body is taken back.
func (b *Body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTaken
	}
	n, err := b.r.Read(p)
	if b.tee != nil {
		_, _ = b.tee.Write(p[:n]) // a hash never fails
	}
	return n, err
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

// whole fails where the file has become shorter, instead of sending less.
type whole struct{ bucket.Source }

// ReadAt reads all of p or fails; it is never asked beyond the file's size.
func (w whole) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.Source.ReadAt(p, off)
	if n < len(p) && (err == nil || err == io.EOF) {
		return n, fmt.Errorf("%w: it ends at byte %d of %d", bucket.ErrSourceChanged, off+int64(n), w.Size)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", bucket.ErrRead, err)
	}
	return n, err
}

// Sum reads src once, through buf, and returns the checksums asked for.
func Sum(ctx context.Context, src bucket.Source, buf []byte, wanted ...bucket.Algorithm) (bucket.Checksums, error) {
	hashes := make([]hash.Hash, len(wanted))
	for i, a := range wanted {
		switch a {
		case bucket.MD5:
			hashes[i] = md5.New()
		case bucket.CRC64NVME: // many times as fast as that of the standard library
			hashes[i] = crc64nvme.New()
		default:
			hashes[i] = bucket.NewHash(a)
		}
	}
	err := src.Blocks(ctx, buf, func(block []byte) error {
		for _, h := range hashes {
			h.Write(block)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sums := bucket.Checksums{}
	for i, a := range wanted {
		sums[a] = bucket.Digest(hashes[i])
	}
	return sums, src.Changed()
}
