package savedview_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/savedview"
)

// value is one of a dataset, before and after.
type value struct {
	part          dataset.Part
	field         string
	at            dataset.Pointer
	before, after string
}

// values are those of a dataset whose directory /d/ä-b moves, and of which one path
// stays.
var values = []value{
	{dataset.Samples, "filepath", "/filepath", "/d/ä-b/x/1.png", "s3://k/x/1.png"},
	{dataset.Samples, "filepath", "/filepath", "/d/ä-b/y/2.png", "s3://k/y/2.png"},
	{dataset.Samples, "filepath", "/filepath", "/d/other/3.png", "/d/other/3.png"},
	{dataset.Samples, "gt.detections", "/gt/detections/0/mask_path", "/d/ä-b/m/1.png", "s3://k/m/1.png"},
	{dataset.Samples, "crops", "/crops/1", "/d/ä-b/c/1.png", "s3://k/c/1.png"},
	{dataset.Frames, "frames.seg", "/seg/mask_path", "/d/ä-b/f/1.png", "s3://k/f/1.png"},
}

// judged are the findings of a view of these stages.
func judged(t *testing.T, values []value, stages ...string) []savedview.Finding {
	t.Helper()
	doc, err := bson.Marshal(bson.D{{Key: "saved_views", Value: bson.A{bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "name", Value: "v"}, {Key: "view_stages", Value: stages}}}}})
	if err != nil {
		t.Fatal(err)
	}
	j := savedview.NewJudge(dataset.Manifest{Doc: doc}, nil)
	show := func(each func(row dataset.Row, before, after string)) {
		for _, v := range values {
			each(dataset.Row{Part: v.part, Found: dataset.Found{Field: v.field, At: v.at, Value: v.before}}, v.before, v.after)
		}
	}
	show(j.Look)
	if j.Propose() {
		show(j.Check)
	}
	return j.Findings("")
}

func stage(class string, kwargs ...string) string {
	return `{"_cls": "fiftyone.core.stages.` + class + `", "kwargs": [` + strings.Join(kwargs, ", ") + `]}`
}

func matching(filter string) string { return stage("Match", `["filter", `+filter+`]`) }

