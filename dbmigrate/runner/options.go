package runner

import (
	"context"
	"time"

	"github.com/medialift/medialift/dbmigrate"
)

// Options of Apply. The zero value works on one dataset at a time, goes on after
// failures and refuses while another run holds the lease.
type Options struct {
	Workers int // datasets at a time; 0 for 1
	// StopAtFirst stops at the first dataset that fails or is refused.
	StopAtFirst bool
	// Owner names this run to others that find its lease; "" for the process.
	Owner string
	// Datasets are the names of those that the plans are of. Only runs at work on them
	// are kept off; nil is for all, and the database itself.
	Datasets []string
	// StealLease takes the lease from whoever holds it. For when that one is gone
	// for certain: two runs at once spoil each other's data.
	StealLease bool
	// Waiting, if not nil, is told every few seconds what is waited for, while the
	// database confirms no writes. Another goroutine calls it.
	Waiting func(text string)
	// MaxOps is how many documents a second the steps over whole collections may
	// pass; 0 for as many as the server takes.
	MaxOps float64
	// Now is the time that a plan which has to be made again writes as now; zero for the
	// present.
	Now time.Time
	// Progress is called now and then, never by two goroutines at once.
	Progress func(Progress)
	// BackupDir is the folder that gets, for Restore, all that each plan destroys; ""
	// for none. A plan is in a file that is durable before anything of it is carried
	// out, and what it left in its place in another one. No file is ever replaced.
	BackupDir string
	// Finish says which migrations that an earlier run left unfinished this one is to
	// finish; nil for none. A dataset that has another one is refused.
	Finish func(Unfinished) bool
	// Agree is asked before anything of a plan is carried out, also of one that an
	// earlier run left and one that had to be made again: what the plan loses may be
	// more than anybody has seen. An error refuses it; nil agrees.
	Agree func(plan *dbmigrate.Plan) error
	// DryRun has Restore say what it is going to do, and change nothing; Version says where
	// the datasets are going to be by then, "" for where they are.
	DryRun  bool
	Version string
	// Applied is called with each plan once all of it is applied, while the journal
	// still has it. An error leaves it there, for the next run to finish.
	Applied func(ctx context.Context, plan *dbmigrate.Plan) error
}

// Progress is how far a run has come.
type Progress struct {
	Datasets int // datasets that are done, failed ones too
	// Dataset and Collection are what is being worked on, Documents how many of the
	// collection's documents one of its operations has passed.
	Dataset, Collection string
	Documents           int64
}

// Report is what a run did.
type Report struct {
	Migrated  int // datasets, and the database as one, that changed
	Unchanged int // those that were where they should be
	Resumed   int // of Migrated, those that an earlier run had begun
	Warnings  []string
	Failures  []Failure
}

// Failure is what became of one dataset instead.
type Failure struct {
	Dataset string
	Err     error // a *dbmigrate.RefusalError where nothing was begun
}
