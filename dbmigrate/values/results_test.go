package values_test

import (
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// packedPoints is [[1.0, 2.0], [3.0, 4.0]] as FiftyOne packs it.
const packedPoints = "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgpGmjoKtQpkAy4GMPhgD6EZHCAUB5QWcAAA65kddg=="

// Results whose arrays are packed become ones with lists for a version that reads lists
// alone; others stay, and what can't be unpacked is named.
func TestVisualizations(t *testing.T) {
	run := func(id int32, class, name string) bson.D {
		return bson.D{{Key: "_id", Value: id}, {Key: "key", Value: name}, {Key: "config", Value: bson.D{{Key: "cls", Value: class}}}, {Key: "results", Value: id + 10}}
	}
	chunk := func(file, n int32, text string) bson.D {
		return bson.D{{Key: "_id", Value: file*10 + n}, {Key: "files_id", Value: file}, {Key: "n", Value: n}, {Key: "data", Value: bson.Binary{Data: []byte(text)}}}
	}
	const umap = "fiftyone.brain.visualization.UMAPVisualizationConfig"
	packed := `{"cls": "x", "reducer_blob": "eJx9", "points": "` + packedPoints + `", "sample_ids": null}`
	db := dbmigrate.Memory{
		"runs": {run(1, umap, "new"), run(2, umap, "old"), run(3, "fiftyone.brain.similarity.SimilarityConfig", "sim"), run(4, umap, "broken"), run(5, umap, "gone")},
		"fs.chunks": {
			chunk(11, 0, packed[:60]), chunk(11, 1, packed[60:]), chunk(12, 0, `{"cls": "x", "points": [[1, 2]]}`),
			chunk(13, 0, packed), chunk(14, 0, `{"points": "AAAA"}`),
		},
	}
	doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "brain_methods": {"new": 1, "old": 2, "sim": 3, "broken": 4, "gone": 5}}`)
	plan := planned(t, db, doc, "1.10.0")
	var copies []dbmigrate.CopyResult
	for _, op := range plan.Ops {
		switch op := op.(type) {
		case dbmigrate.CopyResult:
			copies = append(copies, op)
		case dbmigrate.Put:
			if id := op.Doc[3].Value; id != copies[0].To {
				t.Errorf("the run names %v, the copy is %v", id, copies[0].To)
			}
		}
	}
	if len(copies) != 1 || copies[0].From != int32(11) || !slices.Contains(copies[0].Unpack, "points") || len(plan.Ops) != 2 {
		t.Fatalf("%v", plan.Ops)
	}
	if deletion, ok := plan.Last[0].(dbmigrate.DeleteResult); !ok || len(plan.Last) != 1 || deletion.IDs[0] != int32(11) {
		t.Errorf("then %v", plan.Last)
	}
	if len(plan.Unopenable) != 1 || !strings.Contains(plan.Unopenable[0], `brain run "broken"`) || len(plan.Losses) != 0 {
		t.Errorf("%q, losses %q", plan.Unopenable, plan.Losses)
	}
	if plan := planned(t, db, doc, "1.20.1"); len(plan.Ops)+len(plan.Unopenable) != 0 {
		t.Errorf("1.20.1 reads packed arrays: %v, %q", plan.Ops, plan.Unopenable)
	}
}

// A similarity index whose embeddings are in a field has none in its results, where old
// versions read them; the results may be those that an earlier leg copies. An annotation
// run without results keeps an old version from exporting.
func TestRunsThatOldVersionsFailOn(t *testing.T) {
	results := func(text string) []bson.D {
		return []bson.D{{{Key: "_id", Value: 1}, {Key: "files_id", Value: int32(9)}, {Key: "n", Value: int32(0)}, {Key: "data", Value: bson.Binary{Data: []byte(text)}}}}
	}
	const doc = `{"_id": 1, "name": "d", "version": "1.22.1", "brain_methods": {"sim": {"config": {"cls": "fiftyone.brain.similarity.SimilarityConfig"}, "results": 9}},
		"annotation_runs": {"a": {"config": {}, "results": null}, "b": {"config": {}, "results": 7}}}`
	for _, c := range []struct {
		text, to string
		want     []string
	}{
		{`{"cls": "x"}`, "0.18.0", []string{`brain run "sim" hold no embeddings`, `annotation run "a" has no results`}},
		{`{"cls": "x", "embeddings": [[1]]}`, "0.18.0", []string{`annotation run "a"`}},
		{`{"cls": "x"}`, "0.19.1", []string{`annotation run "a"`}},
		{`{"cls": "x"}`, "0.20.1", nil},
	} {
		plan := planned(t, dbmigrate.Memory{"fs.chunks": results(c.text)}, read(t, doc), c.to)
		if len(plan.Unopenable) != len(c.want) || len(plan.Ops) > 0 {
			t.Errorf("%s at %s: %q, want %q", c.text, c.to, plan.Unopenable, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(plan.Unopenable[i], want) {
				t.Errorf("%s at %s: %q, want %q", c.text, c.to, plan.Unopenable, c.want)
			}
		}
	}
	if plan := planned(t, dbmigrate.Memory{}, read(t, doc), "0.18.0"); len(plan.Unopenable) != 1 {
		t.Errorf("of results that are not there: %q", plan.Unopenable)
	}
}
