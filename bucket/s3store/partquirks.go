package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
)

// partBlock is how much of a part is read and hashed at a time.
const partBlock = 256 << 10

// partQuirks is what the endpoint has shown of multipart uploads so far: they
// are often served by other code than small objects.
type partQuirks struct {
	mu sync.Mutex
	// refusesChecksum: it does not take a CRC64NVME.
	refusesChecksum bool
	// noEcho: it has answered a part without its checksum.
	noEcho bool
	// md5: the ETag of a part has been its MD5.
	md5 bool
	// refusesCondition: it does not take If-None-Match or If-Match at the end.
	refusesCondition bool
	// unconfirmed counts objects that nothing vouched for.
	unconfirmed int

	blocks sync.Pool // of *[partBlock]byte
}

func (q *partQuirks) ask(what *bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *what
}

func (q *partQuirks) learn(what *bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*what = true
}

func (q *partQuirks) takesChecksums() bool  { return !q.ask(&q.refusesChecksum) }
func (q *partQuirks) takesConditions() bool { return !q.ask(&q.refusesCondition) }
func (q *partQuirks) silent() bool          { return q.ask(&q.noEcho) }
func (q *partQuirks) md5ETags() bool        { return q.ask(&q.md5) }
func (q *partQuirks) refuses()              { q.learn(&q.refusesChecksum) }
func (q *partQuirks) refusesConditions()    { q.learn(&q.refusesCondition) }
func (q *partQuirks) saysNothing()          { q.learn(&q.noEcho) }
func (q *partQuirks) learnMD5()             { q.learn(&q.md5) }

func (q *partQuirks) countUnconfirmed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unconfirmed++
}

func (q *partQuirks) sentences() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var notes []string
	if q.refusesChecksum {
		notes = append(notes, "the endpoint refuses CRC64NVME checksums of large files: their parts are confirmed by ETags that are MD5s")
	}
	if q.refusesCondition {
		notes = append(notes, "the endpoint refuses conditions where a large file is completed: medialift looks for an object first, and two writers to the same key are not safe from each other")
	}
	if q.unconfirmed > 0 {
		notes = append(notes, fmt.Sprintf("the endpoint reports neither a checksum nor an ETag made of MD5s: nothing confirmed the bytes of %d large objects", q.unconfirmed))
	}
	return notes
}

// sum reads src once and returns the checksums asked for: CRC64NVME and MD5
// are known here.
func (q *partQuirks) sum(ctx context.Context, src bucket.Source, wanted ...bucket.Algorithm) (bucket.Checksums, error) {
	buf, ok := q.blocks.Get().(*[partBlock]byte)
	if !ok {
		buf = new([partBlock]byte)
	}
	defer q.blocks.Put(buf)
	hashes := make([]hash.Hash, len(wanted))
	for i, a := range wanted {
		hashes[i] = md5.New()
		if a == bucket.CRC64NVME {
			hashes[i] = crc64nvme.New()
		}
	}
	err := src.Blocks(ctx, buf[:], func(block []byte) error {
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

// hexMD5 spells an MD5 of bucket.Checksums as an ETag does.
func hexMD5(sum string) string {
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}

// A partBody is the body of one request. It can be taken back: net/http may
// read on after a request has failed, when the file is closed already.
type partBody struct {
	mu    sync.Mutex
	r     *io.SectionReader
	taken bool
}

// Read reads until the body is taken back.
func (b *partBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, io.ErrClosedPipe
	}
	return b.r.Read(p)
}

// Seek lets the SDK find the length and start again.
func (b *partBody) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, io.ErrClosedPipe
	}
	return b.r.Seek(offset, whence)
}

// takeBack returns when nobody reads any more.
func (b *partBody) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = true
}

// A wholePart fails where the file has become shorter, instead of sending less.
type wholePart struct{ bucket.Source }

// ReadAt reads all of b, or up to the end of the part, or fails.
func (w wholePart) ReadAt(b []byte, off int64) (int, error) {
	n, err := w.Source.ReadAt(b, off)
	if (err == nil || err == io.EOF) && off+int64(n) < w.Size && n < len(b) {
		return n, fmt.Errorf("%w: it has become shorter", bucket.ErrSourceChanged)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", bucket.ErrRead, err)
	}
	return n, err
}
