package gcsstore

import (
	"context"
	"errors"
	"io"

	"github.com/medialift/medialift/bucket"
)

// Stat describes the object at key, with its CRC32C, and its MD5 unless it was
// composed of others.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	c, err := s.connection(ctx)
	if err != nil {
		return bucket.Object{}, err
	}
	o, err := c.raw.Objects.Get(s.name, key).Projection("noAcl").Context(ctx).Do()
	if err != nil {
		return bucket.Object{}, classify(ctx, err)
	}
	if o == nil || o.Name != key { // nil is what null is read as
		return bucket.Object{}, strange("a description of %q", key)
	}
	return described(o)
}

// Open streams the object at key, as it is stored.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := s.object(ctx, key)
	if err != nil {
		return nil, err
	}
	once, seen := watched(ctx, 1)
	r, err := object.ReadCompressed(true).NewReader(once)
	if err != nil {
		return nil, s.absence(ctx, key, seen, classify(ctx, err))
	}
	st := &stream{ctx: ctx, ReadCloser: r}
	if h := seen.header(); h.Get("X-Goog-Generation") == "" && h.Get("X-Goog-Hash") == "" {
		st.strange = strange("the bytes of %q", key)
	}
	return st, nil
}

// A stream classifies what goes wrong in the middle of an object.
type stream struct {
	io.ReadCloser
	ctx     context.Context // of the one Open call that this value lives in
	strange error           // why the bytes are not the object's
}

// Read passes on bytes, and errors by kind.
func (r *stream) Read(b []byte) (int, error) {
	if r.strange != nil {
		return 0, r.strange
	}
	n, err := r.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = classify(r.ctx, err)
	}
	return n, err
}

// Delete removes the object at key.
func (s *Store) Delete(ctx context.Context, key string) error {
	c, err := s.connection(ctx)
	if err != nil {
		return err
	}
	ctx, seen := watched(ctx, 0)
	err = classify(ctx, c.raw.Objects.Delete(s.name, key).Context(ctx).Do())
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return nil
	case err != nil:
		return err
	case seen.page():
		return strange("word that %q was deleted", key)
	}
	return nil
}
