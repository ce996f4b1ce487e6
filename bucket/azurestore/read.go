package azurestore

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/medialift/medialift/bucket"
)

// Stat describes the object at key, with the MD5 that whoever sent it left
// there.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	out, err := s.client.NewBlobClient(key).GetProperties(ctx, nil)
	if err != nil {
		return bucket.Object{}, classify(ctx, err)
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
	out, err := s.client.NewBlobClient(key).DownloadStream(ctx, nil)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return &stream{ctx: ctx, ReadCloser: out.Body}, nil
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

// List yields the objects whose key starts with prefix, with their MD5s. The
// directories of an account with a hierarchical namespace are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		pages := s.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{
			Prefix: &prefix, Include: container.ListBlobsInclude{Metadata: true},
		})
		for pages.More() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(bucket.Object{}, listing(classify(ctx, err)))
				return
			}
			if page.Segment == nil {
				continue
			}
			for _, item := range page.Segment.BlobItems {
				if obj, ok := listed(item); ok && !yield(obj, nil) {
					return
				}
			}
		}
	}
}

// listed tells whether item is an object, and describes it.
func listed(item *container.BlobItem) (bucket.Object, bool) {
	p := item.Properties
	if item.Name == nil || p == nil || value(item.Metadata["hdi_isfolder"]) == "true" {
		return bucket.Object{}, false
	}
	return bucket.Object{
		Key:       *item.Name,
		Size:      value(p.ContentLength),
		ModTime:   value(p.LastModified),
		ETag:      unquote(p.ETag),
		Checksums: sums(p.ContentMD5),
	}, true
}

func sums(md5 []byte) bucket.Checksums {
	if len(md5) != 16 {
		return nil
	}
	return bucket.Checksums{bucket.MD5: base64.StdEncoding.EncodeToString(md5)}
}

// Delete removes the object at key. It does not remove one with snapshots.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.client.NewBlobClient(key).Delete(ctx, nil)
	if err := classify(ctx, err); !errors.Is(err, bucket.ErrNotFound) {
		return err
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
