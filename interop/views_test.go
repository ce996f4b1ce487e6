//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newViews has FiftyOne make datasets with views that choose by paths, with what it
// generates behind views, and with what panels and label schemas keep elsewhere.
func newViews(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{r: start(t), state: t.TempDir(), folder: t.TempDir()}
	for _, e := range x.r.env {
		if uri, ok := strings.CutPrefix(e, "FIFTYONE_DATABASE_URI="); ok {
			x.uri = uri
		}
	}
	x.media = filepath.Join(x.folder, "media")
	x.a, x.b = x.r.session(t, "views-a", "views_side.py"), x.r.session(t, "views-b", "views_side.py")
	x.a.ask(nil, "make", x.media)
	return x
}

func TestSavedViews(t *testing.T) {
	x := newViews(t)
	t.Run("rewrite", x.viewsFollow)
	t.Run("import and lift", x.copiedViews)
	t.Run("generated", x.generatedFollow)
	t.Run("carried", x.carried)
}

// said is all that the binary says, on one of the databases; it must end with that exit
// code.
func (x *exchange) said(t *testing.T, s *session, code int, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary(), append(args, "--state", x.state, "--database-uri", x.uri, "--database-name", s.database)...)
	text, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("medialift %v: exit %d, want %d: %v\n%s", args, got, code, err, text)
	}
	return string(text)
}

// lastLift names the newest lift.
func lastLift(t *testing.T, state string) string {
	t.Helper()
	var listed struct{ Runs []struct{ Run string } }
	if err := json.Unmarshal(medialift(t, state, "runs", "--json"), &listed); err != nil {
		t.Fatal(err)
	}
	for _, run := range listed.Runs {
		if strings.HasPrefix(run.Run, "lift-") {
			return run.Run
		}
	}
	t.Fatalf("no lift in %v", listed)
	return ""
}

// chosen is what each view chooses, as FiftyOne says.
func chosen(t *testing.T, s *session, name string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	s.t = t
	s.ask(&found, "views", name)
	return found
}

// sameChoice wants the same views to choose the same, except those.
func sameChoice(t *testing.T, before, after map[string][]string, except []string) {
	t.Helper()
	if len(before) != len(after) || len(before) < 5 {
		t.Fatalf("%d views before, %d after", len(before), len(after))
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		same := slices.Equal(before[name], after[name])
		if !same && !slices.Contains(except, name) {
			t.Errorf("the view %q chose %q, and now %q", name, before[name], after[name])
		}
		if len(before[name]) == 0 {
			t.Errorf("the view %q chooses nothing", name)
		}
	}
}

// In the database itself every view follows or is named; undo puts all back.
func (x *exchange) viewsFollow(t *testing.T) {
	var opaque []string
	before := chosen(t, x.a, "paths")
	x.a.ask(&opaque, "opaque")
	var stages, undone map[string]any
	x.a.ask(&stages, "stages", "paths")
	args := []string{"rewrite", "db:paths", "--map", "prefix:" + x.media + "/dä-ta (1)=/moved/to"}
	text := x.said(t, x.a, 0, append(args, "--dry-run")...)
	for name := range before {
		named := strings.Contains(text, fmt.Sprintf("saved view %q ", name))
		silent := slices.Contains([]string{"ends", "other field", "tags", "sorted"}, name)
		if named == silent {
			t.Errorf("the plan names the view %q: %v", name, named)
		}
	}
	text = x.said(t, x.a, 0, append(args, "--update-views")...)
	sameChoice(t, before, chosen(t, x.a, "paths"), opaque)
	for _, name := range opaque {
		if !strings.Contains(text, fmt.Sprintf("saved view %q ", name)) {
			t.Errorf("the view %q is not named:\n%s", name, text)
		}
	}
	x.medialift(t, x.a, "undo", lastRun(t, x.state))
	sameChoice(t, before, chosen(t, x.a, "paths"), nil)
	x.a.ask(&undone, "stages", "paths")
	if fmt.Sprint(undone) != fmt.Sprint(stages) {
		t.Errorf("the stages were\n%v\nand are\n%v", stages, undone)
	}
}

