package gcsstore

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// Stat describes the object at key, with its CRC32C, and its MD5 unless it was
// composed of others.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	object, err := s.object(ctx, key)
	if err != nil {
		return bucket.Object{}, err
	}
	attrs, err := object.Attrs(ctx)
	if err != nil {
		return bucket.Object{}, classify(ctx, err)
	}
	return described(attrs), nil
}

// described spells what the service says of an object.
func described(attrs *storage.ObjectAttrs) bucket.Object {
	sums := bucket.Checksums{bucket.CRC32C: spell(attrs.CRC32C)}
	if len(attrs.MD5) > 0 {
		sums[bucket.MD5] = base64.StdEncoding.EncodeToString(attrs.MD5)
	}
	return bucket.Object{
		Key:         attrs.Name,
		Size:        attrs.Size,
		ModTime:     attrs.Updated,
		ETag:        strconv.FormatInt(attrs.Generation, 10),
		ContentType: attrs.ContentType,
		Checksums:   sums,
	}
}

// Open streams the object at key, as it is stored.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := s.object(ctx, key)
	if err != nil {
		return nil, err
	}
	r, err := object.ReadCompressed(true).NewReader(once(ctx))
	if err != nil {
		return nil, classify(ctx, err)
	}
	return &stream{ctx: ctx, ReadCloser: r}, nil
}

// A stream classifies what goes wrong in the middle of an object.
type stream struct {
	io.ReadCloser
	ctx context.Context // of the one Open call that this value lives in
}

// Read passes on bytes, and errors by kind.
func (r *stream) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = classify(r.ctx, err)
	}
	return n, err
}

// List yields the objects whose key starts with prefix, with their checksums.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		b, err := s.bucket(ctx)
		if err != nil {
			yield(bucket.Object{}, err)
			return
		}
		objects := b.Objects(ctx, query(prefix, "Name", "Size", "Updated", "Generation", "CRC32C", "MD5"))
		for {
			attrs, err := objects.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			if err != nil {
				yield(bucket.Object{}, listing(classify(ctx, err)))
				return
			}
			if !yield(described(attrs), nil) {
				return
			}
		}
	}
}

// query asks for some attributes of the objects below prefix.
func query(prefix string, attrs ...string) *storage.Query {
	q := &storage.Query{Prefix: prefix, Projection: storage.ProjectionNoACL}
	_ = q.SetAttrSelection(attrs) // fails for names that do not exist
	return q
}

// listing never lets "cannot see" pass for "nothing there".
func listing(err error) error {
	if status(err) == http.StatusNotFound {
		return wire.Recast(err, bucket.ErrNoBucket, err.Error())
	}
	return err
}

// Delete removes the object at key.
func (s *Store) Delete(ctx context.Context, key string) error {
	object, err := s.object(ctx, key)
	if err != nil {
		return err
	}
	if err := classify(ctx, object.Delete(ctx)); !errors.Is(err, bucket.ErrNotFound) {
		return err
	}
	return nil
}
