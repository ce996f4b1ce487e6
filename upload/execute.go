package upload

import (
	"context"
	"errors"
	"fmt"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
)

// Sent says what Execute did.
type Sent struct {
	// Objects and Bytes were sent, the bytes also for objects that are not whole
	// yet; Found objects were there already with the
	// same bytes; Replaced ones are counted among Objects too.
	Objects, Bytes, Found, Replaced int64
	// Traffic is what that took.
	Traffic Traffic
	// Failed counts files that could not be sent; Failures are the first.
	Failed   int64
	Failures []dataset.Problem
	// Notes say what the target turned out not to do.
	Notes []string
}

// A FailedError is the failure of one file.
type FailedError struct {
	Local, URL string
	Err        error
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("sending %q to %s: %v", e.Local, e.URL, e.Err)
}

// Unwrap returns what went wrong.
func (e *FailedError) Unwrap() error { return e.Err }

// Execute sends what the plan says and the ledger does not know to have
// arrived. Before the first byte it asks every target whether it is there and what
// of it can be seen, looks whether what has arrived still is, and for other objects
// under the plan's keys: what is wrong with these is a *dataset.Refusal.
// When ctx ends it starts no more files or parts, lets those begun finish, for
// Options.Grace at most, and returns ErrStopped. It is safe to call again. A
// large file that was not finished then goes on where it stopped.
func (p *Plan) Execute(ctx context.Context) (Sent, error) {
	e := &executor{plan: p, engine: p.opts.engine()}
	e.engine.Begin(ctx.Done(), func() {})
	e.total.Files, e.total.Bytes = p.ToSend()
	if e.total.Files == 0 && p.Values() == 0 {
		return e.sent, nil
	}
	if err := e.examine(ctx); err != nil {
		return e.sent, err
	}
	err := e.present(ctx)
	if err == nil && e.total.Files > 0 {
		if err = e.probe(ctx); err == nil {
			err = e.pass(ctx, e.send)
		}
	}
	if ctx.Err() == nil {
		e.engine.Begin(ctx.Done(), func() {})
		err = errors.Join(err, e.abandon(ctx))
	}
	if n := e.lost.Load(); n > 0 {
		e.sent.Notes = append(e.sent.Notes, fmt.Sprintf("large files that were sent from the start, as the store no longer had what an earlier run sent of them: %d", n))
	}
	for _, c := range p.stores() {
		e.sent.Notes = append(e.sent.Notes, c.Notes()...)
	}
	e.sent.Traffic = e.engine.Traffic()
	if settle := p.job.Ledger.SettleTwins(context.WithoutCancel(ctx)); err == nil {
		err = settle
	}
	return e.sent, err
}

// stores are the distinct stores of the plan that can tell whether they are
// usable.
func (p *Plan) stores() []bucket.Checker {
	var list []bucket.Checker
	seen := map[bucket.Store]bool{}
	for _, root := range p.root {
		if c, ok := root.Store.(bucket.Checker); ok && !seen[root.Store] {
			seen[root.Store] = true
			list = append(list, c)
		}
	}
	return list
}
