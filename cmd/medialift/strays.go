package main

import (
	"fmt"

	"github.com/medialift/medialift/dataset"
)

// A strayUse says what a command does with media fields, and so not with others.
type strayUse struct{ not, does string }

// warnStrays names the fields whose values are local files though a command does not
// take them for media. Which media fields it takes the user has chosen.
func (a *app) warnStrays(list []dataset.Stray, use strayUse) {
	for _, s := range list {
		switch {
		case s.Media:
		case s.Sent:
			a.ui.warn("%q keeps local paths, of files that are sent for other fields (%s); --media-field %s gives it the new ones too", s.Field, sampled(s), s.Field)
		default:
			a.ui.warn("%q names local files and is not %s (%s); --media-field %s %s", s.Field, use.not, sampled(s), s.Field, use.does)
		}
	}
}

// unmoved are those of which files stay behind, as rows of a document.
func unmoved(list []dataset.Stray) (rows []dataset.Problem) {
	for _, s := range list {
		if !s.Media && !s.Sent {
			rows = append(rows, dataset.Problem{Kind: "unmoved", Field: s.Field, Path: s.Example, Hint: sampled(s)})
		}
	}
	return rows
}

// sampled says how much was looked at.
func sampled(s dataset.Stray) string {
	return fmt.Sprintf("sampled: %d of %d name files, of %d in all, like %q", s.Found, s.Looked, s.Values, s.Example)
}
