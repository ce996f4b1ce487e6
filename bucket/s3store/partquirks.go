package s3store

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
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
	// honours: it has refused to complete an object over another one.
	honours bool
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

func (q *partQuirks) proved() bool { return q.ask(&q.honours) }
func (q *partQuirks) prove()       { q.learn(&q.honours) }

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
	return wire.Sum(ctx, src, buf[:], wanted...)
}

// hexMD5 spells an MD5 of bucket.Checksums as an ETag does.
func hexMD5(sum string) string {
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(raw)
}
