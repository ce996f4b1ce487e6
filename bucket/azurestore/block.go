package azurestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// A blockID names a block of a blob that is not committed yet. It tells which
// upload a block is of, so that two at the same blob do not mix, where it goes,
// and what its bytes are. All IDs of a blob's blocks must have the same length.
type blockID struct {
	prefix [8]byte // of the upload
	n      int     // counts from 1
	crc    uint64  // CRC64NVME, where somebody will ask
}

func newPrefix() (prefix [8]byte) {
	rand.Read(prefix[:]) // never fails
	return prefix
}

// String is the ID as the service wants it.
func (id blockID) String() string {
	raw := binary.BigEndian.AppendUint32(id.prefix[:], uint32(id.n)) //nolint:gosec // at most maxBlocks
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(raw, id.crc))
}

// parseBlockID reads what String wrote; others have IDs of other forms.
func parseBlockID(text string) (id blockID, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) != 20 {
		return id, false
	}
	id.n, id.crc = int(binary.BigEndian.Uint32(raw[8:])), binary.BigEndian.Uint64(raw[12:])
	return id, copy(id.prefix[:], raw) == 8
}

// stage sends a block with its MD5, without which it is not taken.
func (s *Store) stage(ctx context.Context, to *blockblob.Client, id string, body *wire.Body, md5 []byte) error {
	defer body.TakeBack()
	request, said := heard(ctx)
	out, err := to.StageBlock(request, id, body, &blockblob.StageBlockOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(md5),
	})
	if err != nil {
		return classify(ctx, err)
	}
	if len(out.ContentMD5) == 0 && !azure(said.header()) {
		return strange("word that a block has arrived")
	}
	return agrees(id, md5, out.ContentMD5)
}

// agrees compares the MD5 that was sent with the one that was received, where
// the service tells: Azurite does not tell that of a block.
func agrees(what string, sent, received []byte) error {
	if len(received) == 0 || bytes.Equal(sent, received) {
		return nil
	}
	spell := base64.StdEncoding.EncodeToString
	return wire.Mismatch(what, bucket.MD5, spell(received), spell(sent))
}
