package dataset

import "fmt"

// A Problem is one row of a dataset that something is wrong with.
type Problem struct {
	// Kind is one word: "missing", "collision", "unmatched", …
	Kind string `json:"kind"`
	// ID of the sample or frame, where there is one.
	ID    string `json:"id,omitempty"`
	Field string `json:"field,omitempty"`
	Path  string `json:"path,omitempty"`
	// URL is where the path was to go, where that matters.
	URL string `json:"url,omitempty"`
	// Hint says what is wrong with this row and what to do.
	Hint string `json:"hint,omitempty"`
}

// KeptProblems is how many problems a Refusal keeps; the others are counted.
const KeptProblems = 100

// A Refusal is the error of a plan that found something which must not happen.
// Nothing was changed.
type Refusal struct {
	// Reason is one line; Hint says what to try.
	Reason, Hint string
	// Problems are the first KeptProblems of Total.
	Problems []Problem
	Total    int64
	// Err is the sentinel that a caller can branch on, or nil.
	Err error
}

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

func (r *Refusal) Error() string {
	if r.Total > 1 {
		return fmt.Sprintf("%s (%d rows)", r.Reason, r.Total)
	}
	return r.Reason
}

// Add notes a problem.
func (r *Refusal) Add(p Problem) {
	if r.Total++; len(r.Problems) < KeptProblems {
		r.Problems = append(r.Problems, p)
	}
}
