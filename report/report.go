// Package report says on one page what a run did: a file that a person opens in
// a browser, or the same as JSON for a program.
//
// A Report is plain data that its caller fills in; a Recorder makes the
// throughput of one, in flat memory however long the run is. WriteHTML writes a
// page that needs nothing but itself: no network, no other file. Equal reports
// give equal bytes. Whatever stands in a Report is shown: passwords must not
// come here.
package report

import (
	"time"
)

// Schema names the JSON form, and its version: within one, keys are only added.
// Both forms of a report hold it within their first 256 bytes.
const Schema = "medialift.report/1"

// A Report is what one invocation of a command did.
type Report struct {
	// Schema is set by the writers.
	Schema string `json:"schema"`
	// Tool and Version name the program, Command what it was asked to do: "lift".
	Tool    string `json:"tool"`
	Version string `json:"version"`
	Command string `json:"command"`
	// Settings are what the command was told, as far as that decides what it does,
	// in the order in which they are to be shown.
	Settings []Setting `json:"settings,omitempty"`
	Outcome  Outcome   `json:"outcome"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Totals   Totals    `json:"totals"`
	// Throughput is what moved when.
	Throughput Series    `json:"throughput"`
	Traffic    Traffic   `json:"traffic"`
	Datasets   []Dataset `json:"datasets"`
	// Problems are the rows that something is wrong with, by kind.
	Problems []Problems `json:"problems"`
	Warnings []string   `json:"warnings"`
	// NotCarried says what a dataset has that does not go along.
	NotCarried []Setting `json:"not_carried,omitempty"`
}

// A Setting is a name with what is to be said of it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Status says in a word how something ended.
type Status string

// The statuses, with the words of the command line.
const (
	Done        Status = "done"
	Planned     Status = "planned" // a dry run
	Partial     Status = "partial"
	Refused     Status = "refused"
	Failed      Status = "failed"
	Usage       Status = "usage"
	Locked      Status = "locked"
	Interrupted Status = "interrupted"
	// Running is that of a report which was written before the end.
	Running Status = "running"
)

// An Outcome says how the invocation ended, and what is to be done now.
type Outcome struct {
	Status   Status `json:"status"`
	ExitCode int    `json:"exit_code"`
	// Error is why it did not end well; Hint what to do about it.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	// RetryHelps tells that the same command may get further.
	RetryHelps bool `json:"retry_helps"`
	// Next is what a user does next when all is well.
	Next string `json:"next,omitempty"`
}

// Totals are the sums of the run.
type Totals struct {
	// Objects and Bytes were sent; Found objects were there with the same bytes.
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	Found   int64 `json:"found"`
	// Replaced are those of Objects that stood in another one's place.
	Replaced int64 `json:"replaced,omitempty"`
	// Rows are the documents that were read, Paths the values that were
	// rewritten, Already those that named their new place before.
	Rows    int64 `json:"rows"`
	Paths   int64 `json:"paths"`
	Already int64 `json:"already"`
	// StillLocal are the paths that name local files after the run.
	StillLocal int64 `json:"still_local,omitempty"`
	// Missing, Failed and Unmatched count what the run left.
	Missing   int64 `json:"missing"`
	Failed    int64 `json:"failed"`
	Unmatched int64 `json:"unmatched"`
}

// Traffic is what the run asked of its targets.
type Traffic struct {
	Requests int64 `json:"requests"`
	// Retries were made of them because of Causes; Throttled counts the answers
	// that asked to slow down.
	Retries   int64            `json:"retries"`
	Throttled int64            `json:"throttled"`
	Causes    map[string]int64 `json:"causes,omitempty"`
}

// Problems are the rows of one kind: the first of Total.
type Problems struct {
	// Kind is one word: "missing", "collision", "failed", …
	Kind  string    `json:"kind"`
	Total int64     `json:"total"`
	Rows  []Problem `json:"rows"`
}

// A Problem is one row of a dataset that something is wrong with.
type Problem struct {
	ID    string `json:"id,omitempty"`
	Field string `json:"field,omitempty"`
	Path  string `json:"path,omitempty"`
	URL   string `json:"url,omitempty"`
	Hint  string `json:"hint,omitempty"`
}
