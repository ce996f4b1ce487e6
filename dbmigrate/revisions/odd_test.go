package revisions_test

import (
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// What no version of FiftyOne writes is refused by name and reason, with nothing
// planned.
func TestOddDatasetsAreRefused(t *testing.T) {
	for _, c := range []struct{ from, to, odd, reason string }{
		{"0.6.1", "0.6.2", `"sample_fields":"x"`, "its sample_fields is a string, not a list"},
		{"0.6.1", "0.6.2", `"sample_fields":[1]`, "item 0 of its sample_fields is a 32-bit integer, not a field"},
		{"0.6.1", "0.6.2", `"frame_fields":[{"name":"a"},{"ftype":"b"}]`, "item 1 of its frame_fields has no name"},
		{"0.6.2", "0.6.1", `"frame_fields":{"a":1}`, "its frame_fields is an embedded document, not a list"},
		{"0.6.1", "0.6.2", `"sample_collection_name":null`, "it names no collection of samples"},
		{"0.6.4", "0.6.5", `"sample_collection_name":7`, "it names no collection of samples"},
		{"0.6.5", "0.6.4", `"sample_fields":[null]`, "item 0 of its sample_fields is null, not a field"},
		{"0.7.1", "0.7.2", `"media_type":"video","sample_fields":[[]]`, "item 0 of its sample_fields is an array, not a field"},
		{"0.7.2", "0.7.1", `"media_type":"video","sample_collection_name":""`, "it names no collection of samples"},
		{"0.7.3", "0.7.4", `"evaluations":[]`, "its evaluations is an array, not a map of runs"},
		{"0.7.3", "0.7.4", `"evaluations":{"e":{"$oid":"65aaaa00bbbbbbbbbb000014"}}`, `"e" in its evaluations is an objectID, not a run`},
		{"0.7.3", "0.7.4", `"evaluations":{"e":{"config":"x"}}`, `the config of "e" in its evaluations is a string, not a document`},
		{"0.7.4", "0.8.0", `"brain_methods":{"b":null}`, `"b" in its brain_methods is null, not a run`},
		{"0.13.0", "0.12.0", `"brain_methods":{"b":{"config":[]}}`, `the config of "b" in its brain_methods is an array, not a document`},
		{"0.7.4", "0.8.0", `"brain_methods":7.5`, "its brain_methods is a double, not a map of runs"},
		{"0.8.0", "0.7.4", `"evaluations":{"e":1}`, `"e" in its evaluations is a 32-bit integer, not a run`},
		{"0.9.3", "0.9.4", `"frame_fields":true`, "its frame_fields is a boolean, not a list"},
		{"0.9.4", "0.9.3", `"sample_fields":[{"name":1}]`, "item 0 of its sample_fields has no name"},
		{"0.12.0", "0.11.1", `"evaluations":{"e":"x"}`, `"e" in its evaluations is a string, not a run`},
		{"0.12.0", "0.13.0", `"brain_methods":{"e":[]}`, `"e" in its brain_methods is an array, not a run`},
		{"0.13.3", "0.14.0", `"sample_collection_name":[]`, "it names no collection of samples"},
	} {
		doc := parse(t, `{"_id":1,"name":"odd one","version":"`+c.from+`","sample_collection_name":"samples.x",`+c.odd+`}`)
		_, err := revisions.Datasets().Plan(t.Context(), dbmigrate.Memory{}, doc, c.to, dbmigrate.Env{})
		var refusal *dbmigrate.RefusalError
		if !errors.As(err, &refusal) || refusal.Dataset != "odd one" || refusal.Reason != c.reason || refusal.Hint == "" {
			t.Errorf("%s from %s to %s: %v, want: %s", c.odd, c.from, c.to, err, c.reason)
		}
	}
}

// parse reads extended JSON; of keys that come twice the last counts.
func parse(t *testing.T, text string) bson.D {
	t.Helper()
	var doc, once bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), false, &doc); err != nil {
		t.Fatal(err)
	}
	for i, e := range doc {
		last := true
		for _, later := range doc[i+1:] {
			last = last && later.Key != e.Key
		}
		if last {
			once = append(once, e)
		}
	}
	return once
}

