package gcsstore

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/storage"
	raw "google.golang.org/api/storage/v1"

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
	said, crc, err := s.putSmall(ctx, object, src)
	if err != nil {
		return bucket.Object{}, s.noBucket(err)
	}
	return s.settled(ctx, key, said, src.Size, crc)
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
	if errors.Is(err, bucket.ErrNotFound) {
		return wire.Recast(err, bucket.ErrNoBucket, fmt.Sprintf("bucket %q not found", s.name))
	}
	return err
}

// putSmall returns what the service says of the object, or nil where it says
// nothing to be read. It reads src once. The CRC32C goes ahead of the bytes: what does not
// match it, or is cut short, becomes no object.
func (s *Store) putSmall(ctx context.Context, object *storage.ObjectHandle, src bucket.Source) (*raw.Object, uint32, error) {
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
	ctx, seen := watched(ctx, 0)
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
	switch {
	case err == nil:
		return spelled(w.Attrs()), crc, nil
	case seen.accepted() && ctx.Err() == nil:
		return nil, crc, nil
	}
	return nil, 0, classify(ctx, err)
}

// spelled is what the SDK has read, as it was said.
func spelled(attrs *storage.ObjectAttrs) *raw.Object {
	if attrs == nil { // of null
		return nil
	}
	return &raw.Object{
		Name: attrs.Name, Size: uint64(max(0, attrs.Size)), Generation: attrs.Generation, ContentType: attrs.ContentType,
		Crc32c: spell(attrs.CRC32C), Updated: attrs.Updated.Format(time.RFC3339Nano),
	}
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
