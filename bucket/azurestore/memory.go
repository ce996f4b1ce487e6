package azurestore

import "github.com/medialift/medialift/bucket"

var _ bucket.Buffering = (*Store)(nil)

// HeldByPut is the buffer of a small file, or the block that a larger one is
// sent by.
func (s *Store) HeldByPut(size int64) int64 {
	block := min(size, max(small, (size+maxBlocks-1)/maxBlocks))
	return bucket.HeldBy(block, leastHeld)
}

// HeldByPart is what a part, like a small file, is sent from.
func (s *Store) HeldByPart(size int64) int64 { return s.HeldByPut(size) }

// leastHeld is the smallest buffer that is lent.
const leastHeld = 64 << 10
