package s3store

import (
	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Buffering = (*Store)(nil)

// HeldByPut is the buffer that a small file is read into, or the block that a
// larger one is hashed by.
func (s *Store) HeldByPut(size int64) int64 {
	if size > small {
		return block
	}
	return bucket.HeldBy(size, wire.Least)
}

// HeldByPart is the block that a part is hashed by: it is sent from the file.
func (s *Store) HeldByPart(int64) int64 { return partBlock }
