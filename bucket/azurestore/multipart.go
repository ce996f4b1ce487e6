package azurestore

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Multipart = (*Store)(nil)

// block is how much of a part is read and hashed at a time.
const block = 256 << 10

// Start makes up the prefix of the blocks of an object: the service is told of
// it with the first part.
func (s *Store) Start(ctx context.Context, key string, _ bucket.Source) (string, error) {
	if _, err := s.naming.URL(key); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	prefix := newPrefix()
	return hex.EncodeToString(prefix[:]), nil
}

// PutPart sends one part as a block. Its MD5, with which the service compares
// what it receives, goes ahead; so the part is read twice, or else it would have
// to be held in memory.
func (s *Store) PutPart(ctx context.Context, key, upload string, n int, part bucket.Source) (bucket.Part, error) {
	id, err := idOf(upload)
	if err != nil {
		return bucket.Part{}, err
	}
	sums, err := s.sum(ctx, part)
	if err != nil {
		return bucket.Part{}, err
	}
	id.n, id.crc = n, number(sums[bucket.CRC64NVME])
	md5, err := base64.StdEncoding.DecodeString(sums[bucket.MD5])
	if err != nil {
		return bucket.Part{}, err
	}
	err = s.stage(ctx, s.client.NewBlockBlobClient(key), id.String(), wire.NewFileBody(part, nil), md5)
	if err == nil || errors.Is(err, bucket.ErrChecksum) { // the bytes that were hashed and those that were sent were read apart
		if changed := part.Changed(); changed != nil {
			err = changed
		}
	}
	if err != nil {
		return bucket.Part{}, err
	}
	return bucket.Part{N: n, Size: part.Size, ETag: id.String(), Checksums: sums}, nil
}

func (s *Store) sum(ctx context.Context, src bucket.Source) (bucket.Checksums, error) {
	buf := s.buffers.Get(block)
	defer s.buffers.Put(buf)
	return wire.Sum(ctx, src, *buf, bucket.MD5, bucket.CRC64NVME)
}

func idOf(upload string) (id blockID, err error) {
	if n, err := hex.Decode(id.prefix[:], []byte(upload)); err != nil || n != len(id.prefix) {
		return id, fmt.Errorf("%w: %q is none of this store", bucket.ErrNoUpload, upload)
	}
	return id, nil
}

// number reads a CRC64NVME as bucket.Checksums spells it.
func number(sum string) uint64 {
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || len(raw) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(raw)
}

// Parts lists the blocks of an upload that are not committed. It is empty, and
// no error, where the service has dropped them, which it does after a week.
func (s *Store) Parts(ctx context.Context, key, upload string) ([]bucket.Part, error) {
	want, err := idOf(upload)
	if err != nil {
		return nil, err
	}
	request, said := heard(ctx)
	out, err := s.client.NewBlockBlobClient(key).GetBlockList(request, blockblob.BlockListTypeUncommitted, nil)
	if err := s.narrow(classify(ctx, err)); errors.Is(err, bucket.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if !said.is("BlockList") {
		return nil, strange("a list of blocks")
	}
	var parts []bucket.Part
	for _, b := range out.UncommittedBlocks {
		id, ok := parseBlockID(value(b.Name))
		if !ok || id.prefix != want.prefix {
			continue
		}
		crc := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, id.crc))
		parts = append(parts, bucket.Part{
			N: id.n, Size: value(b.Size), ETag: *b.Name, Checksums: bucket.Checksums{bucket.CRC64NVME: crc},
		})
	}
	slices.SortStableFunc(parts, func(a, b bucket.Part) int { return a.N - b.N })
	return parts, nil
}

// Finish commits the blocks. The MD5 of the whole, which the service keeps with
// the blob and does not compute, cannot be made of those of the parts: src is
// read once more for it, and must be what the parts were. Writing to the key in
// any other way drops the parts: that is ErrNoUpload.
func (s *Store) Finish(ctx context.Context, key, upload string, src bucket.Source, parts []bucket.Part, cond bucket.Condition) (bucket.Object, error) {
	if err := bucket.Complete(src.Size, parts); err != nil {
		return bucket.Object{}, fmt.Errorf("the upload is not complete: %w", err)
	}
	crc, err := bucket.WholeCRC64NVME(parts)
	if err != nil {
		return bucket.Object{}, err
	}
	if err := src.Changed(); err != nil {
		return bucket.Object{}, err
	}
	u := &sending{s: s, key: key, src: src, to: s.client.NewBlockBlobClient(key)}
	if u.cond, err = s.conditions(ctx, key, true, cond); err != nil {
		return bucket.Object{}, err
	}
	ids, err := s.ids(ctx, key, upload, parts)
	if err != nil {
		return bucket.Object{}, err
	}
	sums, err := s.sum(ctx, src)
	switch {
	case err != nil:
		return bucket.Object{}, err
	case sums[bucket.CRC64NVME] != crc:
		return bucket.Object{}, fmt.Errorf("%w: its bytes are not those of its parts", bucket.ErrSourceChanged)
	}
	if u.md5, err = base64.StdEncoding.DecodeString(sums[bucket.MD5]); err != nil {
		return bucket.Object{}, err
	}
	if err := u.commit(ctx, ids); code(err) == string(bloberror.InvalidBlockList) {
		return bucket.Object{}, wire.Recast(err, bucket.ErrNoUpload, fmt.Sprintf("%v: Azure has dropped some of its blocks", bucket.ErrNoUpload))
	} else if err != nil {
		return bucket.Object{}, err
	}
	return u.object(), nil
}

// ids returns the IDs of parts, all of which must be there and uncommitted: the
// service would take committed ones too, those of an object that is finished. Who
// may only write cannot see that, nor need they: the names of blocks are their
// upload's own and hold their checksums, so that no others can be taken.
func (s *Store) ids(ctx context.Context, key, upload string, parts []bucket.Part) ([]string, error) {
	there, err := s.Parts(ctx, key, upload)
	blind := errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity)
	if err != nil && !blind {
		return nil, err
	}
	known := map[string]int64{}
	for _, p := range there {
		known[p.ETag] = p.Size
	}
	var ids []string
	for _, p := range parts {
		if size, ok := known[p.ETag]; !blind && (!ok || size != p.Size) {
			return nil, fmt.Errorf("%w: block %d is not there", bucket.ErrNoUpload, p.N)
		}
		ids = append(ids, p.ETag)
	}
	return ids, nil
}

// Abort does nothing but count: the service cannot drop blocks without an object
// taking their place. It drops them a week after the last one came.
func (s *Store) Abort(context.Context, string, string) error {
	s.aborted.Add(1)
	return nil
}
