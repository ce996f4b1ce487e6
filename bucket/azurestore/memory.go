package azurestore

import (
	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Buffering = (*Store)(nil)

// HeldByPut is the buffer of a small file, or the block that a larger one is
// sent by.
func (s *Store) HeldByPut(size int64) int64 {
	return bucket.HeldBy(min(size, max(small, (size+maxBlocks-1)/maxBlocks)), wire.Least)
}

// HeldByPart is the block that a part is hashed by: it is sent from the file.
func (s *Store) HeldByPart(int64) int64 { return block }
