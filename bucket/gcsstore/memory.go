package gcsstore

import (
	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/internal/wire"
)

var _ bucket.Buffering = (*Store)(nil)

// HeldByPut is the buffer of a small file, or of the end of a larger one: the rest
// is sent from the file.
func (s *Store) HeldByPut(size int64) int64 {
	if size > small {
		return quantum
	}
	return bucket.HeldBy(size, wire.Least)
}

// HeldByPart is what the end of a session is sent from.
func (s *Store) HeldByPart(int64) int64 { return quantum }
