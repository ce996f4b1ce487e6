package s3store

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/medialift/medialift/bucket"
)

// Put sends src in one request, with its CRC64NVME. While it is not known that
// the endpoint honours conditions, it looks for the object first.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if _, err := s.Naming().URL(key); err != nil {
		return bucket.Object{}, err
	}
	if src.Size > MaxSize {
		return bucket.Object{}, fmt.Errorf("%d bytes are more than one request can carry (%d)", src.Size, int64(MaxSize))
	}
	if err := ctx.Err(); err != nil {
		return bucket.Object{}, err
	}
	p, err := s.quirks.buffers.read(ctx, src)
	if err != nil {
		return bucket.Object{}, err
	}
	defer s.quirks.buffers.release(p)
	sent, err := s.put(ctx, key, p, cond)
	if errors.Is(err, bucket.ErrChecksum) {
		return bucket.Object{}, errors.Join(src.Changed(), err)
	}
	if err != nil {
		return bucket.Object{}, err
	}
	if !p.inMemory() { // else what was sent is what was read before
		if err := src.Changed(); err != nil {
			return bucket.Object{}, s.withdraw(ctx, key, sent, err)
		}
	}
	return s.confirm(ctx, key, p, sent)
}

// sent is what came of a request that was accepted.
type sent struct {
	shot
	etag string
	// crc is the CRC64NVME that the answer holds, if any.
	crc string
	// crc32 is the CRC32 that it holds, if any.
	crc32 string
	// encrypted tells that the ETag cannot be an MD5.
	encrypted bool
	// seen tells that the object was looked at, and has the right bytes.
	seen bool
}

func (s *Store) put(ctx context.Context, key string, p *payload, cond bucket.Condition) (sent, error) {
	switch {
	case cond.Overwrite:
		return s.send(ctx, key, p, shot{})
	case cond.Replaces.ETag != "":
		return s.replace(ctx, key, p, cond.Replaces.ETag)
	}
	return s.create(ctx, key, p)
}

// create sends an object that must not be there yet.
func (s *Store) create(ctx context.Context, key string, p *payload) (sent, error) {
	if s.quirks.get().absent == yes {
		return s.send(ctx, key, p, shot{absent: true})
	}
	want := shot{absent: true}
	if err := s.free(ctx, key); errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity) {
		// Amazon says that of what is not there to those who may not list. Its
		// own conditions are enough; others have to prove theirs first.
		if !s.amazon || s.quirks.get().absent == no {
			return sent{}, unseen("the endpoint is not known to honour conditions", err)
		}
		want.blind = true
	} else if err != nil {
		return sent{}, err
	}
	switch {
	case s.quirks.get().absent == no:
		return s.send(ctx, key, p, shot{})
	case !p.inMemory(): // too large to be sent twice, or to hold the gate for
		return s.send(ctx, key, p, want)
	}
	select {
	case s.quirks.gate <- struct{}{}:
	case <-ctx.Done():
		return sent{}, ctx.Err()
	}
	if s.quirks.get().absent != unknown { // somebody else has found out meanwhile
		<-s.quirks.gate
		return s.create(ctx, key, p)
	}
	defer func() { <-s.quirks.gate }()
	return s.createAndLearn(ctx, key, p, want)
}

// createAndLearn creates an object and then tries to create it once more: an
// endpoint that lets that happen ignores the condition. The same bytes are
// sent, so that nothing is lost if it does.
func (s *Store) createAndLearn(ctx context.Context, key string, p *payload, want shot) (sent, error) {
	first, err := s.send(ctx, key, p, want)
	if errors.Is(err, bucket.ErrExists) {
		s.quirks.learn(func(k *known) { k.absent = yes })
	}
	if err != nil || s.quirks.get().absent != unknown {
		return first, err
	}
	again, err := s.once(ctx, key, p, first.shot)
	switch {
	case err == nil:
		s.quirks.learn(func(k *known) { k.absent = no })
		return again, nil
	case errors.Is(err, bucket.ErrExists):
		s.quirks.learn(func(k *known) { k.absent = yes })
	}
	return first, nil // anything else says nothing: the next Put asks again
}

// free fails with ErrExists if there is an object at key.
func (s *Store) free(ctx context.Context, key string) error {
	_, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: %q", bucket.ErrExists, key)
}

// replace sends an object in place of the version with the given ETag, or of
// none.
func (s *Store) replace(ctx context.Context, key string, p *payload, etag string) (sent, error) {
	now, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return s.create(ctx, key, p)
	case err != nil:
		return sent{}, err
	case now.ETag != etag:
		return sent{}, fmt.Errorf("%w: %q has changed", bucket.ErrExists, key)
	}
	if k := s.quirks.get(); k.match == no || k.absent == no {
		return s.send(ctx, key, p, shot{})
	}
	out, err := s.send(ctx, key, p, shot{match: etag})
	if errors.Is(err, bucket.ErrNotFound) {
		text := fmt.Sprintf("%v: %q was removed meanwhile", bucket.ErrTemporary, key)
		return sent{}, &failure{kind: bucket.ErrTemporary, text: text, err: err}
	}
	return out, err
}

