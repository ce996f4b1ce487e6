// Package verify looks whether every media path of a dataset names what it
// should: each path of every media field, of samples and of frames. It changes
// nothing.
//
// An object is compared with the best that is known of it: the checksum of what a
// run sent for the very rows that name it, else the size of that or
// metadata.size_bytes of the sample; of any other it is only seen that it exists.
// A size that metadata.size_bytes denies is wrong whatever a run sent. The report
// says how many were verified by which. What cannot be seen (no permission, no
// network) never counts as missing: it is "unseen".
//
// However many values name a path, it is looked at once. The distinct paths
// stand in a temporary SQLite database in the system's folder for such files
// (SQLITE_TMPDIR, TMPDIR, /var/tmp, /tmp), some 150 bytes each, which goes away
// with the process, so that memory stays flat. Sorting the paths on disk would
// have needed two passes to find the row of each, and a sort of our own.
package verify

import (
	"context"
	"iter"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/transfer"
	"github.com/medialift/medialift/ledger"
)

// A Job is what is verified.
type Job struct {
	// Dataset whose paths are looked at.
	Dataset dataset.Source
	// Dir and RelDirs are what relative paths are relative to, as in
	// localfile.New.
	Dir     string
	RelDirs []string
	// Open opens the place that a URL names. It does not contact it.
	Open func(ctx context.Context, url string) (bucket.Location, error)
	// Sent streams what runs have sent to a URL for rows of this dataset, those of
	// one row together; may be nil. What was sent for others proves nothing here,
	// even if it went to the same URL: see ledger.Lineage.
	Sent func(ctx context.Context, url string) iter.Seq2[ledger.Sent, error]
	// Needed finds the files that runs have sent because the one at a URL, a 3D
	// scene of the dataset, needs them; may be nil. They are looked at like what
	// rows name.
	Needed func(ctx context.Context, url string) ([]ledger.Sent, error)
}

// Options of a verification. The zero value looks at everything and reads no
// object.
type Options struct {
	// Fields are the media fields to look at; none means all.
	Fields []string
	// Also are plain fields to look at besides all media fields.
	Also []string
	// Source also compares each object with the local file that a run sent it
	// from, which is read. Where nothing tells the object's checksum, the object
	// is read too.
	Source bool
	// Download reads each object and compares the checksum of its bytes.
	Download bool
	// Except, if set, names paths that are not looked at, and count nowhere.
	Except func(ctx context.Context, path string) (bool, error)
	// Sample looks at that many distinct paths, chosen at random; 0 is all.
	Sample int
	// SentOnly does not hear metadata.size_bytes of a sample where what was sent for it
	// vouches: a lift copies metadata that may have been wrong in its source.
	SentOnly bool
	// Workers is how many objects are looked at at a time; 0 is 16.
	Workers int
	// Tries is how often an object is asked for while failures are temporary; 0
	// is 5. A store that asks to slow down is waited for, for a minute in which
	// nothing at all succeeds.
	Tries int
	// MaxRequests is how many requests may be made a second, by all workers
	// together; 0 is no limit.
	MaxRequests float64
	// Progress, if set, is told how far a phase has come. Calls do not overlap.
	Progress func(Progress)
}

// Progress says how far a phase has come. Total is 0 while it is unknown.
type Progress struct {
	Phase       string // "reading" paths, "verifying" objects
	Done, Total int64
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.Tries <= 0 {
		o.Tries = 5
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}

// engine returns what all requests go through.
func (o Options) engine() *transfer.Engine {
	return transfer.New(transfer.Options{Workers: o.Workers, MaxRequests: o.MaxRequests, Tries: o.Tries})
}

// The kinds of Report.Problems.
const (
	// Missing: the store or the file system says that there is nothing.
	Missing = "missing"
	// Different: what is there is not what was sent, or not of the size that the
	// dataset says.
	Different = "different"
	// Unseen: whether it is there, or what it holds, could not be found out.
	Unseen = "unseen"
)

// A Report is what a verification finds.
type Report struct {
	// Fields are the media fields, those of the schema first.
	Fields []Field
	// Total sums them up; its Name is empty.
	Total Field
	// Looked counts the objects that were looked at: fewer than Total.Objects
	// where a sample was asked for, or where the verification was stopped.
	Looked int64
	// NoSource counts the objects that were to be compared with a source and
	// are known to no run, or are copies that name their assets in other words.
	NoSource int64
	// Problems are the first of what is wrong, one an object, with the first
	// row that names it.
	Problems []dataset.Problem
}

// Wrong counts the objects that something is wrong with.
func (r Report) Wrong() int64 { return r.Total.Missing + r.Total.Different + r.Total.Unseen }

// A Field counts the values of one media field, and the objects that they name.
// An object that several fields name counts for the first of them.
type Field struct {
	Name string `json:"field,omitempty"`
	// Paths counts the values that hold one, Empty the empty strings and the
	// samples without a filepath.
	Paths int64 `json:"paths"`
	Empty int64 `json:"empty"`
	// Objects counts distinct paths, and Assets those among them that no value
	// names, but a 3D scene needs. Where all were looked at it is the sum of the
	// numbers below.
	Objects int64 `json:"objects"`
	Assets  int64 `json:"assets,omitempty"`
	// Checksum, Size and Existence count what was found to be well, by the best
	// that it could be compared with.
	Checksum  int64 `json:"checksum"`
	Size      int64 `json:"size"`
	Existence int64 `json:"existence"`
	// Missing, Different and Unseen count what was not.
	Missing   int64 `json:"missing"`
	Different int64 `json:"different"`
	Unseen    int64 `json:"unseen"`
	// Bytes is the size of what was seen.
	Bytes int64 `json:"bytes"`
}

func (f *Field) add(g Field) {
	f.Paths += g.Paths
	f.Empty += g.Empty
	f.Objects += g.Objects
	f.Assets += g.Assets
	f.Checksum += g.Checksum
	f.Size += g.Size
	f.Existence += g.Existence
	f.Missing += g.Missing
	f.Different += g.Different
	f.Unseen += g.Unseen
	f.Bytes += g.Bytes
}