// A copy has views that choose the same in it, of its own samples.
func (x *exchange) copiedViews(t *testing.T) {
	var opaque []string
	before := chosen(t, x.a, "paths")
	x.a.ask(&opaque, "opaque")
	dir := x.dir("paths", "theirs")
	x.a.ask(nil, "export", "paths", dir)
	x.medialift(t, x.b, "import", dir, "--create-database", "--name", "imported", "--update-views", "--map", "prefix:"+x.media+"/dä-ta (1)=/moved/to")
	sameChoice(t, before, chosen(t, x.b, "imported"), opaque)

	ours := x.dir("frames", "ours")
	x.medialift(t, x.a, "export", "frames", ours)
	x.medialift(t, x.b, "import", ours, "--name", "frames copied")
	sameChoice(t, chosen(t, x.a, "frames"), chosen(t, x.b, "frames copied"), nil)

	for _, source := range []string{"db:paths", dir} {
		name := "lifted " + filepath.Base(source)
		text := x.said(t, x.a, 0, "lift", source, x.dir("target"), "--to-uri", x.uri, "--to-database-name", x.b.database,
			"--name", name, "--layout", "hash", "--update-views")
		// No directory moves as a whole: what chooses by one is named.
		named := []string{}
		after := chosen(t, x.b, name)
		for view := range before {
			if strings.Contains(text, fmt.Sprintf("saved view %q ", view)) && strings.Contains(text, "will not find") {
				named = append(named, view)
			}
		}
		sameChoice(t, before, after, named)
		for _, exact := range []string{"equal", "unequal", "one of", "in a list", "matches", "select by", "nested", "patches", "concat"} {
			if !slices.Equal(before[exact], after[exact]) {
				t.Errorf("%s: the view %q chose %q, and now %q", source, exact, before[exact], after[exact])
			}
		}
	}
}

// What FiftyOne generated for views has no old path left, in any media field.
func (x *exchange) generatedFollow(t *testing.T) {
	for _, name := range []string{"paths", "frames"} {
		before := chosen(t, x.a, name)
		var was, moved, undone []int
		x.a.ask(&was, "below", name, x.media, "/moved")
		x.medialift(t, x.a, "rewrite", "db:"+name, "--map", "prefix:"+x.media+"=/moved", "--update-views")
		x.a.ask(&moved, "below", name, x.media, "/moved")
		if was[0] < 6 || was[1] != 0 || moved[0] != 0 || moved[1] != was[0] {
			t.Errorf("%s: old and new paths were %v, and are %v", name, was, moved)
		}
		x.medialift(t, x.a, "undo", lastRun(t, x.state))
		x.a.ask(&undone, "below", name, x.media, "/moved")
		if !slices.Equal(was, undone) {
			t.Errorf("%s: old and new paths were %v, and after undo %v", name, was, undone)
		}
		sameChoice(t, before, chosen(t, x.a, name), nil)
	}
}

// A lift, and an export with an import, carry what FiftyOne's clone carries; undo takes
// back what the lift made and nothing else.
func (x *exchange) carried(t *testing.T) {
	x.a.t, x.b.t = t, t
	var panels map[string]string
	var schema any
	x.a.ask(&panels, "panels", "carried")
	x.a.ask(&schema, "schema", "carried")
	maps.DeleteFunc(panels, func(key, _ string) bool { return strings.HasPrefix(key, "my plugin ") })
	same := func(name string) {
		t.Helper()
		var copied map[string]string
		var resolved any
		if x.b.ask(&copied, "panels", name); !maps.Equal(panels, copied) || len(copied) < 3 {
			t.Errorf("panels had\n%v\nand have\n%v", panels, copied)
		}
		if x.b.ask(&resolved, "schema", name); fmt.Sprint(resolved) != fmt.Sprint(schema) {
			t.Errorf("the label schema had\n%v\nand has\n%v", schema, resolved)
		}
	}
	shared := func() string {
		t.Helper()
		var found []any
		x.b.ask(&found, "shared")
		return fmt.Sprint(found)
	}
	nothing := shared()
	lift := []string{"lift", "db:carried", x.dir("target"), "--to-uri", x.uri, "--to-database-name", x.b.database}
	if text := x.said(t, x.a, 0, lift...); !strings.Contains(text, `Not carried over: the execution store "my plugin", `) {
		t.Errorf("the plugin's store is not named:\n%s", text)
	}
	same("carried")
	x.medialift(t, x.a, "undo", lastLift(t, x.state))
	if after := shared(); after != nothing {
		t.Errorf("a lift and undo make %s of %s", after, nothing)
	}

	// Somebody uses what the lift made.
	x.medialift(t, x.a, lift...)
	x.b.ask(nil, "use_ontology", "another", "damage of car")
	text := x.said(t, x.a, 0, "undo", lastLift(t, x.state))
	if after := shared(); !strings.Contains(after, "damage of car 2") || !strings.HasSuffix(after, " 0]") || !strings.Contains(text, "damage of car") {
		t.Errorf("after undo there are %s, and it said\n%s", after, text)
	}

	// What is there already is used, and stays.
	dir := x.dir("carried", "ours")
	x.medialift(t, x.a, "export", "carried", dir)
	x.medialift(t, x.b, "import", dir)
	same("carried")
	before := shared()
	x.medialift(t, x.a, append(lift, "--name", "second")...)
	same("second")
	x.medialift(t, x.a, "undo", lastLift(t, x.state))
	if after := shared(); after != before {
		t.Errorf("a lift and undo make %s of %s", after, before)
	}

	// Another one of the same name is never replaced.
	x.b.ask(nil, "change_ontology", "damage of car")
	before = shared()
	text = x.said(t, x.a, 4, append(lift, "--name", "third")...)
	if after := shared(); after != before || !strings.Contains(text, "damage of car") {
		t.Errorf("a refused lift makes %s of %s, and said\n%s", after, before, text)
	}
}
