package upload

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// drain runs all tasks of a pool and returns how many outcomes came.
func drain(p *pool) int {
	results, n := make(chan outcome), 0
	done := make(chan struct{})
	go func() {
		for range results {
			n++
		}
		close(done)
	}()
	p.work(context.Background(), results)
	close(results)
	<-done
	return n
}

// Parts come before files that are not begun, and a task may add more.
func TestPoolOrder(t *testing.T) {
	var order []string
	var p *pool
	note := func(name string, then ...task) task {
		return func(context.Context) outcome {
			order = append(order, name)
			p.add(then...)
			return outcome{}
		}
	}
	files := []task{note("a", note("a1", note("a3")), note("a2")), note("b"), note("c", note("c1"))}
	p = newPool(func() task {
		if len(files) == 0 {
			return nil
		}
		f := files[0]
		files = files[1:]
		return f
	}, func() bool { return false }, func(int) int { return 1 })
	n := drain(p)
	if want := []string{"a", "a1", "a2", "a3", "b", "c", "c1"}; n != len(want) || !slices.Equal(order, want) {
		t.Errorf("%d outcomes of %q, want %q", n, order, want)
	}
}

// No task is lost when others add them while workers wait; files are not begun
// once the pool is stopped, parts are.
func TestPoolAtOnce(t *testing.T) {
	var ran, stop atomic.Int64
	var p *pool
	var mu sync.Mutex
	busy, most, files := 0, 0, 0
	var grow func(depth int) task
	grow = func(depth int) task {
		return func(context.Context) outcome {
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			if ran.Add(1) > 4000 {
				stop.Store(1)
			}
			if depth > 0 {
				p.add(grow(depth-1), grow(depth-1))
			}
			mu.Lock()
			busy--
			mu.Unlock()
			return outcome{}
		}
	}
	p = newPool(func() task { files++; return grow(5) }, func() bool { return stop.Load() == 1 }, func(int) int { return 8 })
	n := drain(p)
	if int64(n) != ran.Load() || n != 63*files || n < 4000 || n > 5000 || most > 8 {
		t.Errorf("%d outcomes, %d tasks of %d files, %d at a time", n, ran.Load(), files, most)
	}
}