// What a way down deletes, its plan says.
func TestLosses(t *testing.T) {
	for _, c := range []struct{ from, to, has, want string }{
		{"0.15.1", "0.15.0", `"skeletons":{"a":{}},"default_skeleton":{"edges":[]}`, "1 skeleton; the default skeleton"},
		{"0.15.1", "0.15.0", `"skeletons":{},"default_skeleton":null`, ""},
		{"0.14.0", "0.13.3", `"frame_collection_name":"frames.samples.y","created_at":{"$date":"2020-01-01T00:00:00Z"}`, `the times at which the dataset was made and last loaded; that its frames are in "frames.samples.y": versions before 0.14.0 look for them in "frames.samples.x"`},
		{"0.14.0", "0.13.3", `"frame_collection_name":"frames.samples.x","created_at":null`, ""},
		{"0.13.0", "0.12.0", `"annotation_runs":{"a":{},"b":{}},"brain_methods":{"s":{"config":{"cls":"fiftyone.brain.similarity.SimilarityConfig","metric":"cosine"}}}`, `2 annotation runs; the model and metric of the similarity index "s"`},
		{"0.13.0", "0.12.0", `"brain_methods":{"s":{"config":{"cls":"fiftyone.brain.similarity.SimilarityConfig","model":null,"metric":"euclidean"}}}`, ""},
		{"0.9.4", "0.9.3", `"sample_fields":[{"name":"id","db_field":"_id"},{"name":"a","db_field":"a"},{"name":"b","db_field":"_b"}]`, `that the values of the field "b" are stored as "_b": older versions, and newer ones later, look for "b"`},
		{"0.8.0", "0.7.4", `"classes":{"a":["b"]},"default_classes":[],"mask_targets":{},"default_mask_targets":{"1":"a"},"evaluations":{"e":{"results":{"$oid":"65aaaa00bbbbbbbbbb000014"}}}`, `the classes of fields; the default mask targets; the results of 1 run: files in GridFS that nothing names any more`},
		{"0.7.4", "0.7.3", `"evaluations":{"e":{"key":"e","timestamp":1,"config":{"gt_field":"g","pred_field":"p"}}},"brain_methods":{"a":{}}`, `the time of 1 evaluation; 1 brain method`},
		{"0.7.3", "0.7.2", `"evaluations":{"e":{}}`, "1 evaluation"},
		{"0.6.2", "0.6.1", `"media_type":"image"`, "all shapes but the first of 2 polylines in samples.x"},
	} {
		doc := parse(t, `{"_id":1,"name":"d","version":"`+c.from+`","sample_collection_name":"samples.x",`+c.has+`}`)
		db := dbmigrate.Memory{"samples.x": {
			parse(t, `{"_id":1,"p":{"_cls":"Polyline","points":[[[0,0]],[[1,1]]]},"q":{"_cls":"Polylines","polylines":[{"_cls":"Polyline","points":[[],[]]},{"_cls":"Polyline","points":[[[0,0]]]}]}}`),
			parse(t, `{"_id":2,"p":{"_cls":"Polyline","points":[]},"q":null}`),
		}}
		plan, err := revisions.Datasets().Plan(t.Context(), db, doc, c.to, dbmigrate.Env{})
		if err != nil {
			t.Errorf("%s from %s: %v", c.has, c.from, err)
		} else if got := strings.Join(plan.Losses, "; "); got != c.want {
			t.Errorf("%s from %s loses %s, want %s", c.has, c.from, got, c.want)
		}
	}
}

// A conversion that meets a document again leaves it alone, and what is no polyline
// of its kind it never touches.
func TestPolylines(t *testing.T) {
	up, down := revisions.Datasets().Conversion("0.6.2 up polylines"), revisions.Datasets().Conversion("0.6.2 down polylines")
	for _, c := range []struct{ before, up, down string }{
		{`[[0,0],[1,1]]`, `[[[0,0],[1,1]]]`, `[[0,0],[1,1]]`},
		{`[]`, `[[]]`, `[]`},
		{`[[[0,0]],[[1,1]]]`, `[[[0,0]],[[1,1]]]`, `[[0,0]]`},
		{`[[]]`, `[[]]`, `[]`},
		{`[[],[0,0]]`, `[[[],[0,0]]]`, `[[],[0,0]]`},
		{`null`, `null`, `null`},
		{`[1,2]`, `[1,2]`, `[1,2]`},
		{`"x"`, `"x"`, `"x"`},
		{`[null]`, `[null]`, `[null]`},
	} {
		for _, form := range []string{`{"p":{"_cls":"Polyline","points":%,"closed":true}}`, `{"p":{"_cls":"Polylines","polylines":[{"points":%,"_cls":"Polyline"}]}}`} {
			doc := parse(t, strings.ReplaceAll(form, "%", c.before))
			for _, step := range []struct {
				convert dbmigrate.Conversion
				want    string
			}{{up, c.up}, {up, c.up}, {down, c.down}, {down, c.down}} {
				text, _ := bson.MarshalExtJSON(doc, false, false)
				want := strings.ReplaceAll(form, "%", step.want)
				changed, err := step.convert(t.Context(), nil, &doc, bson.D{})
				got, marshalErr := bson.MarshalExtJSON(doc, false, false)
				if err != nil || marshalErr != nil || string(got) != want || changed != (string(text) != want) {
					t.Errorf("%s became %s (changed %v, %v), want %s", text, got, changed, err, want)
				}
			}
		}
	}
}

// A database of another type than FiftyOne's own can't go where there was none.
func TestTypeDown(t *testing.T) {
	for kind, refused := range map[string]bool{"fiftyone": false, "fiftyone-teams": true} {
		doc := bson.D{{Key: "_id", Value: 1}, {Key: "version", Value: "0.15.1"}, {Key: "type", Value: kind}}
		plan, err := revisions.Database().PlanDatabase(t.Context(), dbmigrate.Memory{}, doc, "0.15.0", dbmigrate.Env{})
		var refusal *dbmigrate.RefusalError
		if errors.As(err, &refusal) != refused {
			t.Errorf("%s: %v", kind, err)
		}
		if !refused && len(plan.After) != 2 {
			t.Errorf("after %v", plan.After)
		}
	}
}
