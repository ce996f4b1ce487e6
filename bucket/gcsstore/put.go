package gcsstore

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"cloud.google.com/go/storage"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

const (
	// small is the size in bytes up to which a file is sent in one request, from
	// memory.
	small = 8 << 20
	// chunk is what a larger one is sent by, which is also kept in memory.
	chunk = 16 << 20
	block = 256 << 10
)

// Put sends src with its CRC32C: a small file in one request, a larger one in a
// resumable upload, which makes no object until its last request.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if err := s.usable(key); err != nil {
		return bucket.Object{}, err
	}
	if src.Size > MaxSize {
		return bucket.Object{}, fmt.Errorf("%d bytes are more than an object can have (%d)", src.Size, int64(MaxSize))
	}
	object, err := s.object(ctx, key)
	if err != nil {
		return bucket.Object{}, err
	}
	switch {
	case cond.Overwrite:
	case cond.Replaces.ETag != "":
		conditions, err := s.replaces(ctx, key, cond.Replaces.ETag)
		if err != nil {
			return bucket.Object{}, err
		}
		object = object.If(conditions)
	default:
		object = object.If(storage.Conditions{DoesNotExist: true})
	}
	put := s.putLarge
	if src.Size <= small {
		put = s.putSmall
	}
	attrs, crc, err := put(ctx, object, src)
	if status(err) == http.StatusNotFound { // what else is there to miss
		return bucket.Object{}, wire.Recast(err, bucket.ErrNoBucket, fmt.Sprintf("bucket %q not found", s.name))
	}
	if err != nil {
		return bucket.Object{}, err
	}
	if attrs.CRC32C != crc {
		return bucket.Object{}, wire.Mismatch(key, bucket.CRC32C, spell(attrs.CRC32C), spell(crc))
	}
	obj := described(attrs)
	obj.Key, obj.Confirmed = key, true
	return obj, nil
}

// replaces returns the condition under which an object takes the place of the
// version with the given ETag, or of none.
func (s *Store) replaces(ctx context.Context, key, etag string) (storage.Conditions, error) {
	now, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return storage.Conditions{DoesNotExist: true}, nil
	case err != nil:
		return storage.Conditions{}, err
	case now.ETag != etag:
		return storage.Conditions{}, fmt.Errorf("%w: %q has changed", bucket.ErrExists, key)
	}
	generation, err := strconv.ParseInt(etag, 10, 64)
	return storage.Conditions{GenerationMatch: generation}, err
}

// putSmall reads src once. The CRC32C goes ahead of the bytes: what does not
// match it, or is cut short, becomes no object.
func (s *Store) putSmall(ctx context.Context, object *storage.ObjectHandle, src bucket.Source) (*storage.ObjectAttrs, uint32, error) {
	buf := s.buffers.Get(int(src.Size))
	defer s.buffers.Put(buf)
	data := (*buf)[:src.Size]
	if err := src.ReadAll(ctx, data); err != nil {
		return nil, 0, err
	}
	if err := src.Changed(); err != nil {
		return nil, 0, err
	}
	h := bucket.NewHash(bucket.CRC32C)
	h.Write(data)
	crc := binary.BigEndian.Uint32(h.Sum(nil))
	w := object.NewWriter(ctx)
	w.ChunkSize = 0
	w.CRC32C, w.SendCRC32C = crc, true
	w.ContentType, w.ForceEmptyContentType = src.ContentType, true
	_, err := w.Write(data)
	if closing := w.Close(); err == nil { // nobody reads data any more
		err = closing
	}
	if err != nil {
		return nil, 0, classify(ctx, err)
	}
	return w.Attrs(), crc, nil
}

// putLarge reads src once as well: the SDK computes the CRC32C along and sends
// it with the last chunk, and so do we to compare it with the answer.
func (s *Store) putLarge(ctx context.Context, object *storage.ObjectHandle, src bucket.Source) (*storage.ObjectAttrs, uint32, error) {
	sending, abandon := context.WithCancel(ctx)
	defer abandon()
	w := object.NewWriter(sending)
	w.ChunkSize = chunk
	w.ContentType, w.ForceEmptyContentType = src.ContentType, true
	h := bucket.NewHash(bucket.CRC32C)
	buf := s.buffers.Get(block)
	defer s.buffers.Put(buf)
	refused := false
	err := src.Blocks(ctx, (*buf)[:block], func(block []byte) error {
		h.Write(block)
		_, err := w.Write(block)
		refused = err != nil
		return err
	})
	if err == nil {
		err = src.Changed()
	}
	if err != nil { // closing would finish the object, unless it was abandoned before
		abandon()
		_ = w.Close() // says that it was abandoned
		if refused {
			err = classify(ctx, err)
		}
		return nil, 0, err
	}
	if err := w.Close(); err != nil {
		return nil, 0, classify(ctx, err)
	}
	return w.Attrs(), binary.BigEndian.Uint32(h.Sum(nil)), nil
}

// spell writes a CRC32C as bucket.Checksums has it.
func spell(crc uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}
