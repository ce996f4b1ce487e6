package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/medialift/medialift/bucket"
)

// lookUp seeks the evidence that the answer to a Put lacks: the object itself,
// with the bytes that were sent. Without an ETag any web server may have answered.
func (s *Store) lookUp(ctx context.Context, key string, p *payload, out sent) (sent, error) {
	src := p.src
	if p.inMemory() {
		src.ReaderAt, src.Unchanged = bytes.NewReader(p.bytes()), nil
	}
	obj, err := s.witness(ctx, key, src)
	if err != nil {
		return sent{}, err
	}
	out.etag, out.seen = obj.ETag, true
	return out, nil
}

// witness returns the object under key, if it holds the bytes of src.
func (s *Store) witness(ctx context.Context, key string, src bucket.Source) (bucket.Object, error) {
	obj, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound), errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity):
		return obj, noEvidence(key, fmt.Sprintf("but there is no object: %v", err))
	case err != nil:
		return obj, err
	case obj.Size != src.Size:
		return obj, noEvidence(key, fmt.Sprintf("but there is another object, of %d bytes and not of %d", obj.Size, src.Size))
	}
	same, err := bucket.Same(ctx, s, src, obj)
	switch {
	case err != nil:
		return obj, err
	case !same:
		return obj, noEvidence(key, "but there is another object, of other bytes")
	}
	return obj, nil
}

// lookUpPart is lookUp for a part: the upload must list it, with a checksum or an
// ETag that is of these bytes.
func (s *Store) lookUpPart(ctx context.Context, key, upload string, p bucket.Part, part bucket.Source) (bucket.Part, error) {
	listed, err := s.Parts(ctx, key, upload)
	if err != nil {
		return bucket.Part{}, err
	}
	sums, err := s.parts.sum(ctx, part, bucket.MD5)
	if err != nil {
		return bucket.Part{}, err
	}
	p.Checksums[bucket.MD5] = sums[bucket.MD5]
	for _, there := range listed {
		crc := there.Checksums[bucket.CRC64NVME]
		proved := crc != "" && crc == p.Checksums[bucket.CRC64NVME] || strings.EqualFold(there.ETag, hexMD5(sums[bucket.MD5]))
		if there.N == p.N && there.Size == p.Size && there.ETag != "" && proved {
			p.ETag = there.ETag
			return p, nil
		}
	}
	return bucket.Part{}, noEvidence(key, fmt.Sprintf("but its part %d is not listed", p.N))
}

// noEvidence is the failure of what is said to have arrived and has not. It is
// worth one more try: something in between may have been in the way just then.
func noEvidence(key, why string) error {
	text := fmt.Sprintf("%v (%q is said to be stored; %s)", bucket.ErrAnswer, key, why)
	return &failure{kind: bucket.ErrAnswer, text: text, err: errors.New("not stored"), once: true}
}
