package savedview

import (
	"fmt"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A Judge finds out which saved views of a dataset would choose others once its paths
// change, and what their stages have to become. It is shown every media value twice,
// with what it becomes: with Look, then, after Propose, with Check.
//
// It is for one goroutine.
type Judge struct {
	views   []*view
	byField map[string][]*test // by flat name
	byEnd   map[string][]*test // of any label: by the attribute
	loose   map[string][]*test
	names   map[string][]string // flat names of values, by where they stand
	dirs    map[string]bool     // that move
}

type view struct {
	name   string
	id     bson.RawValue
	texts  []string // the stages' JSON
	places []int    // which elements of view_stages they are
	tests  []*test
	broken string
}

// A test is a condition at work.
type test struct {
	condition
	stage    int // in texts
	affected bool
	shown    string // the literal that it is about
	fault    string // why it cannot follow
	set      map[string]bool
	becomes  map[string]string
	stays    map[string]bool
	re       *regexp.Regexp
	bases    bases
	newSet   map[string]bool
	newRe    *regexp.Regexp
	splices  []splice
}

// NewJudge reads the saved views of a dataset. Made, if not nil, reports whether a stage
// is as it has to be already.
func NewJudge(m dataset.Manifest, made func(view bson.RawValue, stage string) bool) *Judge {
	j := &Judge{byField: map[string][]*test{}, byEnd: map[string][]*test{}, loose: map[string][]*test{}, names: map[string][]string{}, dirs: map[string]bool{}}
	for _, doc := range m.Views() {
		v := &view{id: doc.Lookup("_id")}
		v.name, _ = doc.Lookup("name").StringValueOK()
		list, _ := doc.Lookup("view_stages").ArrayOK()
		stages, _ := list.Values()
		var nodes []*node
		for i, s := range stages {
			text, ok := s.StringValueOK()
			if !ok || made != nil && made(v.id, text) {
				continue
			}
			n, err := parse(text)
			if err != nil {
				v.broken = err.Error()
				continue
			}
			v.texts, v.places, nodes = append(v.texts, text), append(v.places, i), append(nodes, n)
		}
		j.add(v, nodes)
		j.views = append(j.views, v)
	}
	return j
}

// add collects the tests of a view.
func (j *Judge) add(v *view, stages []*node) {
	for i, stage := range stages {
		var found visitor
		for _, later := range stages[i+1:] {
			class, _ := kwargs(later)
			found.counted = found.counted || class == "Limit" || class == "Skip"
		}
		found.stage(stage)
		for _, c := range found.found {
			t := &test{condition: c, stage: i, becomes: map[string]string{}, stays: map[string]bool{}, bases: bases{}}
			j.enter(t)
			v.tests = append(v.tests, t)
		}
	}
}

// enter makes a test one of the values that it is about.
func (j *Judge) enter(t *test) {
	t.set = map[string]bool{}
	for _, value := range t.values {
		t.set[value.text] = true
	}
	if t.kind == matches {
		t.re = compile(t.values[0].text, t.options)
	}
	end, anyLabel := strings.CutPrefix(t.field, anyField+".")
	switch {
	case t.kind == loose || anyLabel && end != "mask_path" && end != "map_path":
		t.kind = loose
		for text := range t.set {
			if looksLikePath(text) {
				j.loose[text] = append(j.loose[text], t)
			}
		}
	case anyLabel:
		j.byEnd[end] = append(j.byEnd[end], t)
	default:
		j.byField[t.field] = append(j.byField[t.field], t)
	}
}

// Needed reports whether there is a view that asks for anything that may be a path.
func (j *Judge) Needed() bool { return len(j.byField)+len(j.byEnd)+len(j.loose) > 0 }

// tests are those that are about a value.
func (j *Judge) tests(row dataset.Row) []*test {
	key := row.Field + "\x00" + named(row.At)
	if row.Part == dataset.Frames {
		key = "f" + key
	}
	names, ok := j.names[key]
	if !ok {
		keys := flat(named(row.At))
		names = []string{keys}
		if declared := flat(row.Field); declared != keys {
			names = append(names, declared)
		}
		j.names[key] = names
	}
	var list []*test
	for _, name := range names {
		list = append(list, j.byField[name]...)
	}
	if end := names[0][strings.LastIndexByte(names[0], '.')+1:]; len(j.byEnd) > 0 {
		list = append(list, j.byEnd[end]...)
	}
	return list
}

// named spells a place without the positions in lists.
func named(at dataset.Pointer) string {
	var keys []string
	for step := range at.Steps() {
		if strings.Trim(step, "0123456789") != "" || len(keys) == 0 {
			keys = append(keys, step)
		}
	}
	return strings.Join(keys, ".")
}

// Propose makes up what the stages become, and reports whether there is anything to
// Check.
func (j *Judge) Propose() bool {
	for text := range j.loose {
		for dir := range j.dirs {
			if rest, ok := strings.CutPrefix(text, dir); dir != "" && ok && (rest == "" || rest[0] == '/') {
				j.mentioned(text)
			}
		}
	}
	due := false
	for _, v := range j.views {
		for _, t := range v.tests {
			if t.affected && t.fault == "" {
				t.propose()
				due = due || t.fault == ""
			}
		}
	}
	return due
}

func (t *test) propose() {
	switch t.kind {
	case isOneOf:
		t.newSet = map[string]bool{}
		for _, value := range t.values {
			text := value.text
			if to, ok := t.becomes[text]; ok {
				if t.stays[text] {
					t.fault = "some values of this path stay"
					return
				}
				text = to
				t.splices = append(t.splices, splice{value.at, to})
			}
			t.newSet[text] = true
		}
	case matches:
		pattern, ok := t.bases.moved(t.values[0].text)
		if !ok {
			t.fault = "it holds no directory that moves as a whole"
			return
		}
		if t.newRe = compile(pattern, t.options); t.newRe == nil {
			t.fault = "only MongoDB can evaluate its regular expression"
			return
		}
		t.splices = []splice{{t.values[0].at, pattern}}
	}
}

// Check shows the judge one value once more, as Look does.
func (j *Judge) Check(row dataset.Row, before, after string) {
	for _, t := range j.tests(row) {
		if !t.affected || t.fault != "" {
			continue
		}
		if t.kind == isOneOf && t.set[before] != t.newSet[after] || t.kind == matches && t.re.MatchString(before) != t.newRe.MatchString(after) {
			t.fault = fmt.Sprintf("with the new paths in it the view would choose others: %q", after)
		}
	}
}
