package upload

import (
	"context"
	"sync"
)

// A task is a file, or a part of a large one, that one worker deals with.
type task func(context.Context) outcome

// A pool hands the tasks of a pass to its workers: first the parts of files that
// are begun, then the next file. So all workers share in a large file, and no
// more files are open than there are workers. There are as many workers as limit
// allows: one too many ends when its task is done.
type pool struct {
	// next gives the next file, or nil where there is none.
	next func() task
	// stopped tells that nothing new is to be begun.
	stopped func() bool
	// limit tells how many workers there may be; it is told how many will be
	// busy when one more task is begun.
	limit func(busy int) int

	mu      sync.Mutex
	wake    *sync.Cond
	parts   []task
	later   []task // hold nothing open, and wait for what does
	busy    int    // workers whose task may add more
	workers int
	start   func() // one more worker; nil once all is done
}

func newPool(next func() task, stopped func() bool, limit func(busy int) int) *pool {
	p := &pool{next: next, stopped: stopped, limit: limit}
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

// addLater adds a task behind all parts. It holds no file open until it is run.
func (p *pool) addLater(t task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.later = append(p.later, t)
	p.wake.Broadcast()
}

// alone reports whether no other task than the one that asks may hold files open.
func (p *pool) alone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy == 1 && len(p.parts) == 0
}

// take returns the next task, or nil when the worker that asks is to end.
func (p *pool) take() task {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.workers > p.limit(p.busy+1) {
			p.workers--
			return nil
		}
		var t task
		if len(p.parts) > 0 {
			t, p.parts[0] = p.parts[0], nil
			p.parts = p.parts[1:]
		} else if len(p.later) > 0 {
			t, p.later[0] = p.later[0], nil
			p.later = p.later[1:]
		} else if !p.stopped() {
			t = p.next()
		}
		if t != nil {
			p.busy++
			return t
		}
		if p.busy == 0 {
			p.start = nil
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

// resized starts the workers that limit has come to allow. Only tasks call it.
func (p *pool) resized() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.start != nil && p.workers < p.limit(p.busy) {
		p.workers++
		p.start()
	}
}

// work runs tasks until there are no more.
func (p *pool) work(ctx context.Context, results chan<- outcome) {
	var wg sync.WaitGroup
	p.start = func() {
		wg.Go(func() {
			for t := p.take(); t != nil; t = p.take() {
				results <- t(ctx)
				p.done()
			}
		})
	}
	p.resized()
	wg.Wait()
}
