package oldclients

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A verdict is what an old client found in a database, beside what the plan had said.
type verdict struct {
	// there are the datasets that the database holds.
	there []string
	// failed says for each dataset that the client lists what it failed to do.
	failed map[string][]string
	// named says for each dataset that the plan named why.
	named map[string]string
}

// failures are the datasets that the client failed on, with the first thing it failed
// to do. One that it does not even list is among them.
func (v verdict) failures() map[string]string {
	all := map[string]string{}
	for _, name := range v.there {
		if list, ok := v.failed[name]; !ok {
			all[name] = "it is not listed"
		} else if len(list) > 0 {
			const most = 3
			all[name] = strings.Join(list[:min(most, len(list))], " / ")
			if len(list) > most {
				all[name] += fmt.Sprintf(" / and %d more", len(list)-most)
			}
		}
	}
	return all
}

// wrong lists what fails the test: datasets that failed and were not named, and names
// without a reason.
func (v verdict) wrong() (list []string) {
	failures := v.failures()
	for _, name := range slices.Sorted(maps.Keys(failures)) {
		if _, said := v.named[name]; !said {
			list = append(list, fmt.Sprintf("%q was not named by the plan and fails: %s", name, failures[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.named)) {
		if strings.TrimSpace(v.named[name]) == "" {
			list = append(list, fmt.Sprintf("%q was named by the plan without a reason", name))
		}
	}
	return list
}

// without takes out what the client fails to do with what it has just made itself, and
// what nobody has touched: on the same dataset the same thing, on others the same error.
func (v verdict) without(faults map[string][]string) verdict {
	same := map[string]bool{}
	for name, list := range faults {
		for _, fault := range list {
			what, _, _ := strings.Cut(fault, ": ")
			same[name+"\x00"+what], same[fault] = true, true
		}
	}
	failed := map[string][]string{}
	for name, list := range v.failed {
		failed[name] = slices.DeleteFunc(slices.Clone(list), func(fault string) bool {
			what, _, _ := strings.Cut(fault, ": ")
			return same[fault] || same[name+"\x00"+what]
		})
	}
	return verdict{there: v.there, failed: failed, named: v.named}
}

// cell is the verdict in a few words.
func (v verdict) cell() string {
	failures := v.failures()
	named, silent := 0, 0
	for name := range failures {
		if _, said := v.named[name]; said {
			named++
		} else {
			silent++
		}
	}
	text := fmt.Sprintf("%d of %d open", len(v.there)-len(failures), len(v.there))
	if named > 0 {
		text += fmt.Sprintf(", %d named", named)
	}
	if silent > 0 {
		text += fmt.Sprintf(", %d silent", silent)
	}
	return text
}

// line is the verdict in full: which datasets failed, and which the plan named.
func (v verdict) line() string {
	parts := []string{v.cell()}
	failures := v.failures()
	for _, name := range slices.Sorted(maps.Keys(failures)) {
		if reason, said := v.named[name]; said {
			parts = append(parts, fmt.Sprintf("%q fails as was said (%s)", name, short(reason)))
		} else {
			parts = append(parts, fmt.Sprintf("%q FAILS SILENTLY (%s)", name, short(failures[name])))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.named)) {
		if _, fails := failures[name]; !fails {
			parts = append(parts, fmt.Sprintf("%q was named and opens (%s)", name, short(v.named[name])))
		}
	}
	return strings.Join(parts, "; ")
}

func short(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// named reads which datasets a plan, printed with --json, says the target can't open or
// refuses, and why: migrate's lists migrations, lift's datasets.
func named(document []byte) (map[string]string, error) {
	var doc struct {
		Migrations []struct {
			Dataset    string
			CannotOpen *string `json:"cannot_open"`
			Refused    *string
		}
		Datasets []struct {
			Dataset, Status, Error string
			CannotOpen             *string `json:"cannot_open"`
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("no plan in %.300q: %w", document, err)
	}
	all := map[string]string{}
	for _, m := range doc.Migrations {
		for _, reason := range []*string{m.CannotOpen, m.Refused} {
			if m.Dataset != "" && reason != nil {
				all[m.Dataset] = *reason
			}
		}
	}
	for _, d := range doc.Datasets {
		name := strings.TrimPrefix(d.Dataset, "db:")
		if d.CannotOpen != nil {
			all[name] = *d.CannotOpen
		} else if d.Status == "refused" {
			all[name] = d.Error
		}
	}
	return all, nil
}

// A dataset that fails is noticed, unless it was named, and a name without a reason is.
func TestVerdict(t *testing.T) {
	plan, err := named([]byte(`{"migrations": [{"dataset": ""}, {"dataset": "fine"}, {"dataset": "said", "cannot_open": "it has scenes"},
		{"dataset": "refused", "refused": "it has groups"}, {"dataset": "mute", "cannot_open": ""}]}`))
	if err != nil {
		t.Fatal(err)
	}
	lifts, err := named([]byte(`{"datasets": [{"dataset": "db:fine", "status": "planned"}, {"dataset": "db:said", "status": "planned", "cannot_open": "it has scenes"},
		{"dataset": "db:refused", "status": "refused", "error": "it has groups"}]}`))
	if err != nil || len(lifts) != 2 || lifts["said"] != "it has scenes" || lifts["refused"] != "it has groups" {
		t.Errorf("of lifts are named %q, %v", lifts, err)
	}
	v := verdict{
		there:  []string{"fine", "silent", "said", "refused", "mute", "hidden"},
		failed: map[string][]string{"fine": {}, "silent": {"load: KeyError"}, "said": {"samples: no class"}, "refused": {"load: x", "y"}, "mute": {}},
		named:  plan,
	}
	want := []string{
		`"hidden" was not named by the plan and fails: it is not listed`, `"silent" was not named by the plan and fails: load: KeyError`,
		`"mute" was named by the plan without a reason`,
	}
	if got := v.wrong(); !slices.Equal(got, want) {
		t.Errorf("wrong: %q, want %q", got, want)
	}
	if got := v.cell(); got != "2 of 6 open, 2 named, 2 silent" {
		t.Errorf("cell: %s", got)
	}
	if got := v.line(); !strings.Contains(got, `"silent" FAILS SILENTLY (load: KeyError)`) || !strings.Contains(got, `"said" fails as was said (it has scenes)`) {
		t.Errorf("line: %s", got)
	}
	if got := (verdict{there: []string{"fine"}, failed: map[string][]string{"fine": nil}}).wrong(); got != nil {
		t.Errorf("nothing fails: %q", got)
	}
	own := verdict{there: []string{"a", "b"}, failed: map[string][]string{"a": {"cloning: KeyError: 5", "load: X"}, "b": {"cloning: KeyError: 4", "cloning: KeyError: 5"}}}
	left := own.without(map[string][]string{"a": {"cloning: KeyError: 4"}}).failed
	if !slices.Equal(left["a"], []string{"load: X"}) || !slices.Equal(left["b"], []string{"cloning: KeyError: 5"}) {
		t.Errorf("besides its own faults it has %q", left)
	}
	if _, err := named([]byte("medialift: error")); err == nil {
		t.Error("what is not a plan is taken for one that names nothing")
	}
}
