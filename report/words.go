package report

// What a page says in words.

// A verdict is how the outcome is shown: in words first, then in colour.
type verdict struct {
	Class string // good, warn or bad
	Word  string // of a dataset
	Line  string // of the run, where nothing better is known
}

// verdictOf has an answer for statuses that it does not know.
func verdictOf(s Status) verdict {
	known := map[Status]verdict{
		Done:        {"good", "done", "Done"},
		Planned:     {"good", "planned", "A plan only: nothing was sent or changed"},
		Partial:     {"warn", "partly done", "Partly done"},
		Refused:     {"bad", "refused", "Refused: nothing was changed"},
		Failed:      {"bad", "failed", "Failed"},
		Usage:       {"bad", "not begun", "Not begun: the command was not understood"},
		Locked:      {"warn", "locked", "Not begun: another run is at work on this"},
		Interrupted: {"warn", "interrupted", "Interrupted: what has arrived is kept"},
	}
	if v, ok := known[s]; ok {
		return v
	}
	return verdict{"warn", Visible(string(s)), "Ended as “" + Visible(string(s)) + "”"}
}

// headline is the outcome in a sentence.
func headline(r Report) string {
	t := r.Totals
	if r.Outcome.Status != Done {
		return verdictOf(r.Outcome.Status).Line + "."
	}
	switch {
	case t.Objects > 0 && t.Paths > 0:
		return "Done: " + plural(t.Objects, "object") + " sent, " + plural(t.Paths, "path") + " rewritten."
	case t.Objects > 0:
		return "Done: " + plural(t.Objects, "object") + " sent."
	case t.Paths > 0:
		return "Done: " + plural(t.Paths, "path") + " rewritten; every object was there already."
	}
	return "Done: there was nothing left to do."
}

// advice is what the reader does next.
func advice(o Outcome) string {
	switch {
	case o.Hint != "":
		return o.Hint
	case o.Next != "":
		return o.Next
	case o.RetryHelps:
		return "run the same command again: it goes on from here"
	case o.Status == Done:
		return "nothing; keep this page if you want a record"
	case o.Status == Planned:
		return "run the same command without --dry-run"
	}
	return "see what is said below"
}

// kindWords says what a kind of problem means.
func kindWords(kind string) string {
	return map[string]string{
		"ambiguous":      "values that could mean more than one place",
		"changed":        "values that somebody else has changed since",
		"collision":      "files that would share a key",
		"dangling":       "references that name nothing",
		"exists":         "another object stands under the key",
		"failed":         "files that could not be sent",
		"gone":           "objects that are no longer there",
		"in-use":         "media that a dataset names",
		"loss":           "what the version of the target has no place for",
		"missing":        "values whose file or object is not there",
		"no-filepath":    "samples without a filepath",
		"not-idempotent": "values that would be changed again by the next run",
		"unmatched":      "values that no map answers for",
		"other":          "other rows",
	}[kind]
}

// causeWords says why something was asked again.
func causeWords(cause string) string {
	return map[string]string{
		"throttled":   "the store asked to slow down",
		"unreachable": "no connection came about",
		"timeout":     "no answer in time",
		"renewed":     "an expired token, or a wrong clock",
		"damaged":     "other bytes came than were sent",
		"temporary":   "other errors of server or network",
	}[cause]
}
