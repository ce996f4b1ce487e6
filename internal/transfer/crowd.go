package transfer

import (
	"errors"
	"syscall"
	"time"

	"github.com/medialift/medialift/bucket"
)

// Crowded reports whether a failure says that too many files or connections are
// open: fewer workers may not meet it.
func Crowded(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// Crowd notes that a task has met such a failure n times, outside of a request:
// Limit allows fewer workers. It returns how long the task is to wait.
func (e *Engine) Crowd(n int) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pace.throttled(e.now())
	const longest = 5 // doublings of the wait
	return bucket.Backoff(min(n, longest), e.opts.Backoff)
}
