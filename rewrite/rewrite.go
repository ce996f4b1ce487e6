// Package rewrite gives the media paths of a dataset new values without sending
// anything: Plan and Commit over a ledger, and Undo.
//
// [NewPlan] asks the maps about every media value and refuses what must not
// happen: a path that no map knows, two files that would become one, a new path
// that FiftyOne cannot read, a map that would change its own answers.
// [Plan.Commit] changes the dataset. Made twice the same, a rewrite changes
// nothing the second time.
package rewrite

import (
	"context"
	"errors"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/pathmap"
)

// Of refusals of a rewrite that has nothing to do with its dataset.
var (
	// ErrNoPaths says that the chosen media fields hold no path at all.
	ErrNoPaths = errors.New("no media path")
	// ErrKeptAll says that no map knows any path, where unmatched ones are kept.
	ErrKeptAll = errors.New("no path is matched by any map, and all would be kept")
)

// A Job is what a plan is about.
type Job struct {
	// Dataset whose paths are rewritten.
	Dataset dataset.Updater
	// Documents are those of the dataset, where Dataset itself cannot tell them; they
	// are compared with unique indexes, if it has any.
	Documents dataset.Source
	// Maps are asked in order; the first that answers wins. What is at or under
	// the To of any pathmap.PrefixMap among them is already there, though, and
	// no map is asked about it.
	Maps []Map
	// Ledger of the run.
	Ledger *ledger.Run
	// Ledgers is where the runs are that may have moved paths of this dataset
	// earlier; may be nil.
	Ledgers *ledger.Dir
}

// A Map is a mapper and how the user wrote it.
type Map struct {
	Spec   string
	Mapper pathmap.Mapper
	// LocalOnly keeps URLs from it: a path that is one already, and that no map
	// without LocalOnly answers for, is where it belongs. So a function that puts a
	// bucket before whatever it is given can be asked every night.
	LocalOnly bool
}

// Options of a rewrite; the zero value refuses whatever is doubtful.
type Options struct {
	// Fields are the media fields to rewrite; none means all.
	Fields []string
	// KeepUnmatched leaves paths that no map answers for as they are.
	KeepUnmatched bool
	// AlreadyMoved says that all paths at or under a prefix map's To were moved
	// there, also where that To lies under what a map moves.
	AlreadyMoved bool
	// Schemes of URLs that FiftyOne can read here besides those it always can:
	// the aliases of Azure and MinIO.
	Schemes []string
	// Check, if set, fails for a path that names nothing. It is called for every
	// new path, or for CheckSample of them where that is above 0, by Workers at
	// a time (0 is 16), before anything is changed.
	Check       func(ctx context.Context, path string) error
	CheckSample int
	Workers     int
	// UpdateViews has Commit change the saved views that choose by paths, where they
	// choose the same then.
	UpdateViews bool
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// Progress says how far a phase has come. Total is 0 while it is unknown.
type Progress struct {
	Phase       string // "reading" documents, "asking" a program, "checking" paths, "rewriting" values
	Done, Total int64
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// A Plan is what a rewrite is going to do; it stands in the ledger.
type Plan struct {
	// Rows counts the documents that hold media values, Values those values.
	Rows, Values int64
	// Of the values, Rewritten get a new path, Already are where they belong,
	// and Unmatched are known to no map. Skipped are the empty ones and the
	// samples without a filepath.
	Rewritten, Already, Unmatched, Skipped int64
	// URLs counts those of Already that a map with LocalOnly was not asked about.
	URLs int64
	// Fields, Maps and Prefixes count the same by media field, by map in the
	// order asked, and, for the unmatched, by where they are, most first.
	Fields   []FieldReport
	Maps     []MapReport
	Prefixes []PrefixReport
	// Strays are the fields, of a sample of their values, that name local files and are
	// not rewritten.
	Strays []dataset.Stray
	// Warnings are sentences about what is allowed but may surprise.
	Warnings []string
	// Views are the saved views that choose by paths, and others once these change.
	Views []savedview.Finding

	job     Job
	opts    Options
	refused bool
}

// A FieldReport counts the values of one media field.
type FieldReport struct {
	Field     string `json:"field"`
	Values    int64  `json:"values"`
	Rewritten int64  `json:"rewritten"`
	Already   int64  `json:"already"`
	Unmatched int64  `json:"unmatched"`
}

// A MapReport counts the values that one map gives a new path.
type MapReport struct {
	Spec string `json:"spec"`
	Rows int64  `json:"rows"`
	// Examples are the first three.
	Examples []Example `json:"examples"`
}

// An Example is a path before and after.
type Example struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// A PrefixReport counts the unmatched values below one directory.
type PrefixReport struct {
	Prefix  string `json:"prefix"`
	Rows    int64  `json:"rows"`
	Example string `json:"example"`
}
