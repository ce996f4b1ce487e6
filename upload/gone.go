package upload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// looked is how many objects of each media field are looked at again, at least,
// before a run builds on what earlier ones sent.
const looked = 16

// present refuses to build on objects that are gone or that hold other bytes than
// were sent: a target that was emptied, made again or written to by others since an
// earlier run would leave rows that name nothing, or something else. Some objects of
// each field tell, and each field has one target; Options.VerifyArrived looks at all.
func (e *executor) present(ctx context.Context) error {
	l := &presence{executor: e, refusal: &dataset.Refusal{
		Reason: "objects that had arrived are gone, or are not what was sent",
		Hint: "--verify-arrived finds all of them; the same command with another --state folder looks at every key and sends what is missing," +
			" and with --overwrite what others have replaced",
	}}
	if !e.plan.opts.VerifyArrived {
		some, err := e.plan.job.Ledger.Spread(ctx, looked)
		if err != nil {
			return err
		}
		return l.look(ctx, func(yield func(ledger.File, error) bool) {
			for _, f := range some {
				if !yield(f, nil) {
					return
				}
			}
		})
	}
	var err error
	if l.total, err = e.plan.job.Ledger.LandedCount(ctx); err != nil {
		return err
	}
	return l.look(ctx, e.plan.job.Ledger.Landed(ctx))
}

// A presence is one look at what has arrived.
type presence struct {
	*executor

	total int64 // objects to look at; 0 where their number is not worth telling

	mu      sync.Mutex
	done    int64
	unseen  int64             // may not be looked at, where absent objects may not either
	denied  []dataset.Problem // the first of these
	refusal *dataset.Refusal
	again   []ledger.File // other versions of the same bytes, still to be recorded
}

// recorded is how many files are recorded at a time: a target that was copied elsewhere
// and back has other versions of everything.
const recorded = 1000

// look looks at all the files, several at a time.
func (l *presence) look(ctx context.Context, files func(yield func(ledger.File, error) bool)) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(l.plan.opts.readers())
	for f, err := range files {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		if within.Err() != nil {
			break
		}
		group.Go(func() error { return l.one(within, f) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrStopped, context.Cause(ctx))
	}
	if err := l.record(ctx, 1); err != nil {
		return err
	}
	l.weigh()
	if l.refusal.Total == 0 {
		return nil
	}
	slices.SortFunc(l.refusal.Problems, func(a, b dataset.Problem) int { return strings.Compare(a.Path, b.Path) })
	return l.refusal
}

// record records what is to be recorded, if it is as many files as that.
func (l *presence) record(ctx context.Context, least int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.again) < least {
		return nil
	}
	defer func() { l.again = nil }()
	return l.plan.job.Ledger.Record(ctx, l.again)
}

// weigh judges objects that may not be looked at. Where all are denied that is no
// sign of their absence, which is noted, or refused where a look at all was asked for.
// Where only some are, these are gone.
func (l *presence) weigh() {
	kind := "gone"
	switch {
	case l.unseen == 0:
		return
	case l.unseen < l.done:
	case !l.plan.opts.VerifyArrived:
		l.note("these credentials cannot see whether what earlier runs sent is still there: medialift verify can, with others")
		return
	default:
		kind = "unseen"
		l.refusal.Reason = "these credentials cannot see whether objects that had arrived are still there"
		l.refusal.Hint = "allow reading objects, or have medialift verify look with other credentials, and then leave --verify-arrived away"
	}
	for _, p := range l.denied {
		p.Kind = kind
		l.refusal.Add(p)
	}
	l.refusal.Total += l.unseen - int64(len(l.denied))
}

// one looks at one object.
func (l *presence) one(ctx context.Context, f ledger.File) error {
	root, ok := l.plan.root[f.Field]
	key, inside := "", false
	if ok {
		key, inside = root.Naming.Cut(f.URL)
	}
	if !inside {
		return nil
	}
	var obj bucket.Object
	err := l.engine.Do(ctx, func(ctx context.Context) (err error) {
		obj, err = root.Store.Stat(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		l.refuse("gone", f, "no object is under this key")
	case errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrIdentity) && l.views[placeOf(root)].Sight == bucket.Blind:
		l.mu.Lock()
		if l.unseen++; len(l.denied) < dataset.KeptProblems {
			l.denied = append(l.denied, dataset.Problem{Path: f.Path, URL: f.URL, Hint: err.Error()})
		}
		l.mu.Unlock()
	case err != nil:
		return err
	default:
		if err := l.compare(ctx, root.Store, f, obj); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done++; l.total > 0 {
		l.plan.opts.Progress(Progress{Phase: "checking", Files: l.done, TotalFiles: l.total})
	}
	return nil
}

func (l *presence) refuse(kind string, f ledger.File, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal.Add(dataset.Problem{Kind: kind, Path: f.Path, URL: f.URL, Hint: fmt.Sprintf(format, args...)})
}

// compare compares what the store says with what the ledger has. Another version
// may hold the same bytes: then a strong checksum says so, or the local file, which
// has not changed since it was sent.
func (l *presence) compare(ctx context.Context, store bucket.Store, f ledger.File, obj bucket.Object) error {
	switch m, why := f.Match(obj); m {
	case ledger.Same:
		return nil
	case ledger.Other:
		l.refuse("changed", f, "%s", why)
		return nil
	}
	src, done, err := l.plan.source(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	same := false
	err = l.engine.Ask(ctx, transfer.Ask{Reads: f.Size, Maybe: true}, func(within context.Context) (err error) {
		same, err = bucket.Same(transfer.Untimed(within), store, src, obj)
		return err
	})
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		l.refuse("gone", f, "no object is under this key any more")
	case err != nil:
		return err
	case !same:
		l.refuse("changed", f, "another object of %s has its key, with other bytes", obj.ModTime.UTC().Format("2006-01-02 15:04"))
	default:
		f.ETag = obj.ETag
		if sum := obj.Checksums.String(); sum != "" {
			f.Checksum = sum
		}
		l.mu.Lock()
		l.again = append(l.again, f)
		l.mu.Unlock()
		return l.record(ctx, recorded)
	}
	return nil
}
