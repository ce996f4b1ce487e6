package azurestore

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/medialift/medialift/bucket"
)

// Stat describes the object at key, with the MD5 that whoever sent it left
// there.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	request, said := heard(ctx)
	out, err := s.client.NewBlobClient(key).GetProperties(request, nil)
	if err != nil {
		return bucket.Object{}, s.narrow(classify(ctx, err))
	}
	if unquote(out.ETag) == "" || out.ContentLength == nil || !azure(said.header()) {
		return bucket.Object{}, strange("a description of %q", key)
	}
	return bucket.Object{
		Key:         key,
		Size:        value(out.ContentLength),
		ModTime:     value(out.LastModified),
		ETag:        unquote(out.ETag),
		ContentType: value(out.ContentType),
		Checksums:   sums(out.ContentMD5),
	}, nil
}

// Open streams the object at key.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	request, said := heard(ctx)
	out, err := s.client.NewBlobClient(key).DownloadStream(request, nil)
	if err != nil {
		return nil, classify(ctx, err)
	}
	if out.Body == nil { // of a 304, which nobody asked for and the SDK lets pass
		return nil, strange("the bytes of %q", key)
	}
	r := &stream{ctx: ctx, ReadCloser: out.Body}
	if !azure(said.header()) {
		r.strange = strange("the bytes of %q", key)
	}
	return r, nil
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

func sums(md5 []byte) bucket.Checksums {
	if len(md5) != 16 {
		return nil
	}
	return bucket.Checksums{bucket.MD5: base64.StdEncoding.EncodeToString(md5)}
}

// Delete removes the object at key. It does not remove one with snapshots.
func (s *Store) Delete(ctx context.Context, key string) error {
	request, said := heard(ctx)
	_, err := s.client.NewBlobClient(key).Delete(request, nil)
	switch err := classify(ctx, err); {
	case errors.Is(err, bucket.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !azure(said.header()):
		return strange("word that %q was deleted", key)
	}
	return nil
}

func value[T int64 | string | time.Time](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
