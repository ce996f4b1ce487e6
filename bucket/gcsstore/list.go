package gcsstore

import (
	"context"
	"errors"
	"iter"
	"strings"

	raw "google.golang.org/api/storage/v1"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// List yields the objects whose key starts with prefix, with their checksums.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for token := ""; ; {
			page, err := s.page(ctx, prefix, token, 0)
			if err != nil {
				yield(bucket.Object{}, err)
				return
			}
			for _, o := range page.Items {
				obj, err := described(o)
				if !yield(obj, err) || err != nil {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			token = page.NextPageToken
		}
	}
}

// page returns a page of the list of what is below prefix, of most objects at the
// most where that is not 0. An answer that is no such page is an error: it must
// not pass for an empty one.
func (s *Store) page(ctx context.Context, prefix, token string, most int64) (*raw.Objects, error) {
	c, err := s.connection(ctx)
	if err != nil {
		return nil, err
	}
	list := c.raw.Objects.List(s.name).Prefix(prefix).Projection("noAcl").Context(ctx).
		Fields("kind", "nextPageToken", "items(name,size,updated,generation,crc32c,md5Hash)")
	if token != "" {
		list.PageToken(token)
	}
	if most > 0 {
		list.MaxResults(most)
	}
	page, err := list.Do()
	if err != nil {
		return nil, listing(classify(ctx, err))
	}
	if page == nil || page.Kind != "storage#objects" || token != "" && page.NextPageToken == token {
		return nil, strange("a list of objects")
	}
	for _, o := range page.Items {
		if o == nil || o.Name == "" || !strings.HasPrefix(o.Name, prefix) {
			return nil, strange("a list of objects")
		}
	}
	return page, nil
}

// listing never lets "cannot see" pass for "nothing there".
func listing(err error) error {
	if errors.Is(err, bucket.ErrNotFound) {
		return wire.Recast(err, bucket.ErrNoBucket, err.Error())
	}
	return err
}
