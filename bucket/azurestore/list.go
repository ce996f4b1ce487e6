package azurestore

import (
	"context"
	"iter"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/medialift/medialift/bucket"
)

// List yields the objects whose key starts with prefix, with their MD5s. The
// directories of an account with a hierarchical namespace are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		opts := container.ListBlobsFlatOptions{Prefix: &prefix, Include: container.ListBlobsInclude{Metadata: true}}
		for {
			page, err := s.page(ctx, opts)
			if err != nil {
				yield(bucket.Object{}, err)
				return
			}
			for _, item := range page.Segment.BlobItems {
				if value(item.Metadata["hdi_isfolder"]) != "true" && !yield(listed(item), nil) {
					return
				}
			}
			if value(page.NextMarker) == "" {
				return
			}
			opts.Marker = page.NextMarker
		}
	}
}

// page returns a page of a list. An answer that is no such page is an error: it
// must not pass for an empty one.
func (s *Store) page(ctx context.Context, opts container.ListBlobsFlatOptions) (container.ListBlobsFlatResponse, error) {
	request, said := heard(ctx)
	page, err := s.client.NewListBlobsFlatPager(&opts).NextPage(request)
	if err != nil {
		return page, s.narrow(listing(classify(ctx, err)))
	}
	again := value(opts.Marker) != "" && value(page.NextMarker) == value(opts.Marker)
	if again || page.Segment == nil || !said.is("EnumerationResults") {
		return page, strange("a list of objects")
	}
	for _, item := range page.Segment.BlobItems {
		if item == nil || item.Name == nil || item.Properties == nil || !strings.HasPrefix(*item.Name, value(opts.Prefix)) {
			return page, strange("a list of objects")
		}
	}
	return page, nil
}

// listed describes an object of a page.
func listed(item *container.BlobItem) bucket.Object {
	p := item.Properties
	return bucket.Object{
		Key:       *item.Name,
		Size:      value(p.ContentLength),
		ModTime:   value(p.LastModified),
		ETag:      unquote(p.ETag),
		Checksums: sums(p.ContentMD5),
	}
}
