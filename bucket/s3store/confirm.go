package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/medialift/medialift/bucket"
)

// confirm finds out whether the endpoint vouches for what was sent: by the
// checksum in its answer, CRC64NVME or else CRC32, or by an ETag that is the MD5.
func (s *Store) confirm(ctx context.Context, key string, p *payload, was sent) (bucket.Object, error) {
	obj := bucket.Object{
		Key:         key,
		Size:        p.src.Size,
		ModTime:     time.Now(),
		ETag:        was.etag,
		ContentType: p.src.ContentType,
		Checksums:   bucket.Checksums{bucket.CRC64NVME: p.crc},
	}
	if was.seen {
		obj.Confirmed = true
		return obj, nil
	}
	if was.crc != "" {
		if was.crc != p.crc {
			return bucket.Object{}, mismatch(key, "CRC64NVME", was.crc, p.crc)
		}
		obj.Confirmed = true
		return obj, nil
	}
	if was.crc32 != "" && was.shot.crc32 {
		if was.crc32 != p.crc32 {
			return bucket.Object{}, mismatch(key, "CRC32", was.crc32, p.crc32)
		}
		obj.Confirmed = true
		return obj, nil
	}
	confirmed, err := s.byETag(ctx, p, obj, was)
	if err != nil {
		return bucket.Object{}, err
	}
	obj.Confirmed = confirmed
	if !confirmed {
		s.quirks.countUnconfirmed()
	}
	return obj, nil
}

// byETag compares the ETag with the MD5. Only once it has been an MD5 for some
// object does another ETag mean other bytes; until then the object is read back.
func (s *Store) byETag(ctx context.Context, p *payload, obj bucket.Object, was sent) (bool, error) {
	md5 := s.quirks.get().md5
	if was.encrypted || md5 == no || len(was.etag) != 32 {
		return false, nil
	}
	want, err := p.md5(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case was.etag == want:
		s.quirks.learn(func(k *known) { k.md5 = yes })
		return true, nil
	case md5 == yes:
		return false, mismatch(obj.Key, "MD5", was.etag, want)
	case !p.inMemory():
		return false, nil
	}
	obj.Checksums, obj.ETag = nil, "" // nothing but the bytes shall count
	same, err := bucket.Same(ctx, s, bucket.Source{ReaderAt: bytes.NewReader(p.bytes()), Size: p.src.Size}, obj)
	if err != nil {
		return false, fmt.Errorf("reading back %q: %w", obj.Key, err)
	}
	if !same {
		return false, mismatch(obj.Key, "MD5", was.etag, want)
	}
	s.quirks.learn(func(k *known) {
		if k.md5 == unknown {
			k.md5 = no
		}
	})
	return true, nil
}

func mismatch(key, algorithm, got, want string) error {
	text := fmt.Sprintf("%v: the endpoint has %s %s for %q, sent was %s", bucket.ErrChecksum, algorithm, got, key, want)
	return &failure{kind: bucket.ErrChecksum, text: text, err: errors.New("other bytes")}
}
