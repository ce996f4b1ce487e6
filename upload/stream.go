package upload

import (
	"context"
	"errors"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// chunk is how many bytes of a session one task sends. What the store has kept of
// one that was cut short it tells itself.
const chunk = 8 << 20

// A stream is a large file while it is sent in a session, by one task of the pool
// at a time, which sends some of it and makes way for others. The session is in
// the ledger, so that a later run asks the store how far it has come.
type stream struct {
	*executor
	target
	resumable bucket.Resumable
	cond      bucket.Condition
	replaced  bool // by cond
	anew      int  // how often it was begun anew
	upload    ledger.Upload
	session   bucket.Session
}

// stream begins a large file, or goes on with one that an earlier run has begun.
func (e *executor) stream(ctx context.Context, t target, r bucket.Resumable) outcome {
	s := &stream{executor: e, target: t, resumable: r}
	if err := s.resume(ctx); err != nil {
		return s.end(ctx, bucket.Object{}, err)
	}
	if s.session == nil {
		return s.begin(ctx)
	}
	s.pool.add(s.next)
	return outcome{skip: true, progress: s.session.Received()}
}

// resume finds the session that an earlier run began.
func (s *stream) resume(ctx context.Context) error {
	upload, _, ok, err := s.begun(ctx, s.file)
	if err != nil || !ok {
		return err
	}
	err = s.engine.Ask(ctx, transfer.Ask{Reads: s.src.Size}, func(ctx context.Context) (err error) {
		s.session, err = s.resumable.Resume(ctx, s.key, upload.Name, s.src)
		return err
	})
	if errors.Is(err, bucket.ErrNoUpload) {
		s.lost.Add(1)
		s.session = nil
		return s.plan.job.Ledger.EndUpload(ctx, upload.ID)
	}
	s.upload = upload
	return err
}

// begin opens a session, over another object where that is allowed.
func (s *stream) begin(ctx context.Context) outcome {
	var found bucket.Object
	err := s.engine.Do(ctx, func(ctx context.Context) (err error) {
		s.session, err = s.resumable.Begin(ctx, s.key, s.src, s.cond)
		if errors.Is(err, bucket.ErrExists) {
			if found, err = s.over(ctx); err == nil {
				s.session, err = s.resumable.Begin(ctx, s.key, s.src, s.cond)
			}
		}
		return err
	})
	if err == nil {
		s.upload, err = s.keep(ctx, s.file, s.session.Name())
	}
	if err != nil {
		return s.end(ctx, found, err)
	}
	s.pool.add(s.next)
	return outcome{skip: true}
}

// over deals with another object under the key: it is the same (errFound), or it
// may be replaced from now on.
func (s *stream) over(ctx context.Context) (bucket.Object, error) {
	obj, cond, err := s.occupied(ctx, s.target)
	if err == nil {
		s.cond, s.replaced = cond, true
	}
	return obj, err
}

// next sends some more, unless the run is stopping, and puts itself back into the
// pool until all is there.
func (s *stream) next(ctx context.Context) outcome {
	before, done := s.session.Received(), false
	var obj bucket.Object
	bytes := min(chunk, s.src.Size-before)
	a := transfer.Ask{Bytes: bytes, Held: transfer.Held(s.store, bytes, true), Still: func() bool { return !s.pool.stopped() }}
	err := s.engine.Ask(ctx, a, func(ctx context.Context) (err error) {
		obj, done, err = s.session.Send(ctx, chunk)
		return err
	})
	arrived := s.session.Received() - before
	o := outcome{skip: true}
	switch {
	case err == nil && !done:
		s.pool.add(s.next)
	case errors.Is(err, bucket.ErrNoUpload) && s.anew < restarts:
		o = s.again(ctx)
	case errors.Is(err, bucket.ErrExists):
		err = s.engine.Ask(ctx, transfer.Ask{Reads: s.src.Size}, func(ctx context.Context) (err error) {
			obj, err = s.over(ctx)
			return err
		})
		if err == nil && s.anew < restarts {
			o = s.again(ctx)
		} else {
			o = s.end(ctx, obj, err)
		}
	default:
		o = s.end(ctx, obj, err)
	}
	o.sent, o.progress = max(0, arrived), o.progress+arrived
	return o
}

// again begins a file anew whose session is of no use any more.
func (s *stream) again(ctx context.Context) outcome {
	lost := s.session.Received()
	if err := s.drop(ctx); err != nil {
		return s.end(ctx, bucket.Object{}, err)
	}
	s.anew++
	s.pool.add(s.begin)
	return outcome{skip: true, progress: -lost}
}

// end is called once nothing more is to be sent.
func (s *stream) end(ctx context.Context, obj bucket.Object, err error) outcome {
	defer s.close()
	found := errors.Is(err, errFound)
	switch {
	case left(err):
		return outcome{skip: true} // a later run goes on
	case err == nil, found, errors.Is(err, bucket.ErrSourceChanged), errors.Is(err, bucket.ErrExists), errors.Is(err, bucket.ErrChecksum):
		if e := s.drop(ctx); e != nil && (err == nil || found) {
			return outcome{file: failure(s.file, e), err: e}
		}
	}
	if err != nil && !found {
		return outcome{file: failure(s.file, err), err: err}
	}
	return outcome{file: arrival(s.file, obj), cut: true, found: found, replaced: s.replaced}
}

// drop forgets a session: it has made its object, or is cancelled. Where that
// fails, Google drops it all the same, within a week.
func (s *stream) drop(ctx context.Context) error {
	if s.upload.ID == 0 {
		return nil
	}
	if s.session != nil && s.session.Received() < s.src.Size {
		name := s.upload.Name
		_ = s.engine.Ask(ctx, dropping(), func(ctx context.Context) error { return s.resumable.Cancel(ctx, name) })
	}
	id := s.upload.ID
	s.upload = ledger.Upload{}
	return s.plan.job.Ledger.EndUpload(context.WithoutCancel(ctx), id)
}
