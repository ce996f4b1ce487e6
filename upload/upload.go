// Package upload sends the media of a dataset to the cloud and gives its paths
// their new values: Plan, Execute, Commit, over a ledger.
//
// [NewPlan] reads every media path, finds its file, says where it goes, and
// refuses what must not happen — two files on one key, a key that a store
// cannot hold, a file that is not there — before a byte moves. [Plan.Execute]
// sends what the ledger does not know to have arrived. [Plan.Commit] changes a
// document when all its objects have arrived. Killed anywhere, the same plan
// made again goes on from there.
package upload

import (
	"context"
	"errors"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
)

// Sentinels that callers branch on.
var (
	// ErrOutsideBase: files that an earlier plan of the run did not reckon with
	// lie outside the directory from which it built its keys.
	ErrOutsideBase = errors.New("files lie outside the base of the earlier plan")
	// ErrStopped: the run was asked to stop and what was begun is finished.
	ErrStopped = errors.New("stopped before everything was sent")
)

// A Job is what a plan is about.
type Job struct {
	// Dataset whose media are sent.
	Dataset dataset.Updater
	// Name of the dataset, for "{dataset}" in URLs.
	Name string
	// Dir is what relative paths are relative to.
	Dir string
	// Target is the URL under which objects go; it may hold "{dataset}" and
	// "{field}".
	Target string
	// Open opens the place that a URL names. It does not contact it.
	Open func(ctx context.Context, url string) (bucket.Location, error)
	// Ledger of the run.
	Ledger *ledger.Run
	// Sent finds the files that other runs sent to a URL; may be nil. It is
	// called from several goroutines.
	Sent func(ctx context.Context, url string) ([]ledger.Sent, error)
	// Confirm reports whether the ledger of another run still says what Sent told;
	// nil where Sent asks the ledgers themselves.
	Confirm func(ctx context.Context, s ledger.Sent) (bool, error)
	// Needed finds the files that other runs sent because the one at a URL, a
	// scene, needs them; may be nil.
	Needed func(ctx context.Context, url string) ([]ledger.Sent, error)
}

// A Layout says how keys are made.
type Layout string

// The layouts.
const (
	Tree Layout = "tree" // the path below a base directory
	Flat Layout = "flat" // the base name, as FiftyOne does
	Hash Layout = "hash" // the SHA-256 of the bytes
)

// An Overwrite says which objects may be replaced by another file.
type Overwrite string

// The choices of what may be replaced.
const (
	OverwriteNone Overwrite = ""
	OverwriteOwn  Overwrite = "own" // objects that an earlier run sent, unchanged since
	OverwriteAll  Overwrite = "all"
)

// A Rewrites says which documents get the paths of what was sent.
type Rewrites int

// The choices of what is rewritten.
const (
	// RewritesNothing: paths stay as they are.
	RewritesNothing Rewrites = iota
	// RewritesInPlace: those of the dataset itself, by Plan.Commit.
	RewritesInPlace
	// RewritesCopy: those of a copy of the dataset, or of the part of it that is chosen.
	RewritesCopy
)

// Options of an upload; the zero value refuses whatever is doubtful.
type Options struct {
	// Fields are the media fields to send; none means all.
	Fields []string
	// LeaveFields are fields whose local files stay behind, and of which nothing is said.
	LeaveFields []string
	// WhereThere lets a dataset lack some of Fields as long as it has one of them:
	// options for several datasets name fields of any. Else that is an error.
	WhereThere bool
	// RemoteDirs gives single media fields a URL of their own, by name.
	RemoteDirs []RemoteDir
	// RelDirs are the directories whose inner paths become keys.
	RelDirs []string
	// Layout of keys; empty is Tree.
	Layout Layout
	// SuffixCollisions gives files that would share a key a suffix made of
	// their stored path.
	SuffixCollisions bool
	// KeepMissing leaves values whose file is not there as they are.
	KeepMissing bool
	// AssetDirs are directories that assets of scenes may lie in besides those of the
	// dataset: its own (Job.Dir), RelDirs, and the common one of its media.
	AssetDirs []string
	// SkipAssets sends .fo3d scenes without the files they refer to.
	SkipAssets bool
	// Overwrite says which objects may be replaced.
	Overwrite Overwrite
	// VerifyArrived looks again at every object that an earlier run sent, where
	// otherwise some of each field are looked at. What this run sends needs no look.
	VerifyArrived bool
	// UpdateViews has Commit change the saved views that choose by paths, where they
	// choose the same then.
	UpdateViews bool
	// SkipFailures goes on when a file cannot be sent.
	SkipFailures bool
	// Attributes are what Job.Open has objects written with. They are no part of
	// the plan: what has arrived stays as it was written. But a large file that
	// was begun with others is begun anew.
	Attributes bucket.Attributes
	// Rewrites says where the paths of what was sent are going to stand: two documents
	// with one path are refused where a unique index allows one.
	Rewrites Rewrites
	// Workers is how many files, or parts of large ones, are sent at a time at
	// the most; 0 is 64. How many it is within that, the run finds out: more as
	// long as they bring more through, fewer when the target asks to slow down.
	Workers int
	// Memory is how many bytes of files may be kept in memory while they are
	// sent, by all workers together; 0 is 64 MiB.
	Memory int64
	// MaxBandwidth is how many bytes may be sent a second, MaxRequests how many
	// requests may be made, by all workers together; 0 is no limit.
	MaxBandwidth int64
	MaxRequests  float64
	// Tries is how often a file, or each part of a large one, is tried when
	// failures are temporary and others succeed; 0 is 6. Backoff is the bound of
	// the first wait between them, which doubles; 0 is bucket.FirstWait.
	Tries   int
	Backoff time.Duration
	// Patience is for how long nothing at all may succeed before files fail; when
	// some have, the target is given up. 0 is a minute.
	Patience time.Duration
	// Stall is how long any request may take, and a second more for each 4 KiB;
	// 0 is 5 minutes.
	Stall time.Duration
	// Grace is how long files and parts that are being sent may take to finish
	// when the run is stopped; 0 is 7 seconds.
	Grace time.Duration
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// A RemoteDir is the URL of one media field.
type RemoteDir struct{ Field, URL string }

// Progress says how far a phase has come. Totals are 0 while they are unknown.
type Progress struct {
	Phase             string // "reading", "checking", "sending", "rewriting"
	Files, TotalFiles int64
	Bytes, TotalBytes int64
	// Sent is what "sending" has sent so far, without what was there already, and
	// without Causes, Failures and Notes.
	Sent Sent
}

// readers is how many files are read at a time where nothing is sent: a disk is
// no faster for more.
func (o Options) readers() int { return min(o.Workers, 16) }

func (o Options) withDefaults() Options {
	if o.Layout == "" {
		o.Layout = Tree
	}
	if o.Workers <= 0 {
		o.Workers = 64
	}
	if o.Grace <= 0 {
		o.Grace = 7 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}
