package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// errSignal is why a context ended when the user or the machine asked the
// process to stop.
var errSignal = errors.New("interrupted")

// hardStop is how long after the first signal the process ends at the latest.
const hardStop = 9500 * time.Millisecond

// signals returns a context that ends, with errSignal as its cause, at the
// first SIGINT or SIGTERM. A second one, or hardStop, ends the process after
// lastWords: what the ledger has is durable at any moment.
func signals(ctx context.Context, lastWords func()) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-ch:
			cancel(errSignal)
		case <-done:
			return
		}
		select {
		case <-ch:
		case <-time.After(hardStop):
		case <-done:
			return
		}
		lastWords()
		os.Exit(exitInterrupted)
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(nil)
	}
}
