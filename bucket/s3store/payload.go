package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"

	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

const (
	// small is the size in bytes up to which a file is read just once, into
	// memory; a larger one is read for its checksum and again to be sent.
	small = 8 << 20
	block = 1 << 20
)

// buffers lends the memory of small files.
type buffers struct{ wire.Buffers }

// A payload is a file made ready to be sent, maybe several times.
type payload struct {
	src    bucket.Source
	buffer *[]byte // nil for a file that is not small
	// crc is the CRC64NVME as bucket.Checksums spells it.
	crc string
	// crc32 is the CRC32, once sum32 was asked for it.
	crc32 string
	// md5Sum is the MD5 as Content-MD5 spells it, once sumMD5 was asked for it.
	md5Sum string
	// lent tells that net/http may still be reading the buffer.
	lent bool
}

// read hashes src, and keeps it in memory if it is small.
func (b *buffers) read(ctx context.Context, src bucket.Source) (*payload, error) {
	p := &payload{src: src}
	h := crc64nvme.New()
	if src.Size <= small {
		p.buffer = b.Get(int(src.Size))
		if err := src.ReadAll(ctx, p.bytes()); err != nil {
			b.Put(p.buffer)
			return nil, err
		}
		h.Write(p.bytes())
	} else {
		buf := b.Get(block)
		err := src.Blocks(ctx, (*buf)[:block], func(block []byte) error {
			h.Write(block)
			return nil
		})
		b.Put(buf)
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

// sumMD5 computes the MD5, for endpoints that want it sent along.
func (p *payload) sumMD5(ctx context.Context) error {
	if p.md5Sum != "" {
		return nil
	}
	sum, err := p.md5(ctx)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(sum)
	p.md5Sum = base64.StdEncoding.EncodeToString(raw)
	return err
}

func (b *buffers) release(p *payload) {
	if p.buffer != nil && !p.lent {
		b.Put(p.buffer)
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

// body returns the bytes for one request.
func (p *payload) body() *wire.Body {
	if p.inMemory() {
		return wire.NewBody(p.bytes())
	}
	return wire.NewFileBody(p.src, nil)
}
