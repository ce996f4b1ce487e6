package fit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/clients"
	"github.com/medialift/medialift/dbmigrate/fit"
)

func fitted(t *testing.T, db dbmigrate.Memory, doc bson.D, to string) *dbmigrate.Plan {
	t.Helper()
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1")).EndWith(fit.Documents())
	plan, err := registry.Plan(t.Context(), db, doc, to, dbmigrate.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func read(t *testing.T, text string) bson.D {
	t.Helper()
	var doc bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), false, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

const whole = `{"_id": 1, "name": "d", "version": "1.22.1", "info": {"any": {"key": 1}}, "_media_roots": {}, "camera_intrinsics": {"a": 1},
	"sample_fields": [{"name": "a", "ftype": "x", "read_only": false, "created_at": 7, "schema": {"k": 1}, "fields": [{"_cls": "SampleFieldDocument", "name": "b", "created_at": 7}]}],
	"frame_fields": [{"name": "a", "created_at": 7}],
	"app_config": {"media_fields": ["filepath"], "color_scheme": {"color_pool": ["#123456"]}, "media_fallback": false, "dynamic_groups_target_frame_rate": 30,
		"sidebar_groups": [{"name": "g", "paths": [], "expanded": true}]},
	"skeletons": {"s": {"labels": null, "edges": [], "more": 1}}}`

// A strict class is left with what it knows; others keep all, so that nothing is lost for
// nothing. Losses name keys and count fields; a value that says nothing is no loss.
func TestStrictClasses(t *testing.T) {
	for _, c := range []struct {
		to, want string
		losses   []string
	}{
		{"1.10.0", strings.ReplaceAll(whole, "1.22.1", "1.10.0"), nil},
		{"0.18.0", strings.ReplaceAll(whole, "1.22.1", "0.18.0"), nil},
		{"0.17.2", `{"_id": 1, "name": "d", "version": "0.17.2", "info": {"any": {"key": 1}}, "_media_roots": {}, "camera_intrinsics": {"a": 1},
			"sample_fields": [{"name": "a", "ftype": "x", "read_only": false, "created_at": 7, "schema": {"k": 1}, "fields": [{"_cls": "SampleFieldDocument", "name": "b", "created_at": 7}]}],
			"frame_fields": [{"name": "a", "created_at": 7}],
			"app_config": {"media_fields": ["filepath"], "sidebar_groups": [{"name": "g", "paths": [], "expanded": true}]},
			"skeletons": {"s": {"labels": null, "edges": [], "more": 1}}}`,
			[]string{"what FiftyOne 0.17.2 does not know: color_scheme of its app_config"}},
		{"0.16.5", `{"_id": 1, "name": "d", "version": "0.16.5", "info": {"any": {"key": 1}},
			"sample_fields": [{"name": "a", "ftype": "x", "fields": [{"_cls": "SampleFieldDocument", "name": "b"}]}],
			"frame_fields": [{"name": "a"}],
			"skeletons": {"s": {"labels": null, "edges": []}}}`,
			[]string{"what FiftyOne 0.16.5 does not know: app_config, camera_intrinsics of its own document; created_at, schema of fields (3 times); more of skeletons"}},
	} {
		plan := fitted(t, nil, read(t, whole), c.to)
		if got, want := plan.After.String(), read(t, c.want).String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.to, got, want)
		}
		if !slices.Equal(plan.Losses, c.losses) {
			t.Errorf("%s: losses %q, want %q", c.to, plan.Losses, c.losses)
		}
	}
}

// Between the versions that were looked at, a class is as strict as the next one has it.
func TestStrictBetween(t *testing.T) {
	plan := fitted(t, nil, read(t, whole), "0.17.0")
	if strings.Contains(plan.After.String(), "color_scheme") {
		t.Errorf("0.17.0 can't read %s", plan.After)
	}
}

