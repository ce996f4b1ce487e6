// Package runner carries out the plans of dbmigrate on a MongoDB server, of which
// it asks no transactions: FiftyOne's own is a standalone mongod.
//
// Every plan is written to a journal in the database before its first operation,
// and taken out after its last. In between, what is new is added first, then the
// dataset's document is exchanged for the new one, in one write that fails if
// somebody else changed it, and what the old one alone named is deleted. Operations
// may be repeated. So a run that is killed at any point is finished by the next
// one, and a dataset's document is at all times wholly old or wholly new.
package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"golang.org/x/sync/errgroup"

	"github.com/medialift/medialift/dbmigrate"
)

// Runner migrates one database.
type Runner struct {
	db      *mongo.Database // acknowledged writes, which later durable ones make durable too
	durable *mongo.Database // writes that survive the server's end

	datasets, database *dbmigrate.Registry

	patience time.Duration // with a database that confirms no writes; 0 for the lease's own
}

// New makes a runner for a database, with the revisions of datasets and those of
// the database as a whole.
func New(db *mongo.Database, datasets, database *dbmigrate.Registry) *Runner {
	concern := &writeconcern.WriteConcern{W: "majority", Journal: new(true)}
	// What is planned and compared is read where it is written, whatever the URI prefers.
	open := func(concern *writeconcern.WriteConcern) *mongo.Database {
		opts := options.Database().SetWriteConcern(concern).SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Local())
		return db.Client().Database(db.Name(), opts)
	}
	return &Runner{
		db:       open(writeconcern.Majority()),
		durable:  open(concern),
		datasets: datasets,
		database: database,
	}
}

// Reader reads the runner's database.
func (r *Runner) Reader() dbmigrate.Reader { return &reader{db: r.db} }

// ErrStopped is in the error of an Apply that stopped at the first failure.
var ErrStopped = errors.New("stopped at the first failure")

// Apply finishes what an earlier run left in the journal, as far as Options.Finish says
// so, then carries out plans in their order as they come. The sequence is read while
// plans are being carried out; an error in it that is not a RefusalError ends the run.
// Failures of single datasets are in the report; the error is for what ends the run,
// LeaseError among them.
func (r *Runner) Apply(ctx context.Context, plans iter.Seq2[*dbmigrate.Plan, error], opts Options) (Report, error) {
	lease, err := r.acquire(ctx, opts)
	if err != nil {
		return Report{}, err
	}
	x := &execution{Runner: r, opts: opts, journal: journal{r}}
	err = lease.why(x.run(lease.Context(), plans))
	if lease.Err() == nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
		defer cancel()
		err = errors.Join(err, x.journal.dropEmpty(cleanup))
	}
	return x.report, errors.Join(err, lease.release(ctx))
}

// execution is one Apply.
type execution struct {
	*Runner
	opts    Options
	journal journal
	known   map[string]bool // the collections that exist

	mu     sync.Mutex
	report Report
	done   int
	stuck  map[string]bool       // by IDKey: what failed here and is not to be tried again
	left   map[string]Unfinished // by IDKey: what stays in the journal
}

// Plans are carried out in batches: the journal entries and the documents of a
// batch are one durable write each, and waiting for the disk is most of what small
// datasets cost.
const (
	batchPlans = 100
	batchBytes = 8 << 20
)

func (x *execution) run(ctx context.Context, plans iter.Seq2[*dbmigrate.Plan, error]) error {
	names, err := x.Reader().Collections(ctx)
	if err != nil {
		return err
	}
	x.known, x.stuck, x.left = map[string]bool{}, map[string]bool{}, map[string]Unfinished{}
	for _, name := range names {
		x.known[name] = true
	}
	if err := x.finish(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []*entry, 1) // the next is planned meanwhile
	for range max(1, x.opts.Workers) {
		group.Go(func() error {
			for entries := range batches {
				if err := x.batch(ctx, entries); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(batches)
		return x.deal(ctx, plans, batches)
	})
	return group.Wait()
}

// finish carries out what is in the journal.
func (x *execution) finish(ctx context.Context) error {
	entries, err := x.journal.read(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		u, err := x.unfinished(ctx, e)
		if err != nil {
			return err
		}
		if x.opts.Finish == nil || !x.opts.Finish(u) {
			x.left[dbmigrate.IDKey(u.ID)] = u
			continue
		}
		if err := x.resume(ctx, e, u); err != nil {
			return err
		}
	}
	return nil
}

// deal puts plans into batches.
func (x *execution) deal(ctx context.Context, plans iter.Seq2[*dbmigrate.Plan, error], batches chan<- []*entry) error {
	var batch []*entry
	bytes := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		batch, bytes = nil, 0
		return nil
	}
	for plan, err := range plans {
		var refusal *dbmigrate.RefusalError
		if errors.As(err, &refusal) {
			if err := x.fail(refusal.Dataset, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		wanted, err := x.wanted(plan)
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		e, err := newEntry(plan)
		if err != nil {
			return err
		}
		batch, bytes = append(batch, e), bytes+e.size()
		if plan.Collection != dbmigrate.Datasets || len(batch) == batchPlans || bytes > batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// wanted reports whether a plan is to be carried out, and counts it where it is not.
func (x *execution) wanted(plan *dbmigrate.Plan) (bool, error) {
	x.mu.Lock()
	stuck := x.stuck[dbmigrate.IDKey(plan.ID)]
	x.mu.Unlock()
	if stuck {
		return false, nil // an earlier run's plan comes first, and has failed again
	}
	left, isLeft := x.left[dbmigrate.IDKey(plan.ID)]
	if isLeft && (left.Begun || !plan.Empty()) {
		return false, x.fail(plan.Name, &dbmigrate.RefusalError{
			Dataset: plan.Name, Reason: fmt.Sprintf("its migration from %s to %s is unfinished", left.From, left.To),
			Hint: "medialift migrate finishes it, and medialift migrate --abandon drops one that has not begun to write",
		})
	}
	if plan.Empty() {
		x.count(func(report *Report) { report.Unchanged++ })
		return false, nil
	}
	if x.opts.Agree != nil {
		if err := x.opts.Agree(plan); err != nil {
			return false, x.fail(plan.Name, err)
		}
	}
	return true, nil
}

// fail records what became of a dataset. Its error ends the run.
func (x *execution) fail(dataset string, err error) error {
	x.count(func(report *Report) { report.Failures = append(report.Failures, Failure{Dataset: dataset, Err: err}) })
	if x.opts.StopAtFirst {
		return fmt.Errorf("%w: %w", ErrStopped, err)
	}
	return nil
}

// count changes the report for one more dataset that is done.
func (x *execution) count(change func(*Report)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.report)
	x.done++
	if x.opts.Progress != nil {
		x.opts.Progress(Progress{Datasets: x.done})
	}
}

func (x *execution) progress(dataset, collection string, documents int64) {
	if x.opts.Progress == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opts.Progress(Progress{Datasets: x.done, Dataset: dataset, Collection: collection, Documents: documents})
}

// newTime is the present as MongoDB keeps it.
func newTime() bson.DateTime { return bson.NewDateTimeFromTime(time.Now()) }
