package savedview

import (
	"fmt"
	"strings"

	"github.com/medialift/medialift/dataset"
)

// Look shows the judge one value as it is and what it becomes, the same where it stays.
func (j *Judge) Look(row dataset.Row, before, after string) {
	for _, t := range j.tests(row) {
		t.look(before, after)
	}
	if before == after || len(j.loose) == 0 {
		return
	}
	if len(j.dirs) < mostBases {
		dir, _ := moving(before, after)
		if dir == "" { // something is put before it: its first element stands for all
			if first, _, ok := strings.Cut(strings.TrimLeft(before, "/"), "/"); ok {
				dir = before[:strings.Index(before, first)+len(first)]
			}
		}
		j.dirs[dir] = true
	}
	for i := 2; i <= len(before); i++ {
		if i < len(before) && before[i-1] != '/' && before[i] != '/' && before[i-1] != '\\' && before[i] != '\\' {
			continue
		}
		j.mentioned(before[:i])
	}
}

// mentioned notes that a text stands for what moves, in conditions of unknown fields.
func (j *Judge) mentioned(text string) {
	for _, t := range j.loose[text] {
		t.affect(text)
		t.fault = "it is not known which field it is compared with"
	}
}

func (t *test) affect(text string) {
	if !t.affected {
		t.affected, t.shown = true, text
	}
}

func (t *test) look(before, after string) {
	moved := before != after
	switch t.kind {
	case isOneOf:
		if t.set[before] != t.set[after] {
			t.affect(before)
		}
		if !t.set[before] {
			return
		}
		if !moved {
			t.stays[before] = true
		} else if other, ok := t.becomes[before]; ok && other != after {
			t.fault = "values of this path become several"
		} else {
			t.becomes[before] = after
		}
	case matches:
		if !moved {
			return
		}
		if t.re == nil {
			t.affect(t.values[0].text)
			t.fault = "only MongoDB can evaluate its regular expression"
			return
		}
		was := t.re.MatchString(before)
		if was != t.re.MatchString(after) {
			t.affect(t.values[0].text)
		}
		if was {
			t.bases.add(before, after)
		}
	case computes:
		if t.order && t.keepsOrder(before, after) {
			return
		}
		if moved || t.order && len(t.bases) > 0 {
			t.affect(t.about())
			t.fault = fmt.Sprintf("it %s, and only FiftyOne can tell what that comes to", t.does)
		}
	}
}

// keepsOrder reports whether all values so far move along with one directory, or stay:
// then their order is the same as before.
func (t *test) keepsOrder(before, after string) bool {
	if before == after {
		t.stays[""] = true
	} else {
		t.bases.add(before, after)
	}
	for _, to := range t.bases {
		if to == "" {
			return false
		}
	}
	return len(t.bases) == 0 || len(t.bases) == 1 && !t.stays[""]
}

// about is what a test that computes shows.
func (t *test) about() string {
	if len(t.values) > 0 {
		return t.values[0].text
	}
	return t.field
}
