// Package lift takes a dataset the whole way: its media to the cloud, and the dataset
// itself, with the paths of what has arrived in it, from an export directory or a
// database into another database, at the version of that one.
//
// It is the one verb that calls others. [NewPlan] finds out all that can be known
// before anything happens, and refuses what must not. [Plan.Send] sends the media.
// [Plan.Import] copies the dataset; every path is looked up in the ledger of the
// sending on its way, so that the new dataset names no object that has not arrived.
// It brings the dataset to the version of its database, and notes what it is like,
// before anybody can see it: by that note [Undo] knows whether it is still the same.
// [Plan.Migrate] does so for the Import of an older medialift, and [Plan.Verify] looks
// at what the new paths name. Each goes on where it was stopped, and does nothing that
// is done.
package lift

import (
	"context"
	"errors"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/mongostore"
	"github.com/medialift/medialift/importer"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/upload"
)

// Sentinels that callers branch on.
var (
	// ErrPending: not all media have arrived, so that the dataset can't be imported.
	ErrPending = errors.New("not all media have arrived")
	// ErrUnfinished: an older medialift did not carry a lift to its end, so that nothing
	// is known by which what it made could be told from what others did to it.
	ErrUnfinished = errors.New("the lift is unfinished")
)

// A Job is what is lifted, and where to.
type Job struct {
	// Upload says which media go where. Its ledger is the run of the sending.
	Upload upload.Job
	// Source is the dataset; with Files it is read as an export directory, which is
	// Upload.Dir, and its relative paths become absolute.
	Source dataset.Source
	Files  importer.Source
	// Target is the database that gets the dataset.
	Target *mongostore.Database
	// Name is that of the new dataset; empty for the name that it has.
	Name string
	// WithoutRuns leaves annotation, brain, evaluation and custom runs behind.
	WithoutRuns bool
	// CreateDatabase allows a target that no FiftyOne has used yet.
	CreateDatabase bool
	// Record is the ledger of the lift itself: what it made in the target.
	Record *ledger.Run
}

// Options of a lift.
type Options struct {
	// Upload says how media are sent. With UpdateViews the new dataset's saved views that
	// choose by paths follow these, where they choose the same then.
	Upload upload.Options
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// Progress says how far a phase has come.
type Progress struct {
	Phase       string // "checking", "comparing", "importing", "migrating", "verifying"
	Done, Total int64  // Total is 0 while it is unknown
}

// Notes that a lift leaves in its record.
const (
	noteID       = ledger.NoteMade // the _id of the new dataset, before anything of it is written
	noteName     = "lift name"     // its name
	noteAddress  = "lift target"   // the server that it is on
	noteDatabase = ledger.NoteMadeIn
	noteSource   = "lift source"     // digest of what was copied, before it is visible
	noteMade     = "lift made"       // digest of what was made of it, before it is visible, or unsure
	noteDone     = "lift done"       // that nothing is left to do
	noteOntology = "lift ontologies" // the _ids of those that it made
	notePanels   = "lift panels"     // that both digests are of the stores of panels too
	noteKept     = "lift kept"       // the documents whose paths stay, before it is visible
	noteUpload   = ledger.NoteSender // the run that sends the media
	nothing      = ""                // of a note that is not there
	unsure       = "unsure"          // of what was made while nobody was looking
)

// A Target is the database of a lift, as its record names it.
type Target struct{ Address, Database, Dataset string }

// TargetOf is where the lift of a record went; its Dataset is the _id.
func TargetOf(ctx context.Context, record *ledger.Run) (t Target, err error) {
	for key, into := range map[string]*string{noteAddress: &t.Address, noteDatabase: &t.Database, noteID: &t.Dataset} {
		if *into, err = record.Meta(ctx, key); err != nil {
			return t, err
		}
	}
	return t, nil
}

// UploadOf is the run that sent the media of a lift.
func UploadOf(ctx context.Context, record *ledger.Run) (string, error) {
	return record.Meta(ctx, noteUpload)
}
