package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrNoUpload says that there is no unfinished upload of that name: it was
// finished or aborted, or the store has dropped it after some time, or parts of
// it that had arrived.
var ErrNoUpload = errors.New("unfinished upload not found")

// A Multipart is a Store that takes an object in parts, which may come in any
// order, at the same time, and from several processes one after the other.
// Nothing is under the key before Finish. No method retries.
//
// An upload is whatever names the unfinished object here: at S3 the upload ID,
// with Azure's block lists a prefix of the blocks' IDs that Start makes up.
type Multipart interface {
	// Start begins an object with the content type of src.
	Start(ctx context.Context, key string, src Source) (upload string, err error)
	// PutPart sends one part; n counts from 1. A part that is there already is
	// replaced. All but the last part of an object have PartSize bytes.
	PutPart(ctx context.Context, key, upload string, n int, part Source) (Part, error)
	// Parts lists the parts that are there, ordered by N. Checksums may be absent.
	Parts(ctx context.Context, key, upload string) ([]Part, error)
	// Finish makes the object of src out of parts, as PutPart returned them,
	// once src is known to be unchanged. Like Put it returns when the object is
	// durable, confirmed as far as the store can, and fails with ErrExists where
	// cond is not met; the upload is still unfinished then, unless the store drops
	// parts when something else is put under their key. Whether an upload that is
	// finished already gives its object or ErrNoUpload is up to the store.
	Finish(ctx context.Context, key, upload string, src Source, parts []Part, cond Condition) (Object, error)
	// Abort drops the parts. Aborting an upload that is gone may be ErrNoUpload
	// or no error. Stores that cannot drop parts let them expire.
	Abort(ctx context.Context, key, upload string) error
}

// A Part is one part of an unfinished object.
type Part struct {
	// N counts from 1.
	N    int
	Size int64
	// ETag names these very bytes within the upload; opaque.
	ETag string
	// Checksums of the part's bytes. PutPart gives those of what it sent, among
	// them CRC64NVME; MD5 where the store confirms parts by that alone.
	Checksums Checksums
}

// What S3 takes; other stores take more.
const (
	// MaxParts is the largest number of parts of an object.
	MaxParts = 10_000
	// MaxParted is the largest object that can be sent in parts, in bytes.
	MaxParted = 5 << 40
	// leastPart is the part size in bytes of all but enormous files: the least
	// that S3 takes, for the larger the parts, the more a killed run has to send
	// again.
	leastPart = 5 << 20
)

// PartSize returns how long, in bytes, the parts of an object of the given size
// are, but for the last: 5 MiB, doubled until they are at most MaxParts. A later
// process relies on getting the same answer.
func PartSize(size int64) int64 {
	part := int64(leastPart)
	for part < size/MaxParts+min(1, size%MaxParts) {
		part *= 2
	}
	return part
}

// Parts returns how many parts an object of the given size has: at least one.
func Parts(size int64) int {
	part := PartSize(size)
	return int(max(1, (size+part-1)/part))
}

// Part returns the source of part n of s, counting from 1.
func (s Source) Part(n int) Source {
	length := PartSize(s.Size)
	off := int64(n-1) * length
	length = max(0, min(length, s.Size-off))
	return Source{ReaderAt: section{s.ReaderAt, off, length}, Size: length, ContentType: s.ContentType, Unchanged: s.Unchanged}
}

// A section is a range of a file. Unlike io.SectionReader it passes on short
// reads of a file that has become shorter as they are.
type section struct {
	r        io.ReaderAt
	off, len int64
}

// ReadAt reads at an offset from the start of the section.
func (s section) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off >= s.len {
		return 0, io.EOF
	}
	if room := s.len - off; int64(len(b)) > room {
		n, err := s.r.ReadAt(b[:room], s.off+off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return s.r.ReadAt(b, s.off+off)
}

// Complete fails unless parts are all parts of an object of the given size, in
// order and of the right lengths.
func Complete(size int64, parts []Part) error {
	if want := Parts(size); len(parts) != want {
		return fmt.Errorf("%d parts of %d", len(parts), want)
	}
	src := Source{Size: size}
	for i, p := range parts {
		if want := src.Part(i + 1).Size; p.N != i+1 || p.Size != want {
			return fmt.Errorf("part %d with %d bytes in place of part %d with %d", p.N, p.Size, i+1, want)
		}
	}
	return nil
}
