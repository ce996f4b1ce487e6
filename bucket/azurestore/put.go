package azurestore

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

const (
	// small is the size in bytes up to which a file is sent in one request. A
	// larger one is sent by blocks of that size, or larger if it takes too many.
	small = 8 << 20
	// maxBlocks is how many blocks a blob can have.
	maxBlocks = 50_000
	// maxBlock is the largest block we keep in memory.
	maxBlock = 128 << 20
	// MaxSize is the largest object in bytes.
	MaxSize = maxBlocks * maxBlock
)

// Put sends src with its MD5: a small file in one request, a larger one by
// blocks, which make no object until they are committed. It is read once.
func (s *Store) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if _, err := s.naming.URL(key); err != nil {
		return bucket.Object{}, err
	}
	if src.Size > MaxSize {
		return bucket.Object{}, fmt.Errorf("%d bytes are more than an object can have (%d)", src.Size, int64(MaxSize))
	}
	if err := ctx.Err(); err != nil {
		return bucket.Object{}, err
	}
	if_, err := s.conditions(ctx, key, src, cond)
	if err != nil {
		return bucket.Object{}, err
	}
	p := &upload{s: s, key: key, src: src, cond: if_, to: s.client.NewBlockBlobClient(key)}
	p.block = int(min(src.Size, small))
	if src.Size > small*maxBlocks {
		p.block = int((src.Size + maxBlocks - 1) / maxBlocks)
	}
	buf := s.buffers.Get(p.block)
	defer s.buffers.Put(buf)
	send := p.blocks
	if src.Size <= small {
		send = p.whole
	}
	if err := send(ctx, (*buf)[:p.block]); err != nil {
		return bucket.Object{}, err
	}
	return bucket.Object{
		Key:         key,
		Size:        src.Size,
		ModTime:     p.modTime,
		ETag:        p.etag,
		ContentType: src.ContentType,
		Checksums:   bucket.Checksums{bucket.MD5: base64.StdEncoding.EncodeToString(p.md5)},
		Confirmed:   true, // what does not match its MD5 is not accepted
	}, nil
}

// conditions says cond as the service has it. It looks for the object where
// that may save sending a large one in vain.
func (s *Store) conditions(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (*blob.AccessConditions, error) {
	if cond.Overwrite {
		return nil, nil
	}
	absent := &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
	want := cond.Replaces.ETag
	if want == "" && src.Size <= small {
		return absent, nil
	}
	now, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound), want == "" && errors.Is(err, bucket.ErrDenied): // the latter may only write
		return absent, nil
	case err != nil:
		return nil, err
	case want == "":
		return nil, fmt.Errorf("%w: %q", bucket.ErrExists, key)
	case now.ETag != want:
		return nil, fmt.Errorf("%w: %q has changed", bucket.ErrExists, key)
	}
	match := azcore.ETag(`"` + want + `"`)
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &match}}, nil
}

// An upload is one Put, and what came of it.
type upload struct {
	s     *Store
	key   string
	src   bucket.Source
	cond  *blob.AccessConditions
	to    *blockblob.Client
	block int // size in bytes

	md5     []byte
	etag    string
	modTime time.Time
}

// whole sends the file in one request.
func (u *upload) whole(ctx context.Context, data []byte) error {
	if err := u.src.ReadAll(ctx, data); err != nil {
		return err
	}
	if err := u.src.Changed(); err != nil {
		return err
	}
	sum := md5.Sum(data)
	u.md5 = sum[:]
	body := wire.NewBody(data)
	defer body.TakeBack()
	out, err := u.to.Upload(ctx, body, &blockblob.UploadOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(u.md5),
		HTTPHeaders:             u.headers(),
		AccessConditions:        u.cond,
	})
	if err != nil {
		return u.gone(classify(ctx, err))
	}
	u.accepted(out.ETag, out.LastModified)
	return u.agrees(u.md5, out.ContentMD5)
}

// blocks sends the file piece by piece and makes a blob of them once the file
// has turned out to be the same still.
func (u *upload) blocks(ctx context.Context, buf []byte) error {
	all := md5.New()
	var ids []string
	name := make([]byte, 12) // all names of blocks have the same length
	if _, err := rand.Read(name[:8]); err != nil {
		return err
	}
	err := u.src.Blocks(ctx, buf, func(block []byte) error {
		all.Write(block)
		binary.BigEndian.PutUint32(name[8:], uint32(len(ids)))
		ids = append(ids, base64.StdEncoding.EncodeToString(name))
		return u.stage(ctx, ids[len(ids)-1], block)
	})
	if err != nil {
		return err
	}
	if err := u.src.Changed(); err != nil {
		return err
	}
	u.md5 = all.Sum(nil)
	out, err := u.to.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders:      u.headers(),
		AccessConditions: u.cond,
	})
	if err != nil {
		return u.gone(classify(ctx, err))
	}
	u.accepted(out.ETag, out.LastModified)
	return nil
}

func (u *upload) stage(ctx context.Context, id string, block []byte) error {
	sum := md5.Sum(block)
	body := wire.NewBody(block)
	defer body.TakeBack()
	out, err := u.to.StageBlock(ctx, id, body, &blockblob.StageBlockOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(sum[:]),
	})
	if err != nil {
		return classify(ctx, err)
	}
	return u.agrees(sum[:], out.ContentMD5)
}

// headers are what the service keeps with the blob.
func (u *upload) headers() *blob.HTTPHeaders {
	h := &blob.HTTPHeaders{BlobContentMD5: u.md5}
	if u.src.ContentType != "" {
		h.BlobContentType = &u.src.ContentType
	}
	return h
}

func (u *upload) accepted(etag *azcore.ETag, modTime *time.Time) {
	u.etag, u.modTime = unquote(etag), time.Now()
	if modTime != nil {
		u.modTime = *modTime
	}
}

// agrees compares the MD5 that was sent with the one that was received, where
// the service tells: Azurite does not tell that of a block.
func (u *upload) agrees(sent, received []byte) error {
	if len(received) == 0 || bytes.Equal(sent, received) {
		return nil
	}
	spell := base64.StdEncoding.EncodeToString
	return wire.Mismatch(u.key, bucket.MD5, spell(received), spell(sent))
}

// gone marks that the version to replace was removed meanwhile.
func (u *upload) gone(err error) error {
	if errors.Is(err, bucket.ErrNotFound) {
		return wire.Recast(err, bucket.ErrTemporary, fmt.Sprintf("%v: %q was removed meanwhile", bucket.ErrTemporary, u.key))
	}
	return err
}
