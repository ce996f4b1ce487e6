package s3store

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
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
		if usable(a, v) == "" {
			delete(all, a)
		}
	}
	return all
}

// usable is a checksum, or nothing where it is not one of that algorithm: some
// endpoints give a CRC32 of 4 bytes the name of a CRC64NVME.
func usable(a bucket.Algorithm, sum string) string {
	raw, err := base64.StdEncoding.DecodeString(sum)
	if h := bucket.NewHash(a); err != nil || h == nil || len(raw) != h.Size() {
		return ""
	}
	return sum
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

// Delete removes the object at key.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.name, Key: &key}, s.with)
	if err := s.classify(ctx, err); !errors.Is(err, bucket.ErrNotFound) {
		return err
	}
	return nil
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
