package mongostore

import (
	"context"
	"os"
	"sync"
)

// A pipe runs one task at a time, in order, while the next is being made.
type pipe struct {
	ctx    context.Context //nolint:containedctx // lives as long as the writer's work
	cancel context.CancelFunc
	tasks  chan func(context.Context) error
	done   chan struct{}
	once   sync.Once
	err    error // of the first task that failed; valid once done is closed
}

func newPipe(ctx context.Context) *pipe {
	ctx, cancel := context.WithCancel(ctx)
	p := &pipe{ctx: ctx, cancel: cancel, tasks: make(chan func(context.Context) error, 1), done: make(chan struct{})}
	go p.run()
	return p
}

func (p *pipe) run() {
	defer close(p.done)
	for task := range p.tasks {
		if p.err = task(p.ctx); p.err != nil {
			return
		}
	}
}

// send queues a task, or returns the error of an earlier one.
func (p *pipe) send(task func(context.Context) error) error {
	select {
	case <-p.done:
		return p.failure()
	case p.tasks <- task:
		return nil
	}
}

// wait returns when all tasks so far are done.
func (p *pipe) wait() error {
	reached := make(chan struct{})
	err := p.send(func(context.Context) error { close(reached); return nil })
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.failure()
	case <-reached:
		return nil
	}
}

func (p *pipe) failure() error {
	if p.err == nil {
		return os.ErrClosed
	}
	return p.err
}

// stop ends the pipe without running what waits.
func (p *pipe) stop() {
	p.cancel()
	p.once.Do(func() { close(p.tasks) })
	<-p.done
}
