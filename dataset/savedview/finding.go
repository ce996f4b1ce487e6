package savedview

import "slices"

// Findings lists the views that the change of paths concerns, in their order. Why, if not
// empty, keeps every view as it is.
func (j *Judge) Findings(why string) []Finding {
	var list []Finding
	for _, v := range j.views {
		if f, ok := v.finding(why); ok {
			list = append(list, f)
		}
	}
	return list
}

func (v *view) finding(why string) (Finding, bool) {
	f := Finding{View: v.name, ID: v.id}
	edits := make([][]splice, len(v.texts))
	for _, t := range v.tests {
		if !t.affected {
			continue
		}
		fault := t.fault
		if why != "" {
			fault = why
		}
		f.Mentions = append(f.Mentions, Mention{Stage: t.class, Text: t.shown, Reason: fault})
		edits[t.stage] = append(edits[t.stage], t.splices...)
	}
	if len(f.Mentions) == 0 {
		return f, false
	}
	if v.broken != "" {
		f.Mentions = append(f.Mentions, Mention{Reason: "one of its stages " + v.broken})
	}
	if v.id.Type == 0 {
		f.Mentions = append(f.Mentions, Mention{Reason: "it has no _id"})
	}
	for _, m := range f.Mentions {
		if m.Reason != "" {
			return f, true
		}
	}
	for i, list := range edits {
		sorted, ok := inOrder(list)
		if !ok {
			f.Mentions = append(f.Mentions, Mention{Reason: "fields that it compares with one text move to several places"})
			f.Stages = nil
			return f, true
		}
		if len(sorted) > 0 {
			f.Stages = append(f.Stages, Stage{Index: v.places[i], Old: v.texts[i], New: spliced(v.texts[i], sorted)})
		}
	}
	return f, true
}

// inOrder sorts splices; false where two give one value other texts.
func inOrder(list []splice) ([]splice, bool) {
	slices.SortStableFunc(list, func(a, b splice) int { return a.at.Start - b.at.Start })
	var out []splice
	for _, s := range list {
		if n := len(out); n > 0 && out[n-1].at == s.at {
			if out[n-1].text != s.text {
				return nil, false
			}
			continue
		}
		out = append(out, s)
	}
	return out, true
}