// A view follows where it chooses the same then, is named where it does not, and is
// silent where it does not choose by what changes.
func TestJudge(t *testing.T) {
	state := func(inner string) string {
		return stage("ToPatches", `["field", "gt"]`, `["_state", {"dataset_id": "1", "stages": [`+inner+`], "name": "g"}]`)
	}
	for name, tt := range map[string]struct {
		stages []string
		want   []string // what each stage holds then; none where the view is silent
		reason string   // why it cannot follow
	}{
		"literal":       {[]string{matching(`{"$expr": {"$eq": ["$filepath", "/d/\u00e4-b/x/1.png"]}}`)}, []string{`["$filepath", "s3://k/x/1.png"]`}, ""},
		"reversed":      {[]string{matching(`{"$expr": {"$ne": ["/d/\u00e4-b/x/1.png", "$filepath"]}}`)}, []string{`["s3://k/x/1.png", "$filepath"]`}, ""},
		"list":          {[]string{matching(`{"$expr": {"$in": ["$filepath", ["/d/\u00e4-b/x/1.png", "/d/other/3.png"]]}}`)}, []string{`["s3://k/x/1.png", "/d/other/3.png"]`}, ""},
		"in a list":     {[]string{matching(`{"$expr": {"$in": ["/d/\u00e4-b/c/1.png", "$crops"]}}`)}, []string{`["s3://k/c/1.png", "$crops"]`}, ""},
		"query":         {[]string{matching(`{"$or": [{"filepath": "/d/\u00e4-b/x/1.png"}, {"filepath": {"$nin": ["/d/\u00e4-b/y/2.png"]}}]}`)}, []string{`[{"filepath": "s3://k/x/1.png"}, {"filepath": {"$nin": ["s3://k/y/2.png"]}}]`}, ""},
		"elements":      {[]string{matching(`{"gt.detections": {"$elemMatch": {"mask_path": "/d/\u00e4-b/m/1.png"}}}`)}, []string{`"s3://k/m/1.png"`}, ""},
		"escaped":       {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$filepath", "regex": "^/d/\u00e4\\-b/x", "options": null}}}`)}, []string{`"^s3://k/x"`}, ""},
		"alternatives":  {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$filepath", "regex": "^(/d/\u00e4\\-b/x/|/d/\u00e4\\-b/y)", "options": "i"}}}`)}, []string{`"^(s3://k/x/|s3://k/y)"`}, ""},
		"mongo regex":   {[]string{matching(`{"filepath": {"$not": {"$regex": "^/d/\u00e4-b/.*[.]png$"}}}`)}, []string{`"^s3://k/.*[.]png$"`}, ""},
		"extended":      {[]string{matching(`{"filepath": {"$regularExpression": {"pattern": "/d/\u00e4-b/x", "options": "u"}}}`)}, []string{`"pattern": "s3://k/x"`}, ""},
		"select by":     {[]string{stage("SelectBy", `["field", "filepath"]`, `["values", ["/d/\u00e4-b/x/1.png", "/gone.png"]]`)}, []string{`["s3://k/x/1.png", "/gone.png"]`}, ""},
		"mongo":         {[]string{stage("Mongo", `["pipeline", [{"$match": {"filepath": "/d/\u00e4-b/x/1.png"}}]]`)}, []string{`{"filepath": "s3://k/x/1.png"}`}, ""},
		"labels":        {[]string{stage("FilterLabels", `["field", "gt"]`, `["filter", {"$eq": ["$$this.mask_path", "/d/\u00e4-b/m/1.png"]}]`)}, []string{`"s3://k/m/1.png"`}, ""},
		"all labels":    {[]string{stage("MatchLabels", `["fields", null]`, `["filter", {"$eq": ["$$FIELD.mask_path", "/d/\u00e4-b/m/1.png"]}]`)}, []string{`"s3://k/m/1.png"`}, ""},
		"nested":        {[]string{matching(`{"$expr": {"$gt": [{"$size": {"$filter": {"input": "$frames", "as": "f", "cond": {"$eq": ["$$f.seg.mask_path", "/d/\u00e4-b/f/1.png"]}}}}, 0]}}`)}, []string{`"s3://k/f/1.png"`}, ""},
		"generated":     {[]string{matching(`{"filepath": "/d/\u00e4-b/x/1.png"}`), state(matching(`{"filepath": "/d/\u00e4-b/x/1.png"}`))}, []string{`{"filepath": "s3://k/x/1.png"}`, `{"filepath": "s3://k/x/1.png"}`}, ""},
		"concat":        {[]string{stage("Concat", `["samples", {"dataset_id": "1", "stages": [`+matching(`{"filepath": "/d/\u00e4-b/x/1.png"}`)+`]}]`)}, []string{`{"filepath": "s3://k/x/1.png"}`}, ""},
		"not a number":  {[]string{matching(`{"$and": [{"n": NaN}, {"filepath": "/d/\u00e4-b/x/1.png"}]}`)}, []string{`[{"n": NaN}, {"filepath": "s3://k/x/1.png"}]`}, ""},
		"above":         {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$filepath", "regex": "^/d/.*x"}}}`)}, nil, "no directory that moves"},
		"inside":        {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$filepath", "regex": "b/x"}}}`)}, nil, "no directory that moves"},
		"lookahead":     {[]string{matching(`{"filepath": {"$regex": "^/d/(?=x)"}}`)}, nil, "only MongoDB"},
		"part of text":  {[]string{matching(`{"$expr": {"$eq": [{"$substrBytes": ["$filepath", 0, 2]}, "/d"]}}`)}, nil, "only FiftyOne"},
		"order":         {[]string{matching(`{"$expr": {"$lt": ["$filepath", "/d/x"]}}`)}, nil, "only FiftyOne"},
		"unknown":       {[]string{stage("Hidden", `["what", {"deep": ["/d/\u00e4-b/x"]}]`)}, nil, "not known which field"},
		"unknown above": {[]string{stage("Hidden", `["what", "/d"]`)}, nil, "not known which field"},
		"two fields":    {[]string{matching(`{"$expr": {"$eq": ["$filepath", "$source"]}}`)}, nil, "another field"},
		"of what":       {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$$who.path", "regex": "^/d/\u00e4\\-b/x"}}}`)}, nil, "not known which field"},
		"half":          {[]string{matching(`{"filepath": "/d/\u00e4-b/x/1.png"}`), matching(`{"filepath": {"$regex": "b/x"}}`)}, nil, "no directory that moves"},
		"names":         {[]string{matching(`{"$expr": {"$regexMatch": {"input": "$filepath", "regex": "1\\.png$"}}}`)}, nil, ""},
		"other field":   {[]string{matching(`{"source": "/d/\u00e4-b/x/1.png"}`), matching(`{"$expr": {"$eq": ["$source", "/d/\u00e4-b/x/1.png"]}}`)}, nil, ""},
		"tags":          {[]string{stage("MatchTags", `["tags", ["/d/\u00e4-b/x/1.png"]]`)}, nil, ""},
		"stays":         {[]string{matching(`{"filepath": "/d/other/3.png"}`)}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := judged(t, values, tt.stages...)
			switch {
			case len(tt.want)+len(tt.reason) == 0:
				if len(found) != 0 {
					t.Errorf("found %v", found)
				}
				return
			case len(found) != 1 || found[0].View != "v":
				t.Fatalf("found %v", found)
			case found[0].Exact() != (tt.reason == "") || !strings.Contains(found[0].String(), tt.reason):
				t.Fatalf("found %v, want the reason %q", found[0], tt.reason)
			case len(found[0].Stages) != len(tt.want):
				t.Fatalf("%d stages change, want %d", len(found[0].Stages), len(tt.want))
			}
			for i, s := range found[0].Stages {
				if s.Old != tt.stages[s.Index] || !strings.Contains(s.New, tt.want[i]) || strings.Contains(s.New, "u00e4") {
					t.Errorf("stage %d becomes\n%s\nwant in it %s", s.Index, s.New, tt.want[i])
				}
			}
		})
	}
}

// One path that becomes several, or whose values stay in part, cannot be followed; nor
// can a directory that does not move as a whole.
func TestJudgeDisagreement(t *testing.T) {
	at := dataset.Pointer("/filepath")
	same := []value{{dataset.Samples, "filepath", at, "/d/1.png", "/n/1.png"}}
	literal, prefix := matching(`{"filepath": "/d/1.png"}`), matching(`{"filepath": {"$regex": "^/d/"}}`)
	for name, tt := range map[string]struct {
		more  value
		stage string
	}{
		"several":         {value{dataset.Samples, "filepath", at, "/d/1.png", "/n/2.png"}, literal},
		"stays":           {value{dataset.Samples, "filepath", at, "/d/1.png", "/d/1.png"}, literal},
		"taken":           {value{dataset.Samples, "filepath", at, "/n/1.png", "/n/1.png"}, literal},
		"two ways":        {value{dataset.Samples, "filepath", at, "/d/2.png", "/m/2.png"}, prefix},
		"another's there": {value{dataset.Samples, "filepath", at, "/n/2.png", "/n/2.png"}, prefix},
	} {
		if found := judged(t, same, tt.stage); len(found) != 1 || !found[0].Exact() {
			t.Errorf("%s: alone, found %v", name, found)
		}
		if found := judged(t, append(same, tt.more), tt.stage); len(found) != 1 || found[0].Exact() {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// A bucket that is put before a path moves every directory.
func TestJudgePutBefore(t *testing.T) {
	moved := []value{{dataset.Samples, "filepath", "/filepath", "/d/x/1.png", "s3://k/d/x/1.png"}, {dataset.Samples, "filepath", "/filepath", "/d/y/2.png", "s3://k/d/y/2.png"}}
	found := judged(t, moved, matching(`{"filepath": {"$regex": "^/d/x/"}}`))
	if len(found) != 1 || !found[0].Exact() || !strings.Contains(found[0].Stages[0].New, `"^s3://k/d/x/"`) {
		t.Errorf("found %+v", found)
	}
	if found := judged(t, moved, stage("Hidden", `["where", "/d/none"]`)); len(found) != 1 || found[0].Exact() {
		t.Errorf("found %+v", found)
	}
}

func TestRenamed(t *testing.T) {
	names := savedview.Names{Generated: map[string]string{"g": "g 2"}, OldID: "1", NewID: "2", OldName: "n", NewName: "m"}
	inner := stage("ToPatches", `["_state", {"dataset_id": "1", "dataset": "n", "stages": [], "name": "g"}]`)
	outer := stage("ToPatches", `["_state", {"dataset_id": "1", "stages": [`+inner+`], "name": "g"}]`)
	text := stage("Concat", `["samples", {"dataset_id": "1", "stages": [`+outer+`]}]`)
	want := strings.NewReplacer(`"1"`, `"2"`, `"n"`, `"m"`, `"g"`, `"g 2"`).Replace(text)
	if got := savedview.Renamed(text, names); got != want {
		t.Errorf("renamed is\n%s\nwant\n%s", got, want)
	}
	other := stage("Match", `["filter", {"dataset_id": "1", "name": "g"}]`)
	if got := savedview.Renamed(other, names); got != other {
		t.Errorf("a filter became %s", got)
	}
	if got := savedview.Generated(text); len(got) != 2 || got[0] != "g" {
		t.Errorf("generated are %q", got)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(matching(`{"filepath": "/d/\u00e4-b/x/1.png"}`))
	f.Add(stage("Concat", `["samples", {"stages": [{}]}]`))
	f.Add(`{"kwargs": [["filter", {"$not": {"$filter": 1}}], [], null], "_cls": 3}`)
	f.Fuzz(func(t *testing.T, stage string) {
		for _, found := range judged(t, values, stage) {
			for _, s := range found.Stages {
				if s.Old == s.New {
					t.Errorf("%q changes to itself", stage)
				}
			}
		}
	})
}
