package upload

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// aloneTries is how often a file is tried that cannot be opened though no other
// file is open.
const aloneTries = 3

// errAlone ends a run: one file at a time is too many.
var errAlone = errors.New("one worker alone cannot open it either")

// A single is one file of a pass. Where the process may open no more files, there
// are to be fewer workers, and the file waits until others are closed.
type single struct {
	*executor
	file   ledger.File
	step   func(context.Context, ledger.File) outcome
	halt   func() // nothing new is to be begun
	halted <-chan struct{}
	tries  int
	alone  int // of these, while no other file was open
}

// run is its task.
func (s *single) run(ctx context.Context) outcome {
	o := s.attempt(ctx)
	if s.ends(o.err) {
		s.halt() // at once, and not when it has been recorded
	}
	return o
}

// attempt tries the file, and puts it back into the pool if it is to wait.
func (s *single) attempt(ctx context.Context) outcome {
	if s.tries > 0 && s.pool.stopped() {
		return outcome{skip: true}
	}
	o := s.step(ctx, s.file)
	begun := o.cut || o.progress != 0 || o.sent != 0 || o.part.N != 0
	if begun || left(o.err) || !transfer.Crowded(o.err) {
		return o
	}
	s.tries++
	if s.pool.alone() {
		s.alone++
	}
	if s.alone >= aloneTries {
		err := fmt.Errorf("%w: %w", errAlone, o.err)
		return outcome{file: failure(s.file, err), err: err}
	}
	bucket.Sleep(s.halted, s.engine.Crowd(s.tries))
	s.pool.addLater(s.run)
	return outcome{skip: true}
}
