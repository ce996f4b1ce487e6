package main

import (
	"fmt"

	"github.com/medialift/medialift/dataset"
)

// warnStrays names the fields whose values are local files though a command does not
// take them for media; done says what they are not. Which media fields it takes the
// user has chosen.
func (a *app) warnStrays(list []dataset.Stray, done string) {
	for _, s := range list {
		if s.Media {
			continue
		}
		also := ""
		if s.Sent {
			also = ", which are sent for another field"
		}
		a.ui.warn("%s names local files%s, and is not %s: %s; --media-field %s takes it", s.Field, also, done, sampled(s), s.Field)
		if done == "sent" && !s.Sent {
			a.ui.problems([]dataset.Problem{{Kind: "unmoved", Field: s.Field, Path: s.Example, Hint: sampled(s)}}, 1)
		}
	}
}

// sampled says how much was looked at.
func sampled(s dataset.Stray) string {
	return fmt.Sprintf("%d of the %d values that were looked at, of %d, like %q", s.Found, s.Looked, s.Values, s.Example)
}
