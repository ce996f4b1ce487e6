package buckettest

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/medialift/medialift/bucket"
)

// fickle gives other bytes when a place is read again: what a store hashes and
// what it sends differ then, unless it reads just once.
type fickle struct {
	io.ReaderAt

	mu   sync.Mutex
	read map[int64]bool // by offset
}

func (f *fickle) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(b, off)
	f.mu.Lock()
	defer f.mu.Unlock()
	for at := off / (64 << 10) * (64 << 10); at < off+int64(n); at += 64 << 10 {
		if at < off {
			continue
		}
		if f.read[at] {
			b[at-off] ^= 0xff
		}
		f.read[at] = true
	}
	return n, err
}

func fickleSource(data []byte) bucket.Source {
	src := Source(data)
	src.ReaderAt = &fickle{ReaderAt: bytes.NewReader(data), read: map[int64]bool{}}
	return src
}

// fickleSource checks that bytes which are not those that were hashed are
// refused: what is there afterwards is what Put said, or nothing.
func (p place) fickleSource() {
	for name, size := range map[string]int{"f/small": 300 << 10, "f/large": large} {
		data := pattern(size, 31)
		_, err := p.Store.Put(p.Context(), p.Key(name), fickleSource(data), bucket.Condition{})
		switch {
		case err == nil:
			p.holds(name, data)
		case errors.Is(err, bucket.ErrChecksum), errors.Is(err, bucket.ErrSourceChanged):
			p.absent(name)
		default:
			p.Errorf("Put %q: %v, want ErrChecksum", name, err)
		}
	}
}

// fickleMidway is fickleSource for parts.
func (p parted) fickleMidway() {
	data := pattern(partSize+1, 32)
	src := fickleSource(data)
	upload := p.start("fickle", src)
	_, err := p.multi.PutPart(p.Context(), p.Key("fickle"), upload, 1, src.Part(1))
	if err == nil { // it was read once
		return
	}
	if errors.Is(err, bucket.ErrTemporary) { // Azurite's code for it says nothing else
		p.Errorf("PutPart: %v, want ErrChecksum", err)
	}
	p.finish("fickle", upload, data, p.send("fickle", upload, Source(data), 1, 2), bucket.Condition{})
}
