package report

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the report as one JSON document.
func WriteJSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r.whole())
}

// whole returns the report with its schema, and with empty lists where there are
// none: a reader need not tell them from lists that are missing.
func (r Report) whole() Report {
	r.Schema = Schema
	r.Warnings = filled(r.Warnings)
	r.Problems = filled(r.Problems)
	r.Throughput.Slots = filled(r.Throughput.Slots)
	datasets := make([]Dataset, len(r.Datasets))
	for i, d := range r.Datasets {
		d.Fields, d.Phases, d.Samples = filled(d.Fields), filled(d.Phases), filled(d.Samples)
		datasets[i] = d
	}
	r.Datasets = datasets
	return r
}

func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
