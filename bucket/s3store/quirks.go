package s3store

import (
	"fmt"
	"sync"
)

// An answer is what is known of one ability of an endpoint.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// quirks is what the endpoint has shown so far. Everything is only learnt from
// real objects: nothing is written to find out.
type quirks struct {
	// gate is held by the one Put that finds out about conditions.
	gate chan struct{}

	mu sync.Mutex
	known
	// unconfirmed counts objects that nothing vouched for.
	unconfirmed int
	buffers     buffers
	// hot keeps what is learnt of the endpoint's address and clock.
	hot hot
}

// known is a copy of the answers.
type known struct {
	// checksum: the endpoint takes x-amz-checksum-crc64nvme.
	checksum answer
	// crc32: it takes x-amz-checksum-crc32, which is only tried where it does not
	// take the former.
	crc32 answer
	// absent: it honours If-None-Match.
	absent answer
	// refusesAbsent: it does not take If-None-Match at all.
	refusesAbsent bool
	// match: it takes If-Match.
	match answer
	// md5: its ETags are MD5s.
	md5 answer
	// wantsMD5: it takes no object without a Content-MD5. refusesExpect: nor one that
	// it is asked about beforehand.
	wantsMD5, refusesExpect bool
}

func (q *quirks) init() { q.gate = make(chan struct{}, 1) }

func (q *quirks) get() known {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.known
}

// learn changes what is known.
func (q *quirks) learn(change func(*known)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(&q.known)
}

func (q *quirks) countUnconfirmed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unconfirmed++
}

func (q *quirks) sentences() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var notes []string
	switch {
	case q.checksum == no && q.crc32 == yes:
		notes = append(notes, "the endpoint refuses CRC64NVME checksums: objects are sent with a CRC32")
	case q.checksum == no:
		notes = append(notes, "the endpoint refuses CRC64NVME checksums: objects are confirmed by an ETag that is their MD5")
	}
	if q.absent == no {
		verb := "ignores"
		if q.refusesAbsent {
			verb = "refuses"
		}
		notes = append(notes, "the endpoint "+verb+" If-None-Match: medialift looks for an object before it sends one, and two writers to the same key are not safe from each other")
	}
	if q.match == no {
		notes = append(notes, "the endpoint refuses If-Match: medialift looks at an object before it replaces it, and two writers to the same key are not safe from each other")
	}
	if q.unconfirmed > 0 {
		notes = append(notes, fmt.Sprintf("the endpoint reports neither a checksum nor an ETag that is an MD5: nothing confirmed the bytes of %d objects", q.unconfirmed))
	}
	return notes
}
