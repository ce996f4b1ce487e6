package s3store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Multipart = (*Store)(nil)

// Start begins a multipart upload. Where the endpoint takes it, the whole
// object is to have a CRC64NVME.
func (s *Store) Start(ctx context.Context, key string, src bucket.Source) (string, error) {
	if _, err := s.Naming().URL(key); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	in := &s3.CreateMultipartUploadInput{Bucket: &s.name, Key: &key}
	if src.ContentType != "" {
		in.ContentType = &src.ContentType
	}
	in.StorageClass, in.ACL = types.StorageClass(s.as.StorageClass), types.ObjectCannedACL(s.as.ACL)
	in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryption(s.as.Encryption), optional(s.as.KMSKey)
	checksum := s.parts.takesChecksums()
	if checksum {
		in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithmCrc64nvme, types.ChecksumTypeFullObject
	}
	out, err := s.client.CreateMultipartUpload(ctx, in, s.with)
	if err := s.classify(ctx, err); checksum && refused(err) {
		in.ChecksumAlgorithm, in.ChecksumType = "", ""
		var second error
		if out, second = s.client.CreateMultipartUpload(ctx, in, s.with); second != nil {
			return "", err
		}
		s.parts.refuses()
	} else if err != nil {
		return "", err
	}
	if aws.ToString(out.UploadId) == "" {
		return "", &failure{text: "the endpoint gives no upload ID", err: errors.New("no UploadId")}
	}
	return *out.UploadId, nil
}

// PutPart sends one part. Its CRC64NVME goes with it and must come back;
// where the endpoint does not do that, the part's ETag must be its MD5.
func (s *Store) PutPart(ctx context.Context, key, upload string, n int, part bucket.Source) (bucket.Part, error) {
	checksum := s.parts.takesChecksums()
	wanted := []bucket.Algorithm{bucket.CRC64NVME}
	if !checksum || s.parts.silent() || s.quirks.get().wantsMD5 {
		wanted = append(wanted, bucket.MD5)
	}
	sums, err := s.parts.sum(ctx, part, wanted...)
	if err != nil {
		return bucket.Part{}, err
	}
	p := bucket.Part{N: n, Size: part.Size, Checksums: sums}
	k := s.quirks.get()
	out, err := s.sendPart(ctx, key, upload, p, part, checksum)
	if s.unexpected(k, err) {
		out, err = s.sendPart(ctx, key, upload, p, part, checksum)
	}
	if s.unsummed(k, err) {
		if sums, err = s.parts.sum(ctx, part, bucket.MD5); err != nil {
			return bucket.Part{}, err
		}
		p.Checksums[bucket.MD5] = sums[bucket.MD5]
		out, err = s.sendPart(ctx, key, upload, p, part, checksum)
	}
	if checksum && refused(err) {
		var second error
		if out, second = s.sendPart(ctx, key, upload, p, part, false); second != nil {
			return bucket.Part{}, err
		}
		s.parts.refuses()
	} else if err != nil {
		if errors.Is(err, bucket.ErrChecksum) {
			err = errors.Join(part.Changed(), err)
		}
		return bucket.Part{}, err
	}
	// The bytes that were hashed and those that were sent were read apart.
	if err := part.Changed(); err != nil {
		return bucket.Part{}, err
	}
	if p.ETag = unquote(out.ETag); p.ETag == "" {
		return s.lookUpPart(ctx, key, upload, p, part)
	}
	return s.confirmPart(ctx, p, part, out)
}

func (s *Store) sendPart(ctx context.Context, key, upload string, p bucket.Part, part bucket.Source, checksum bool) (*s3.UploadPartOutput, error) {
	in := &s3.UploadPartInput{
		Bucket: &s.name, Key: &key, UploadId: &upload, PartNumber: aws.Int32(int32(p.N)), ContentLength: &p.Size, //nolint:gosec // at most MaxParts
	}
	options := []func(*s3.Options){s.with}
	if checksum {
		in.ChecksumCRC64NVME = aws.String(p.Checksums[bucket.CRC64NVME])
	} else {
		options = append(options, signed)
	}
	if s.quirks.get().wantsMD5 {
		in.ContentMD5 = optional(p.Checksums[bucket.MD5])
	}
	body := wire.NewFileBody(part, nil)
	defer body.TakeBack()
	in.Body = body
	out, err := s.client.UploadPart(ctx, in, options...)
	return out, s.uploading(ctx, err)
}