// An argument of a stage that the target refuses goes where the stage does the same
// without; otherwise what has the stage goes as a whole, and is named.
func TestStages(t *testing.T) {
	stage := func(name, kwargs string) string {
		return fmt.Sprintf(`{"_cls": "fiftyone.core.stages.%s", "kwargs": [%s], "_uuid": "u"}`, name, kwargs)
	}
	for _, c := range []struct {
		to, stage, want, why string
	}{
		{"0.20.1", stage("SelectGroupSlices", `["slices", "left"], ["flat", true], ["_force_mixed", false]`), stage("SelectGroupSlices", `["slices", "left"]`), ""},
		{"0.20.1", stage("SelectGroupSlices", `["slices", "<é>"], ["flat", false]`), "", "the argument flat of the stage SelectGroupSlices came with FiftyOne"},
		{"1.20.1", stage("SelectGroupSlices", `["slices", "left"], ["flat", false]`), stage("SelectGroupSlices", `["slices", "left"], ["flat", false]`), ""},
		{"0.20.1", stage("MapValues", `["field", "a"]`), "", "the stage MapValues came with FiftyOne"},
		{"0.20.1", stage("Nowhere", ``), "", "the stage Nowhere is not known"},
		{"0.20.1", stage("Concat", `["samples", {"view": [`+stage("SelectGroupSlices", `["flat", true]`)+`]}]`), stage("Concat", `["samples", {"view": [`+stage("SelectGroupSlices", ``)+`]}]`), ""},
		{"0.20.1", `not JSON`, `not JSON`, ""},
	} {
		view := bson.D{{Key: "_id", Value: "v"}, {Key: "name", Value: "my view"}, {Key: "view_stages", Value: bson.A{c.stage}}}
		run := bson.D{{Key: "_id", Value: "r"}, {Key: "key", Value: "e"}, {Key: "view_stages", Value: bson.A{c.stage}}}
		db := dbmigrate.Memory{"views": {view}, "runs": {run}}
		doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "saved_views": ["other", "v"], "evaluations": {"e": "r"}}`)
		plan := fitted(t, db, doc, c.to)
		if c.why != "" {
			after := read(t, `{"_id": 1, "name": "d", "version": "`+c.to+`", "saved_views": ["other"], "evaluations": {}}`)
			if plan.After.String() != after.String() || len(plan.Last) != 2 || len(plan.Losses) != 2 || !strings.Contains(plan.Losses[0], c.why) ||
				!strings.Contains(plan.Losses[1], `the saved view "my view"`) {
				t.Errorf("%s: %s, last %v, losses %q", c.stage, plan.After, plan.Last, plan.Losses)
			}
			continue
		}
		if len(plan.Losses) > 0 || len(plan.Last) > 0 {
			t.Errorf("%s: losses %q, last %v", c.stage, plan.Losses, plan.Last)
		}
		if c.want == c.stage {
			if len(plan.Ops) > 0 {
				t.Errorf("%s: writes %v", c.stage, plan.Ops)
			}
			continue
		}
		for _, op := range plan.Ops {
			put, _ := op.(dbmigrate.Put)
			if got := put.Doc[len(put.Doc)-1].Value.(bson.A)[0]; got != c.want || put.Was[len(put.Was)-1].Value.(bson.A)[0] != c.stage {
				t.Errorf("%s becomes %s, want %s; was %v", c.stage, got, c.want, put.Was)
			}
		}
		if len(plan.Ops) != 2 {
			t.Errorf("%s: writes %v", c.stage, plan.Ops)
		}
	}
}

// Stages that differ by arguments without which they do the same are the same.
func TestSameStages(t *testing.T) {
	stages := func(kwargs string) bson.A {
		return bson.A{`{"_cls": "fiftyone.core.stages.SelectGroupSlices", "kwargs": [` + kwargs + `]}`}
	}
	for _, c := range []struct {
		a, b any
		same bool
	}{
		{stages(`["slices", "l"], ["flat", true]`), stages(`["slices", "l"], ["media_type", null]`), true},
		{stages(`["slices", "l"], ["flat", false]`), stages(`["slices", "l"]`), false},
		{stages(`["slices", "l"]`), stages(`["slices", "r"]`), false},
		{stages(`["slices", "l"]`), bson.A{}, false},
		{nil, nil, false},
	} {
		if fit.SameStages(c.a, c.b) != c.same {
			t.Errorf("%v and %v: not %v", c.a, c.b, c.same)
		}
	}
}

// The settings of a run have a class that the target has, or the run goes; somebody's own
// class stays, and so does any where the target reads runs of unknown ones.
func TestRunConfigs(t *testing.T) {
	for _, c := range []struct {
		to, config, why string
	}{
		{"0.20.1", `{"cls": "fiftyone.brain.internal.core.leaky_splits.LeakySplitsConfig", "method": "x"}`, "LeakySplitsConfig came with FiftyOne 1.1.0"},
		{"1.0.2", `{"cls": "fiftyone.brain.internal.core.leaky_splits.LeakySplitsConfig", "method": "x"}`, ""},
		{"0.20.1", `{"cls": "mine.Config", "method": "x", "more": 1}`, ""},
		{"0.14.2", `{"cls": "fiftyone.utils.eval.coco.COCOEvaluationConfig", "method": "coco", "iou": 0.5}`, ""},
	} {
		run := bson.D{{Key: "_id", Value: "r"}, {Key: "key", Value: "e"}, {Key: "config", Value: read(t, c.config)}}
		doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "brain_methods": {"e": "r"}}`)
		plan := fitted(t, dbmigrate.Memory{"runs": {run}}, doc, c.to)
		if c.why == "" && len(plan.Losses)+len(plan.Ops)+len(plan.Last) > 0 || c.why != "" && (len(plan.Losses) != 1 || !strings.Contains(plan.Losses[0], c.why)) {
			t.Errorf("%s at %s: losses %q, ops %v", c.config, c.to, plan.Losses, plan.Ops)
		}
	}
}

// What a client reads without a loss stays the same document.
func TestNewestKeepsAll(t *testing.T) {
	for _, version := range clients.Versions() {
		if version.Compare(dbmigrate.MustParseVersion("0.18.0")) < 0 || version.String() == "1.22.1" {
			continue
		}
		if plan := fitted(t, nil, read(t, whole), version.String()); len(plan.Losses) > 0 {
			t.Errorf("%s: %q", version, plan.Losses)
		}
	}
}
