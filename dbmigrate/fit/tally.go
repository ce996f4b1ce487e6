package fit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A tally counts what was taken out: by where it stood and its key.
type tally struct {
	places []string // in the order in which they came up
	counts map[string]map[string]int
	whole  []string // runs, saved views and workspaces that went as a whole
}

// add counts a value, unless it says nothing.
func (t *tally) add(where, key string, value any) {
	if saysNothing(key, value) {
		return
	}
	if t.counts == nil {
		t.counts = map[string]map[string]int{}
	}
	if t.counts[where] == nil {
		t.counts[where] = map[string]int{}
		t.places = append(t.places, where)
	}
	t.counts[where][key]++
}

// saysNothing reports whether a value is the one that stands for none: a newer FiftyOne
// puts it back by itself.
func saysNothing(key string, value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case bson.D:
		return len(v) == 0
	case bson.A:
		return len(v) == 0
	}
	// The rate that every new dataset has.
	return key == "dynamic_groups_target_frame_rate" && (value == int32(30) || value == int64(30))
}

// say puts what was taken out into the losses of the plan, one line for all keys and one
// for each run, saved view and workspace.
func (f *fitting) say() {
	var parts []string
	for _, where := range f.taken.places {
		counts := f.taken.counts[where]
		most := 0
		for _, n := range counts {
			most = max(most, n)
		}
		text := strings.Join(slices.Sorted(maps.Keys(counts)), ", ") + " " + where
		if most > 1 {
			text += fmt.Sprintf(" (%d times)", most)
		}
		parts = append(parts, text)
	}
	if len(parts) > 0 {
		f.state.Lose("what FiftyOne %s does not know: %s", f.state.To, strings.Join(parts, "; "))
	}
	for _, text := range f.taken.whole {
		f.state.Lose("%s", text)
	}
}