// confirmPart compares what the endpoint says of a part with what was sent.
func (s *Store) confirmPart(ctx context.Context, p bucket.Part, part bucket.Source, out *s3.UploadPartOutput) (bucket.Part, error) {
	if crc := usable(bucket.CRC64NVME, aws.ToString(out.ChecksumCRC64NVME)); crc != "" {
		if crc != p.Checksums[bucket.CRC64NVME] {
			return bucket.Part{}, partMismatch(p.N, bucket.CRC64NVME, crc, p.Checksums[bucket.CRC64NVME])
		}
		return p, nil
	}
	s.parts.saysNothing()
	if p.Checksums[bucket.MD5] == "" {
		sums, err := s.parts.sum(ctx, part, bucket.MD5)
		if err != nil {
			return bucket.Part{}, err
		}
		p.Checksums[bucket.MD5] = sums[bucket.MD5]
	}
	encrypted := out.SSECustomerAlgorithm != nil || out.SSEKMSKeyId != nil
	switch want := hexMD5(p.Checksums[bucket.MD5]); {
	case strings.EqualFold(p.ETag, want):
		s.parts.learnMD5()
	case s.parts.md5ETags() && !encrypted && len(p.ETag) == len(want):
		return bucket.Part{}, partMismatch(p.N, bucket.MD5, p.ETag, want)
	}
	return p, nil
}

func partMismatch(n int, algorithm bucket.Algorithm, got, want string) error {
	text := fmt.Sprintf("%v: the endpoint has %s %s for part %d, sent was %s", bucket.ErrChecksum, algorithm, got, n, want)
	return &failure{kind: bucket.ErrChecksum, text: text, err: errors.New("other bytes")}
}

// Parts lists the parts of an unfinished upload.
func (s *Store) Parts(ctx context.Context, key, upload string) ([]bucket.Part, error) {
	var parts []bucket.Part
	pages := s3.NewListPartsPaginator(s.client, &s3.ListPartsInput{
		Bucket: &s.name, Key: &key, UploadId: &upload, MaxParts: aws.Int32(1000),
	}, func(o *s3.ListPartsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, s.with)
		if err != nil {
			return nil, s.uploading(ctx, err)
		}
		if id := aws.ToString(page.UploadId); id != "" && id != upload {
			return nil, &failure{kind: bucket.ErrAnswer, text: fmt.Sprintf("%v (it lists the parts of another upload)", bucket.ErrAnswer), err: errors.New("another upload")}
		}
		for _, p := range page.Parts {
			part := bucket.Part{N: int(aws.ToInt32(p.PartNumber)), Size: aws.ToInt64(p.Size), ETag: unquote(p.ETag)}
			if crc := usable(bucket.CRC64NVME, aws.ToString(p.ChecksumCRC64NVME)); crc != "" {
				part.Checksums = bucket.Checksums{bucket.CRC64NVME: crc}
			}
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, func(a, b bucket.Part) int { return a.N - b.N })
	return parts, nil
}

// Abort drops an unfinished upload.
func (s *Store) Abort(ctx context.Context, key, upload string) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &s.name, Key: &key, UploadId: &upload,
	}, s.with)
	return s.uploading(ctx, err)
}

// uploading classifies an error about an unfinished upload. What is missing
// then is the upload, whatever code the endpoint gives.
func (s *Store) uploading(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	api, said := errors.AsType[smithy.APIError](err)
	short := s.classify(ctx, err)
	gone := said && slices.Contains([]string{"NoSuchUpload", "InvalidPart"}, api.ErrorCode())
	if errors.Is(short, bucket.ErrNotFound) || ctx.Err() == nil && gone {
		return &failure{kind: bucket.ErrNoUpload, text: fmt.Sprintf("%v: %v", bucket.ErrNoUpload, short), err: err}
	}
	return short
}
