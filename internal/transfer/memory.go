package transfer

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/medialift/medialift/bucket"
)

// A memory is what all workers together may keep of files while they send them.
type memory struct {
	room *semaphore.Weighted
	size int64
}

func newMemory(size int64) memory { return memory{room: semaphore.NewWeighted(size), size: size} }

// take waits for room, in the order of asking, and returns how to give it back.
// Who needs more than there is gets all of it: nothing is too large to be sent.
func (m memory) take(ctx context.Context, bytes int64) (func(), error) {
	bytes = min(bytes, m.size)
	if bytes <= 0 {
		return func() {}, nil
	}
	if err := m.room.Acquire(ctx, bytes); err != nil {
		return nil, fmt.Errorf("waiting for memory: %w", err)
	}
	return func() { m.room.Release(bytes) }, nil
}

// heldUnknown is what a store that does not tell is taken to keep of a file: a
// buffer to copy by.
const heldUnknown = 1 << 20

// Held is what store keeps in memory while it takes a file, or a part of one,
// of so many bytes.
func Held(store bucket.Store, bytes int64, part bool) int64 {
	b, ok := store.(bucket.Buffering)
	switch {
	case !ok:
		return min(bytes, heldUnknown)
	case part:
		return b.HeldByPart(bytes)
	}
	return b.HeldByPut(bytes)
}
