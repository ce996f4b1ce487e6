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
	// chunk is what Put sends a larger one by.
	chunk = 16 << 20
)

// Put sends src with its CRC32C: a small file in one request, a larger one in a
// session, which makes no object until its last request. It is read once.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if src.Size > small {
		return s.putLarge(ctx, key, src, cond)
	}
	if err := s.usable(key); err != nil {
		return bucket.Object{}, err
	}
	object, err := s.object(ctx, key)
	if err != nil {
		return bucket.Object{}, err
	}
	switch generation, err := s.generation(ctx, key, cond); {
	case err != nil:
		return bucket.Object{}, err
	case generation > 0:
		object = object.If(storage.Conditions{GenerationMatch: generation})
	case generation == absent:
		object = object.If(storage.Conditions{DoesNotExist: true})
	}
	attrs, crc, err := s.putSmall(ctx, object, src)
	if err != nil {
		return bucket.Object{}, s.noBucket(err)
	}
	obj := described(attrs)
	obj.Key = key
	return confirmed(obj, crc)
}

// What generation returns in place of one.
const (
	absent   = 0  // there must be no object
	whatever = -1 // there may be one
)

// generation is the number of the version that an object may replace.
func (s *Store) generation(ctx context.Context, key string, cond bucket.Condition) (int64, error) {
	switch {
	case cond.Overwrite:
		return whatever, nil
	case cond.Replaces.ETag == "":
		return absent, nil
	}
	now, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return absent, nil
	case err != nil:
		return absent, err
	case now.ETag != cond.Replaces.ETag:
		return absent, fmt.Errorf("%w: %q has changed", bucket.ErrExists, key)
	}
	return strconv.ParseInt(now.ETag, 10, 64)
}

// noBucket says what is missing where an object was to be made.
func (s *Store) noBucket(err error) error {
	if status(err) == http.StatusNotFound {
		return wire.Recast(err, bucket.ErrNoBucket, fmt.Sprintf("bucket %q not found", s.name))
	}
	return err
}

// confirmed compares what the service says of an object with the CRC32C of the
// bytes that were sent.
func confirmed(obj bucket.Object, crc uint32) (bucket.Object, error) {
	got := obj.Checksums[bucket.CRC32C]
	if got != spell(crc) {
		return bucket.Object{}, wire.Mismatch(obj.Key, bucket.CRC32C, got, spell(crc))
	}
	// Of what else the service says nothing was compared.
	obj.Checksums = bucket.Checksums{bucket.CRC32C: got}
	obj.Confirmed = true
	return obj, nil
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
	as := s.opts.Attributes
	w.StorageClass, w.KMSKeyName, w.PredefinedACL = as.StorageClass, as.KMSKey, as.ACL
	_, err := w.Write(data)
	if closing := w.Close(); err == nil { // nobody reads data any more
		err = closing
	}
	if err != nil {
		return nil, 0, classify(ctx, err)
	}
	return w.Attrs(), crc, nil
}

// putLarge sends src in a session that nobody goes on with should it fail.
func (s *Store) putLarge(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	session, err := s.Begin(ctx, key, src, cond)
	if err != nil {
		return bucket.Object{}, err
	}
	for {
		obj, done, err := session.Send(ctx, chunk)
		if done {
			return obj, nil
		}
		if errors.Is(err, bucket.ErrNoUpload) {
			return bucket.Object{}, wire.Recast(err, bucket.ErrTemporary, bucket.ErrTemporary.Error()+": the session was lost")
		}
		if err != nil {
			if ctx.Err() == nil {
				_ = s.Cancel(ctx, session.Name()) // it would expire, too
			}
			return bucket.Object{}, err
		}
	}
}

// spell writes a CRC32C as bucket.Checksums has it.
func spell(crc uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}
