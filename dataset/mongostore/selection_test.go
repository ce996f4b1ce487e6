package mongostore

import (
	"context"
	"errors"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
)

// names lists what tells samples of the fixture apart: their files.
func names(t *testing.T, s *Store, part dataset.Part) []string {
	t.Helper()
	var list []string
	for _, doc := range all(t, s, part) {
		path := doc.Lookup("filepath").StringValue()
		list = append(list, path[len("/srv/vision/"):])
	}
	return list
}

func TestSavedViews(t *testing.T) {
	ctx := context.Background()
	d, _ := rich(t)
	for _, tt := range []struct {
		dataset string
		sel     Selection
		want    []string
		err     error
	}{
		{"image", Selection{View: "two"}, []string{"images/train/000001.png", "images/train/000002.png"}, nil},
		{"image", Selection{View: "train"}, []string{"images/train/000001.png", "images/train/000002.png", "images/train/000003.png"}, nil},
		{"image", Selection{View: "old paths"}, []string{"images/val/000004.png", "images/val/000005.png", "images/val/100% été #6 日本.png"}, nil},
		{"image", Selection{View: "old paths", Tags: []string{"train"}}, nil, nil},
		{"image", Selection{Tags: []string{"train", "none"}}, []string{"images/train/000001.png", "images/train/000002.png", "images/train/000003.png"}, nil},
		{"image", Selection{View: "patches"}, nil, ErrView},
		{"image", Selection{View: "cats"}, nil, ErrView},
		{"image", Selection{View: "tow"}, nil, ErrNoView},
		{"group", Selection{View: "left"}, []string{"groups/left/000000.png", "groups/left/000001.png"}, nil},
	} {
		s, err := d.must(t, tt.dataset).Select(ctx, tt.sel)
		if !errors.Is(err, tt.err) {
			t.Errorf("%+v: got %v", tt.sel, err)
		}
		if err != nil {
			continue
		}
		if got := names(t, s, dataset.Samples); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %q", tt.sel, got)
		}
	}
}

// The frames of a part are those of its samples.
func TestFramesOfSelection(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	s := d.must(t, "video")
	if _, err := db.Collection(s.samples).UpdateOne(ctx, bson.D{{Key: "filepath", Value: "/srv/vision/videos/clip_1.mp4"}}, bson.D{{Key: "$push", Value: bson.D{{Key: "tags", Value: "one"}}}}); err != nil {
		t.Fatal(err)
	}
	chosen, err := s.Select(ctx, Selection{Tags: []string{"one"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, chosen, dataset.Frames); len(got) != 3 || got[0] != "frames/clip_1/000001.png" {
		t.Errorf("got %q", got)
	}
	changes := clouded(datasettest.Rows(t, chosen))
	if got := apply(t, chosen, changes); got[dataset.Changed] != 4 {
		t.Errorf("changed %v", got)
	}
}

// The temporal tags of a part are those that its samples have in its dataset, as
// FiftyOne exports them with a view.
func TestTagsOfSelection(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	s := d.must(t, "image")
	samples := all(t, s, dataset.Samples)
	for _, tag := range []struct {
		dataset any
		sample  bson.Raw
		name    string
	}{{s.id, samples[0], "b"}, {s.id, samples[0], "a"}, {s.id, samples[5], "no"}, {bson.NewObjectID(), samples[0], "no"}} {
		doc := bson.D{{Key: "_dataset_id", Value: tag.dataset}, {Key: "_sample_id", Value: tag.sample.Lookup("_id")}, {Key: "tag", Value: tag.name}}
		if _, err := db.Collection(tagsName).InsertOne(ctx, doc); err != nil {
			t.Fatal(err)
		}
	}
	chosen, err := s.Select(ctx, Selection{Tags: []string{"train"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tag := range all(t, chosen, dataset.Tags) {
		got = append(got, tag.Lookup("tag").StringValue())
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}

// Stages as FiftyOne saves them, and what they come to.
func TestStages(t *testing.T) {
	ctx := context.Background()
	d, _ := rich(t)
	s := d.must(t, "image")
	m, err := s.Manifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first := all(t, s, dataset.Samples)[0].Lookup("_id").ObjectID().Hex()
	for _, tt := range []struct {
		stages []string
		want   int // -1 for what is refused
	}{
		{nil, 6},
		{[]string{`{"_cls": "fiftyone.core.stages.Exclude", "kwargs": [["sample_ids", ["` + first + `"]]]}`}, 5},
		{[]string{`{"_cls": "fiftyone.core.stages.Exists", "kwargs": [["field", "thumbnail"], ["bool", true]]}`}, 5},
		{[]string{`{"_cls": "fiftyone.core.stages.Exists", "kwargs": [["field", "thumbnail"], ["bool", false]]}`}, 1},
		{[]string{`{"_cls": "fiftyone.core.stages.Exists", "kwargs": [["field", "nothing"]]}`}, -1},
		{[]string{`{"_cls": "fiftyone.core.stages.SelectBy", "kwargs": [["field", "id"], ["values", ["` + first + `"]], ["ordered", false]]}`}, 1},
		{[]string{`{"_cls": "fiftyone.core.stages.SelectBy", "kwargs": [["field", "weather.label"], ["values", ["sunny"]]]}`}, 3},
		{[]string{`{"_cls": "fiftyone.core.stages.ExcludeBy", "kwargs": [["field", "weather.label"], ["values", ["sunny"]]]}`}, 3},
		{[]string{`{"_cls": "fiftyone.core.stages.MatchTags", "kwargs": [["tags", ["train"]], ["bool", false], ["all", false]]}`}, 3},
		{[]string{`{"_cls": "fiftyone.core.stages.MatchTags", "kwargs": [["tags", ["train", "val"]], ["bool", true], ["all", true]]}`}, 0},
		{[]string{`{"_cls": "fiftyone.core.stages.Limit", "kwargs": [["limit", 2]]}`}, 2},
		{[]string{`{"_cls": "fiftyone.core.stages.Skip", "kwargs": [["skip", 2]]}`, `{"_cls": "fiftyone.core.stages.SortBy", "kwargs": [["field_or_expr", "filepath"], ["reverse", true]]}`}, 4},
		{[]string{`{"_cls": "fiftyone.core.stages.SortBy", "kwargs": [["field_or_expr", "filepath"]]}`, `{"_cls": "fiftyone.core.stages.Limit", "kwargs": [["limit", 2]]}`}, -1},
		{[]string{`{"_cls": "fiftyone.core.stages.Match", "kwargs": [["filter", false]]}`}, 0},
		{[]string{`{"_cls": "fiftyone.core.stages.Match", "kwargs": [["filter", {"$expr": {"$gt": [{"$size": "$frames"}, 2]}}]]}`}, -1},
		{[]string{`{"_cls": "fiftyone.core.stages.Take", "kwargs": [["size", 2], ["seed", null]]}`}, -1},
		{[]string{`{"_cls": "some.plugin.Stage", "kwargs": []}`}, -1},
	} {
		var stages []stage
		for _, text := range tt.stages {
			parsed, err := parseStage(text)
			if err != nil {
				t.Fatal(err)
			}
			stages = append(stages, parsed)
		}
		pipeline, err := follow(m, stages)
		if (err != nil) != (tt.want < 0) {
			t.Errorf("%v: %v", tt.stages, err)
		}
		if err != nil {
			continue
		}
		chosen := *s
		chosen.pipeline = pipeline
		if got := len(all(t, &chosen, dataset.Samples)); got != tt.want {
			t.Errorf("%v: %d samples, want %d", tt.stages, got, tt.want)
		}
	}
}
