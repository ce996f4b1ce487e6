package transfer_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
)

// Too many open files mean fewer workers, and a connection that cannot be made for
// that reason is tried so many times, and not for as long as there is patience.
func TestCrowded(t *testing.T) {
	e := transfer.New(transfer.Options{Workers: 8, Tries: 3, Backoff: time.Millisecond, Patience: time.Hour})
	e.Begin(nil, func() {})
	before := e.Limit(8)
	tries := 0
	err := e.Do(t.Context(), func(context.Context) error {
		tries++
		return fmt.Errorf("%w: %w", bucket.ErrUnreachable, os.NewSyscallError("socket", syscall.EMFILE))
	})
	if !transfer.Crowded(err) || tries != 3 {
		t.Errorf("%v after %d tries", err, tries)
	}
	if after := e.Limit(8); after >= before {
		t.Errorf("%d workers, %d before", after, before)
	}
	e = transfer.New(transfer.Options{Workers: 8})
	if e.Crowd(1); e.Limit(8) >= before {
		t.Errorf("%d workers, %d before", e.Limit(8), before)
	}
}
