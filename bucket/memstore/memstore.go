// Package memstore is a [bucket.Store] in memory: the double that tests of
// other packages send to, and what the scheme "mem" stands for.
package memstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"

	"github.com/medialift/medialift/bucket"
)

// A Store keeps objects in memory. It honours every condition.
type Store struct {
	blobs *blob.Bucket
	// writing makes a condition and the write it guards one step.
	writing sync.Mutex
}

// New returns an empty store.
func New() *Store { return &Store{blobs: memblob.OpenBucket(nil)} }

// Naming is how this store spells and limits keys.
func (s *Store) Naming() bucket.Naming {
	return bucket.Naming{Base: "mem://", MaxKey: 1024}
}

// Check finds nothing to complain of.
func (s *Store) Check(ctx context.Context) error { return ctx.Err() }

// Notes is empty.
func (s *Store) Notes() []string { return nil }

// Put copies src under key. Confirmed is always set.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if _, err := s.Naming().URL(key); err != nil {
		return bucket.Object{}, err
	}
	data := make([]byte, src.Size)
	if err := src.ReadAll(ctx, data); err != nil {
		return bucket.Object{}, err
	}
	if err := src.Changed(); err != nil {
		return bucket.Object{}, err
	}
	if err := ctx.Err(); err != nil {
		return bucket.Object{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.meets(ctx, key, cond); err != nil {
		return bucket.Object{}, err
	}
	contentType := src.ContentType
	if contentType == "" {
		contentType = "application/octet-stream" // else it would be guessed
	}
	err := s.blobs.WriteAll(ctx, key, data, &blob.WriterOptions{ContentType: contentType})
	if err != nil {
		return bucket.Object{}, classify(ctx, err)
	}
	obj, err := s.Stat(ctx, key)
	obj.Confirmed = err == nil
	return obj, err
}

func (s *Store) meets(ctx context.Context, key string, cond bucket.Condition) error {
	now, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound) || err == nil && cond.Overwrite:
		return nil
	case err != nil:
		return err
	case cond.Replaces.ETag != now.ETag:
		return fmt.Errorf("%w: %q", bucket.ErrExists, key)
	}
	return nil
}

// Stat describes the object at key. Its MD5 is known.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	a, err := s.blobs.Attributes(ctx, key)
	if err := classify(ctx, err); err != nil {
		return bucket.Object{}, err
	}
	return bucket.Object{
		Key:         key,
		Size:        a.Size,
		ModTime:     a.ModTime,
		ETag:        strings.Trim(a.ETag, `"`),
		ContentType: a.ContentType,
		Checksums:   checksums(a.MD5),
	}, nil
}

// Open streams the object at key.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := s.blobs.NewReader(ctx, key, nil)
	if err := classify(ctx, err); err != nil {
		return nil, err
	}
	return r, nil
}

// List yields the objects whose key starts with prefix, without their ETag.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for pages := s.blobs.List(&blob.ListOptions{Prefix: prefix}); ; {
			o, err := pages.Next(ctx)
			if errors.Is(err, io.EOF) && ctx.Err() == nil {
				return
			}
			if err := classify(ctx, err); err != nil {
				yield(bucket.Object{}, err)
				return
			}
			obj := bucket.Object{Key: o.Key, Size: o.Size, ModTime: o.ModTime, Checksums: checksums(o.MD5)}
			if !yield(obj, nil) {
				return
			}
		}
	}
}

// Delete removes the object at key.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := classify(ctx, s.blobs.Delete(ctx, key))
	if errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	return err
}

func checksums(md5 []byte) bucket.Checksums {
	if len(md5) == 0 {
		return nil
	}
	return bucket.Checksums{bucket.MD5: base64.StdEncoding.EncodeToString(md5)}
}

func classify(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return ctx.Err() // memory is too fast for the library to look
	case ctx.Err() != nil:
		return ctx.Err()
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%w: %w", bucket.ErrNotFound, err)
	}
	return err
}
