package upload

import (
	"context"
	"sync"
)

// A task is a file, or a part of a large one, that one worker deals with.
type task func(context.Context) outcome

// A pool hands the tasks of a pass to its workers: first the parts of files that
// are begun, then the next file. So all workers share in a large file, and no
// more files are open than there are workers.
type pool struct {
	// next gives the next file, or nil where there is none.
	next func() task
	// stopped tells that nothing new is to be begun.
	stopped func() bool

	mu    sync.Mutex
	wake  *sync.Cond
	parts []task
	busy  int // workers whose task may add more
}

func newPool(next func() task, stopped func() bool) *pool {
	p := &pool{next: next, stopped: stopped}
	p.wake = sync.NewCond(&p.mu)
	return p
}

// add puts tasks ahead of files not begun. Only tasks add tasks. They are run
// even when the pass is stopped, and see to it themselves.
func (p *pool) add(tasks ...task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts = append(p.parts, tasks...)
	p.wake.Broadcast()
}

// take returns the next task, and nil when there will be none.
func (p *pool) take() task {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var t task
		if len(p.parts) > 0 {
			t, p.parts[0] = p.parts[0], nil
			p.parts = p.parts[1:]
		} else if !p.stopped() {
			t = p.next()
		}
		if t != nil {
			p.busy++
			return t
		}
		if p.busy == 0 {
			return nil
		}
		p.wake.Wait()
	}
}

// done is called after each task.
func (p *pool) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.wake.Broadcast()
}

// work runs tasks with n workers until there are no more.
func (p *pool) work(ctx context.Context, n int, results chan<- outcome) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for t := p.take(); t != nil; t = p.take() {
				results <- t(ctx)
				p.done()
			}
		})
	}
	wg.Wait()
}