// send makes the request. Where the endpoint refuses it in a way that may be
// for a header it does not know, it is made again without. The caller has made
// sure that this overwrites nothing.
func (s *Store) send(ctx context.Context, key string, p *payload, want shot) (sent, error) {
	k := s.quirks.get()
	want.checksum = k.checksum != no || k.crc32 != no
	want.crc32 = k.checksum == no && want.checksum
	out, err := s.once(ctx, key, p, want)
	if s.unsummed(k, err) {
		out, err = s.once(ctx, key, p, want)
	}
	if !refused(err) {
		s.took(want, err)
		return out, err
	}
	for _, other := range lesser(want, k) {
		out, second := s.once(ctx, key, p, other)
		if refused(second) {
			continue
		}
		if second == nil || errors.Is(second, bucket.ErrExists) {
			s.refuses(want, other)
		}
		s.took(other, second)
		return out, second
	}
	return sent{}, err
}

// once makes one request, and looks for the object where the answer has no ETag.
func (s *Store) once(ctx context.Context, key string, p *payload, how shot) (sent, error) {
	out, err := s.dispatch(ctx, key, p, how)
	if err == nil && out.etag == "" {
		return s.lookUp(ctx, key, p, out)
	}
	return out, err
}

// dispatch makes one request, and again without an Expect where that is refused.
func (s *Store) dispatch(ctx context.Context, key string, p *payload, how shot) (sent, error) {
	k := s.quirks.get()
	out, err := s.request(ctx, key, p, how)
	if s.unexpected(k, err) {
		return s.request(ctx, key, p, how)
	}
	return out, err
}

// request makes one request, on the hot path if it can.
func (s *Store) request(ctx context.Context, key string, p *payload, how shot) (sent, error) {
	if s.quirks.get().wantsMD5 {
		if err := p.sumMD5(ctx); err != nil {
			return sent{}, err
		}
	}
	if how.crc32 {
		if err := p.sum32(ctx); err != nil {
			return sent{}, err
		}
	}
	if p.inMemory() {
		if t := s.hotTarget(ctx); t != nil {
			return s.fly(ctx, t, key, p, how)
		}
	}
	return s.putObject(ctx, key, p, how)
}

// putObject makes one request as the SDK does it.
func (s *Store) putObject(ctx context.Context, key string, p *payload, how shot) (sent, error) {
	in := &s3.PutObjectInput{Bucket: &s.name, Key: &key, ContentLength: &p.src.Size}
	if p.src.ContentType != "" {
		in.ContentType = &p.src.ContentType
	}
	in.StorageClass, in.ACL = types.StorageClass(s.as.StorageClass), types.ObjectCannedACL(s.as.ACL)
	in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryption(s.as.Encryption), optional(s.as.KMSKey)
	if how.absent {
		in.IfNoneMatch = aws.String("*")
	}
	if how.match != "" {
		in.IfMatch = aws.String(`"` + how.match + `"`)
	}
	in.ContentMD5 = optional(p.md5Sum)
	options := []func(*s3.Options){s.with}
	switch {
	case how.crc32:
		in.ChecksumCRC32 = &p.crc32
	case how.checksum:
		in.ChecksumCRC64NVME = &p.crc
	default:
		options = append(options, signed)
	}
	b := p.body()
	defer b.TakeBack()
	in.Body = b
	out, err := s.client.PutObject(ctx, in, options...)
	if err != nil {
		return sent{}, s.classify(ctx, err)
	}
	return sent{
		shot:      how,
		etag:      unquote(out.ETag),
		crc:       usable(bucket.CRC64NVME, aws.ToString(out.ChecksumCRC64NVME)),
		crc32:     usable(bucket.CRC32, aws.ToString(out.ChecksumCRC32)),
		encrypted: out.SSECustomerAlgorithm != nil || out.SSEKMSKeyId != nil,
	}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// withdraw removes an object whose file changed while it was sent, if it is
// certain that this Put has made it.
func (s *Store) withdraw(ctx context.Context, key string, was sent, cause error) error {
	ctx = context.WithoutCancel(ctx)
	now, err := s.Stat(ctx, key)
	if err == nil && was.absent && now.ETag == was.etag && s.quirks.get().absent != no {
		if err = s.Delete(ctx, key); err == nil {
			return fmt.Errorf("%w; the object sent was deleted again", cause)
		}
	}
	return fmt.Errorf("%w; the object at %q now holds a mixture of its old and new bytes", cause, key)
}
