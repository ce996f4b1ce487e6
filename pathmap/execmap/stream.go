package execmap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/medialift/medialift/internal/spool"
	"github.com/medialift/medialift/pathmap"
)

// errLeft ends the feeding of a program whose answers nobody wants any more.
var errLeft = errors.New("left")

// Stream runs the program once for all questions. Each is a line, also where
// two are the same.
func (m *Map) Stream(ctx context.Context, questions iter.Seq2[pathmap.Path, error]) iter.Seq2[pathmap.Answer, error] {
	return func(yield func(pathmap.Answer, error) bool) {
		questions, some, done := begun(questions)
		defer done()
		if !some {
			return // a program may not expect to be asked nothing
		}
		p, err := start(m.argv, m.opts)
		if err != nil {
			yield(pathmap.Answer{}, err)
			return
		}
		s := &stream{process: p, fed: make(chan struct{}), left: make(chan struct{}), patience: m.opts.Patience}
		stop := context.AfterFunc(ctx, p.kill)
		go s.feed(ctx, questions)
		err = s.answers(yield)
		if err == nil {
			err = s.ended()
		}
		close(s.left)
		if err != nil {
			p.kill()
		}
		<-s.fed // nothing is asked of questions after Stream has returned
		stop()
		if s.linger != nil {
			s.linger.Stop()
		}
		closed := errors.Join(p.close(), s.asked.Close())
		switch {
		case errors.Is(err, errLeft):
			return
		case ctx.Err() != nil:
			err = ctx.Err()
		case s.feedErr != nil:
			err = s.feedErr
		case err == nil:
			err = closed
		}
		if err != nil {
			yield(pathmap.Answer{}, err)
		}
	}
}

// begun reports whether there is a question, and returns all of them with the first
// one taken already. The function done ends the taking.
func begun(questions iter.Seq2[pathmap.Path, error]) (all iter.Seq2[pathmap.Path, error], some bool, done func()) {
	next, done := iter.Pull2(questions)
	path, err, some := next()
	return func(yield func(pathmap.Path, error) bool) {
		for ok := some; ok && yield(path, err); {
			path, err, ok = next()
		}
	}, some, done
}

// A stream is one run of the program.
type stream struct {
	*process
	asked   spool.Queue
	fed     chan struct{} // closed when all is written
	left    chan struct{} // closed when no more is to be written
	feedErr error         // of questions; while fed is open only the feeder's

	patience     time.Duration
	total        atomic.Int64 // questions, once they have all been asked, and 1
	count        atomic.Int64 // answers
	lingerOnce   sync.Once
	linger       *time.Timer // ends a program that has answered everything and goes on
	lingeredLong atomic.Bool
}

// settled gives the program the time it may take to end, once it has been asked
// and has answered everything. Both sides look, since either may be the last.
func (s *stream) settled() {
	if s.count.Load()+1 == s.total.Load() {
		s.lingerOnce.Do(func() {
			s.linger = time.AfterFunc(s.patience, func() {
				s.lingeredLong.Store(true)
				s.kill()
			})
		})
	}
}

// feed writes the questions.
func (s *stream) feed(ctx context.Context, questions iter.Seq2[pathmap.Path, error]) {
	defer close(s.fed)
	var n int64
	for q, err := range questions {
		select {
		case <-s.left:
			return
		default:
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = speakable(q.Path)
		}
		if err == nil {
			err = s.asked.Push(q.Path, q.Field, q.ID)
		}
		if err != nil {
			s.feedErr = err
			s.kill() // so that the reader notices
			return
		}
		if s.write(q.Path) != nil {
			return // it reads no more: the count of its answers tells
		}
		n++
	}
	s.closeInput()
	s.total.Store(n + 1)
	s.settled()
}

// answers reads answers up to the end of the program's output.
func (s *stream) answers(yield func(pathmap.Answer, error) bool) error {
	for {
		line, err := s.read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return s.failed(err)
		}
		q, ok, err := s.asked.Pop()
		if err != nil {
			return err
		}
		if !ok {
			return s.failed(fmt.Errorf("it answered %q where nothing was asked, after %d answers", line, s.count.Load()))
		}
		s.count.Add(1)
		a := pathmap.Answer{Path: pathmap.Path{Path: q[0], Field: q[1], ID: q[2]}, To: line, Known: line != ""}
		if !yield(a, nil) {
			return errLeft
		}
		s.settled()
	}
}

// ended looks whether the output that has ended was all of it.
func (s *stream) ended() error {
	err := s.finish(s.patience)
	if s.lingeredLong.Load() {
		return s.failed(fmt.Errorf("it did not end within %v of its last answer", s.patience))
	}
	if err != nil {
		return err
	}
	<-s.fed
	q, more, err := s.asked.Pop()
	if err == nil && more {
		err = s.failed(fmt.Errorf("it ended after %d answers, without one for %q", s.count.Load(), q[0]))
	}
	return err
}
