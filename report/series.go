package report

// A Series is what moved when, in slots of equal length.
type Series struct {
	// Seconds is the length of a slot; the first begins with the run.
	Seconds float64 `json:"seconds"`
	Slots   []Slot  `json:"slots"`
}

// A Slot is what moved, and what was asked again, in one stretch of time.
type Slot struct {
	Bytes     int64 `json:"bytes"`
	Files     int64 `json:"files"`
	Retries   int64 `json:"retries,omitempty"`
	Throttled int64 `json:"throttled,omitempty"`
}
