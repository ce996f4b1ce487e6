package s3store

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/medialift/medialift/bucket"
)

// Finish completes a multipart upload. The CRC64NVME of the whole object, made
// of those of its parts, goes along, and what the endpoint says is compared.
func (s *Store) Finish(ctx context.Context, key, upload string, src bucket.Source, parts []bucket.Part, cond bucket.Condition) (bucket.Object, error) {
	if err := bucket.Complete(src.Size, parts); err != nil {
		return bucket.Object{}, &failure{text: "the upload is not complete: " + err.Error(), err: err}
	}
	crc, err := bucket.WholeCRC64NVME(parts)
	if err != nil {
		return bucket.Object{}, err
	}
	if err := src.Changed(); err != nil {
		return bucket.Object{}, err
	}
	end := ending{key: key, upload: upload, parts: parts, crc: crc, checksum: s.parts.takesChecksums()}
	if err := s.look(ctx, &end, cond); err != nil {
		return bucket.Object{}, err
	}
	out, err := s.end(ctx, end)
	if err != nil {
		return bucket.Object{}, err
	}
	obj := bucket.Object{
		Key: key, Size: src.Size, ModTime: time.Now(), ETag: unquote(out.ETag), ContentType: src.ContentType,
		Checksums: bucket.Checksums{bucket.CRC64NVME: crc},
	}
	if err := s.confirmWhole(ctx, &obj, src, parts, out); err != nil {
		return bucket.Object{}, err
	}
	if !obj.Confirmed {
		s.parts.countUnconfirmed()
	}
	return obj, nil
}

// An ending is how an upload is completed.
type ending struct {
	key, upload, crc string
	parts            []bucket.Part
	checksum         bool
	// absent and match are the conditions If-None-Match: * and If-Match.
	absent bool
	match  string
	// blind: nobody could look for the object, so the condition must stay.
	blind bool
}

func (e ending) conditional() bool { return e.absent || e.match != "" }

// lesser lists the endings that leave out what the endpoint may not know.
func (e ending) lesser() []ending {
	var others []ending
	if e.checksum {
		bare := e
		bare.checksum = false
		others = append(others, bare)
	}
	if e.conditional() && !e.blind {
		free := e
		free.absent, free.match = false, ""
		others = append(others, free)
		if free.checksum {
			free.checksum = false
			others = append(others, free)
		}
	}
	return others
}

// look makes sure that cond is met now, and has the endpoint do so again: it is
// not known whether it honours conditions, and looking costs little here.
func (s *Store) look(ctx context.Context, end *ending, cond bucket.Condition) error {
	if cond.Overwrite {
		return nil
	}
	takes := s.parts.takesConditions()
	now, err := s.Stat(ctx, end.key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		end.absent = takes
	case errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity) && cond.Replaces.ETag == "" && takes:
		if err := s.proveParts(ctx); err != nil {
			return err
		}
		end.absent, end.blind = true, true
	case err != nil:
		return err
	case cond.Replaces.ETag == "" || now.ETag != cond.Replaces.ETag:
		return fmt.Errorf("%w: %q", bucket.ErrExists, end.key)
	case takes:
		end.match = now.ETag
	}
	return nil
}

// end completes the upload. Where the endpoint refuses that in a way that may
// be for a header it does not know, it is tried again without.
func (s *Store) end(ctx context.Context, want ending) (*s3.CompleteMultipartUploadOutput, error) {
	out, err := s.complete(ctx, want)
	if !refused(err) {
		return out, err
	}
	for _, other := range want.lesser() {
		out, second := s.complete(ctx, other)
		if refused(second) {
			continue
		}
		if second == nil && want.checksum && !other.checksum {
			s.parts.refuses()
		}
		if second == nil && want.conditional() && !other.conditional() {
			s.parts.refusesConditions()
		}
		return out, second
	}
	return nil, err
}

func (s *Store) complete(ctx context.Context, how ending) (*s3.CompleteMultipartUploadOutput, error) {
	list := make([]types.CompletedPart, len(how.parts))
	for i, p := range how.parts {
		list[i] = types.CompletedPart{PartNumber: aws.Int32(int32(p.N)), ETag: aws.String(`"` + p.ETag + `"`)} //nolint:gosec // at most MaxParts
		if how.checksum {
			list[i].ChecksumCRC64NVME = aws.String(p.Checksums[bucket.CRC64NVME])
		}
	}
	in := &s3.CompleteMultipartUploadInput{
		Bucket: &s.name, Key: &how.key, UploadId: &how.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: list},
	}
	if how.checksum {
		in.ChecksumCRC64NVME, in.ChecksumType = &how.crc, types.ChecksumTypeFullObject
	}
	if how.absent {
		in.IfNoneMatch = aws.String("*")
	}
	if how.match != "" {
		in.IfMatch = aws.String(`"` + how.match + `"`)
	}
	out, err := s.client.CompleteMultipartUpload(ctx, in, s.with)
	return out, s.uploading(ctx, err)
}

// confirmWhole takes the best word of the endpoint for the object's bytes: its
// checksum in the answer or in a HEAD, or the ETag made of the parts' MD5s. An
// object that is not there has not arrived, whatever the first answer said.
func (s *Store) confirmWhole(ctx context.Context, obj *bucket.Object, src bucket.Source, parts []bucket.Part, out *s3.CompleteMultipartUploadOutput) error {
	want := obj.Checksums[bucket.CRC64NVME]
	crc := whole(out.ChecksumType, bucket.Checksums{bucket.CRC64NVME: aws.ToString(out.ChecksumCRC64NVME)})[bucket.CRC64NVME]
	composite, ok := compositeETag(parts)
	if crc == "" || obj.ETag == "" {
		now, err := s.Stat(ctx, obj.Key)
		denied := errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity)
		switch {
		case denied && obj.ETag != "": // the answer is all that there is to see
		case errors.Is(err, bucket.ErrNotFound), denied:
			return noEvidence(obj.Key, fmt.Sprintf("but there is no object: %v", err))
		case err != nil:
			return err
		case now.Size != obj.Size:
			text := fmt.Sprintf("%v: the endpoint has %d bytes for %q, sent were %d", bucket.ErrChecksum, now.Size, obj.Key, obj.Size)
			return &failure{kind: bucket.ErrChecksum, text: text, err: errors.New("other bytes")}
		default:
			said := obj.ETag
			crc, obj.ETag = now.Checksums[bucket.CRC64NVME], now.ETag
			if said == "" && crc == "" && !(ok && strings.EqualFold(now.ETag, composite)) {
				if _, err := s.witness(ctx, obj.Key, src); err != nil {
					return err
				}
				obj.Confirmed = true
				return nil
			}
		}
	}
	if crc != "" && crc != want {
		return mismatch(obj.Key, "CRC64NVME", crc, want)
	}
	obj.Confirmed = crc != "" || ok && strings.EqualFold(obj.ETag, composite)
	return nil
}

// compositeETag is the usual ETag of an object in parts: the MD5 of their MD5s
// and their number. Where a part's MD5 is not known, its ETag may be it: that of a
// part which a checksum has confirmed.
func compositeETag(parts []bucket.Part) (string, bool) {
	h := md5.New()
	for _, p := range parts {
		sum, err := base64.StdEncoding.DecodeString(p.Checksums[bucket.MD5])
		if p.Checksums[bucket.MD5] == "" {
			sum, err = hex.DecodeString(p.ETag)
		}
		if err != nil || len(sum) != md5.Size {
			return "", false
		}
		h.Write(sum)
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(h.Sum(nil)), len(parts)), true
}
