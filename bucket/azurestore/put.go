package azurestore

import (
	"context"
	"crypto/md5"
	"encoding/base64"
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
	if_, err := s.conditions(ctx, key, src.Size > small, cond)
	if err != nil {
		return bucket.Object{}, err
	}
	p := &sending{s: s, key: key, src: src, cond: if_, to: s.client.NewBlockBlobClient(key)}
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
	return p.object(), nil
}

// conditions says cond as the service has it. With look it looks for the object
// first, which may save sending a large one in vain.
func (s *Store) conditions(ctx context.Context, key string, look bool, cond bucket.Condition) (*blob.AccessConditions, error) {
	if cond.Overwrite {
		return nil, nil
	}
	absent := &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
	want := cond.Replaces.ETag
	if want == "" && !look {
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

// A sending is one Put or Finish, and what came of it.
type sending struct {
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
func (u *sending) whole(ctx context.Context, data []byte) error {
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
	request, said := heard(ctx)
	out, err := u.to.Upload(request, body, &blockblob.UploadOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(u.md5),
		HTTPHeaders:             u.headers(),
		AccessConditions:        u.cond,
		Tier:                    u.s.tier(),
	})
	if err != nil && !said.accepted() {
		return u.gone(classify(ctx, err))
	}
	if err := u.settle(ctx, out.ETag, out.LastModified); err != nil {
		return err
	}
	return agrees(u.key, u.md5, out.ContentMD5)
}

// blocks sends the file piece by piece and makes a blob of them once the file
// has turned out to be the same still.
func (u *sending) blocks(ctx context.Context, buf []byte) error {
	all := md5.New()
	var ids []string
	prefix := newPrefix()
	err := u.src.Blocks(ctx, buf, func(block []byte) error {
		all.Write(block)
		ids = append(ids, blockID{prefix, len(ids) + 1, 0}.String())
		sum := md5.Sum(block)
		return u.s.stage(ctx, u.to, ids[len(ids)-1], wire.NewBody(block), sum[:])
	})
	if err != nil {
		return err
	}
	if err := u.src.Changed(); err != nil {
		return err
	}
	u.md5 = all.Sum(nil)
	return u.commit(ctx, ids)
}

// tier is the access tier of what is sent; nil for that of the account.
func (s *Store) tier() *blob.AccessTier {
	if s.as.StorageClass == "" {
		return nil
	}
	return to.Ptr(blob.AccessTier(s.as.StorageClass))
}

// commit makes a blob of the blocks with the given IDs.
func (u *sending) commit(ctx context.Context, ids []string) error {
	request, said := heard(ctx)
	out, err := u.to.CommitBlockList(request, ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders:      u.headers(),
		AccessConditions: u.cond,
		Tier:             u.s.tier(),
	})
	if err != nil && !said.accepted() {
		return u.gone(classify(ctx, err))
	}
	return u.settle(ctx, out.ETag, out.LastModified)
}

// object describes what was sent.
func (u *sending) object() bucket.Object {
	return bucket.Object{
		Key:         u.key,
		Size:        u.src.Size,
		ModTime:     u.modTime,
		ETag:        u.etag,
		ContentType: u.src.ContentType,
		Checksums:   bucket.Checksums{bucket.MD5: base64.StdEncoding.EncodeToString(u.md5)},
		Confirmed:   true, // what does not match its MD5 is not accepted
	}
}

// headers are what the service keeps with the blob.
func (u *sending) headers() *blob.HTTPHeaders {
	h := &blob.HTTPHeaders{BlobContentMD5: u.md5}
	if u.src.ContentType != "" {
		h.BlobContentType = &u.src.ContentType
	}
	return h
}

// gone marks that the version to replace was removed meanwhile.
func (u *sending) gone(err error) error {
	if errors.Is(err, bucket.ErrNotFound) {
		return wire.Recast(err, bucket.ErrTemporary, fmt.Sprintf("%v: %q was removed meanwhile", bucket.ErrTemporary, u.key))
	}
	return err
}
