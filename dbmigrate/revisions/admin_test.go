package revisions_test

import (
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// What no dataset names goes, by name; not so where a dataset does not say which
// samples are its own.
func TestOrphans(t *testing.T) {
	sound := parse(t, `{"_id":1,"name":"a","sample_collection_name":"samples.a","frame_collection_name":"frames.b"}`)
	for _, c := range []struct {
		dataset string
		dropped []string
	}{
		{`{"_id":2,"name":"b","sample_collection_name":"patches.b"}`, []string{"clips.x", "frames.x", "samples.x"}},
		{`{"_id":2,"name":"b"}`, nil},
		{`{"_id":2,"name":"b","sample_collection_name":null}`, nil},
		{`{"_id":2,"name":"b","sample_collection_name":7}`, nil},
	} {
		db := dbmigrate.Memory{"datasets": {sound, parse(t, c.dataset)}}
		for _, name := range []string{"samples.a", "frames.samples.a", "frames.b", "samples.x", "frames.x", "clips.x", "samples", "runs", "mine.x"} {
			db[name] = nil
		}
		config := bson.D{{Key: "_id", Value: 1}, {Key: "version", Value: "0.14.4"}}
		plan, err := revisions.Database().PlanDatabase(t.Context(), db, config, "0.15.0", dbmigrate.Env{})
		if err != nil {
			t.Fatal(err)
		}
		var dropped []string
		for _, op := range slices.Concat(plan.Ops, plan.Last) {
			dropped = append(dropped, op.Target())
		}
		said := plan.Losses
		if c.dropped == nil {
			said = plan.Warnings
		}
		if !slices.Equal(dropped, c.dropped) || len(said) != 1 || !strings.HasSuffix(said[0], "clips.x, frames.x, samples.x") {
			t.Errorf("%s: drops %q, loses %q, warns %q", c.dataset, dropped, plan.Losses, plan.Warnings)
		}
	}
}

// Odd runs are taken along by the steps that do not look into them, as FiftyOne does.
func TestOddRunsAreTakenAlong(t *testing.T) {
	for _, c := range []struct{ from, to, odd, losses string }{
		{"0.7.4", "0.8.0", `"evaluations":{"e":{"config":"x"}}`, ""},
		{"0.12.0", "0.11.1", `"brain_methods":{"b":{"config":[]}}`, ""},
		{"0.7.4", "0.7.3", `"brain_methods":{"b":null}`, "1 brain method"},
		{"0.7.4", "0.7.3", `"brain_methods":["b"]`, "its brain_methods, an array"},
	} {
		doc := parse(t, `{"_id":1,"name":"odd","version":"`+c.from+`","sample_collection_name":"samples.x",`+c.odd+`}`)
		plan, err := revisions.Datasets().Plan(t.Context(), dbmigrate.Memory{}, doc, c.to, dbmigrate.Env{})
		if err != nil {
			t.Errorf("%s: %v", c.odd, err)
		} else if got := strings.Join(plan.Losses, "; "); got != c.losses {
			t.Errorf("%s from %s to %s loses %q, want %q", c.odd, c.from, c.to, got, c.losses)
		}
	}
}

// The plan says which frames the way below 0.6.2 leaves without a sample.
func TestFramesWithoutNumber(t *testing.T) {
	doc := parse(t, `{"_id":1,"name":"v","version":"0.6.2","media_type":"video","sample_collection_name":"samples.x","sample_fields":[],"frame_fields":[]}`)
	db := dbmigrate.Memory{"frames.samples.x": {
		parse(t, `{"_id":1,"_sample_id":1,"frame_number":1}`),
		parse(t, `{"_id":2,"_sample_id":1,"frame_number":{"$numberLong":"2"}}`),
		parse(t, `{"_id":3,"_sample_id":1,"frame_number":2.5}`),
		parse(t, `{"_id":4,"_sample_id":1}`),
		parse(t, `{"_id":5,"frame_number":"x"}`),
	}}
	plan, err := revisions.Datasets().Plan(t.Context(), db, doc, "0.6.1", dbmigrate.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "whose 2 frames in frames.samples.x are that have no whole number"; !slices.Contains(plan.Losses, want) {
		t.Errorf("loses %q, want %q among it", plan.Losses, want)
	}
}

// The indexes of temporal tags go at 1.23.0, once that version is known: not before,
// however new the target, and not on the way down.
func TestTagIndexes(t *testing.T) {
	db := dbmigrate.Memory{"tags": nil}
	for _, c := range []struct {
		newest, from, to string
		db               dbmigrate.Memory
		dropped          int
		refused          bool
	}{
		{revisions.Newest, "1.21.0", "1.22.1", db, 0, false},
		{revisions.Newest, "0.14.4", "1.22.1", db, 0, false},
		{revisions.Newest, "1.22.1", "1.23.0", db, 0, true},
		{"1.23.0", "1.21.0", "1.22.1", db, 0, false},
		{"1.23.0", "1.22.1", "1.23.0", db, 4, false},
		{"1.24.0", "0.14.4", "1.24.0", db, 4, false},
		{"1.24.0", "1.23.0", "1.24.0", db, 0, false},
		{"1.23.0", "1.23.0", "1.22.1", db, 0, false},
		{"1.23.0", "1.22.1", "1.23.0", dbmigrate.Memory{}, 0, false},
	} {
		registry := revisions.Database().UpTo(dbmigrate.MustParseVersion(c.newest))
		config := bson.D{{Key: "_id", Value: 1}, {Key: "version", Value: c.from}, {Key: "type", Value: "fiftyone"}}
		plan, err := registry.PlanDatabase(t.Context(), c.db, config, c.to, dbmigrate.Env{})
		if c.refused {
			if err == nil {
				t.Errorf("%+v is not refused", c)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Ops) != c.dropped || len(plan.Last)+len(plan.Losses) != 0 {
			t.Errorf("%+v: %v, then %v; loses %q", c, plan.Ops, plan.Last, plan.Losses)
		}
		for _, op := range plan.Ops {
			if drop, ok := op.(dbmigrate.DropIndex); !ok || drop.Collection != "tags" || !strings.HasPrefix(drop.Name, "temporal_tag_") {
				t.Errorf("%+v: %v", c, op)
			}
		}
	}
}
