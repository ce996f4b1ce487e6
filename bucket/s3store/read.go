package s3store

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/medialift/medialift/bucket"
)

// Stat describes the object at key, with the checksums of the whole object that
// S3 keeps. A bucket that is not there looks like an object that is not: the
// answer to HEAD does not tell them apart.
func (s *Store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &s.name, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
	}, s.with)
	if err != nil {
		return bucket.Object{}, s.headless(ctx, err)
	}
	return bucket.Object{
		Key:         key,
		Size:        aws.ToInt64(out.ContentLength),
		ModTime:     aws.ToTime(out.LastModified),
		ETag:        unquote(out.ETag),
		Opaque:      out.SSECustomerAlgorithm != nil || strings.HasPrefix(string(out.ServerSideEncryption), "aws:kms"),
		ContentType: aws.ToString(out.ContentType),
		Checksums: whole(out.ChecksumType, bucket.Checksums{
			bucket.CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
			bucket.SHA256:    aws.ToString(out.ChecksumSHA256),
			bucket.CRC32C:    aws.ToString(out.ChecksumCRC32C),
			bucket.CRC32:     aws.ToString(out.ChecksumCRC32),
		}),
	}, nil
}

// whole keeps the checksums that are of the whole object: one made of those of
// its parts says so, or ends in their number.
func whole(kind types.ChecksumType, all bucket.Checksums) bucket.Checksums {
	if kind == types.ChecksumTypeComposite {
		return nil
	}
	for a, v := range all {
		if v == "" || strings.Contains(v, "-") {
			delete(all, a)
		}
	}
	return all
}

// Open streams the object at key.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.name, Key: &key}, s.with)
	if err != nil {
		return nil, s.classify(ctx, err)
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

// List yields the objects whose key starts with prefix.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
			Bucket: &s.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx, s.with)
			if err != nil {
				yield(bucket.Object{}, listing(s.classify(ctx, err)))
				return
			}
			for _, o := range page.Contents {
				obj, err := listed(o, page.EncodingType)
				if !yield(obj, err) || err != nil {
					return
				}
			}
		}
	}
}

// listing never lets "cannot see" pass for "nothing there".
func listing(err error) error {
	if errors.Is(err, bucket.ErrNotFound) {
		return &failure{kind: bucket.ErrNoBucket, text: err.Error(), err: errors.Unwrap(err)}
	}
	return err
}

// listed decodes a key: XML cannot carry all that a key can hold.
func listed(o types.Object, encoding types.EncodingType) (bucket.Object, error) {
	key := aws.ToString(o.Key)
	if encoding == types.EncodingTypeUrl {
		decoded, err := url.QueryUnescape(key)
		if err != nil {
			return bucket.Object{}, &failure{text: "the endpoint lists a key that cannot be decoded", err: err}
		}
		key = decoded
	}
	return bucket.Object{
		Key:     key,
		Size:    aws.ToInt64(o.Size),
		ModTime: aws.ToTime(o.LastModified),
		ETag:    unquote(o.ETag),
	}, nil
}

// Delete removes the object at key.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.name, Key: &key}, s.with)
	if err := s.classify(ctx, err); !errors.Is(err, bucket.ErrNotFound) {
		return err
	}
	return nil
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
