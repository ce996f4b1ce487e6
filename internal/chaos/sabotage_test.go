package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// What a lift must not leave behind is noticed: a harness that sees nothing would
// find nothing.
func TestSabotage(t *testing.T) {
	if testing.Short() {
		t.Skip("lifts twice: not in short mode")
	}
	w := newWorld(t)
	j := chosen(journeys(), "lift groups")[0]
	expected := w.undisturbed(t, 1, j)
	if expected == nil {
		return
	}
	tr := w.newTrial(t, 2, j, expected, rand.New(rand.NewPCG(0, 0)))
	if tr.travel(); len(tr.findings) > 0 {
		t.Fatalf("nothing was done to it: %s", strings.Join(tr.findings, "\n"))
	}
	group := func() bson.Raw {
		doc, err := tr.dbB.Collection("datasets").FindOne(t.Context(), bson.D{{Key: "name", Value: "group"}}).Raw()
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	samples := tr.dbB.Collection(group().Lookup("sample_collection_name").StringValue())
	one, err := samples.FindOne(t.Context(), bson.D{{Key: "filepath", Value: bson.Regex{Pattern: "png$"}}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tr.s3.Dir, strings.TrimPrefix(one.Lookup("filepath").StringValue(), "s3://"))
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	for _, sabotage := range []struct {
		what, says string // during the check between runs, if it starts with "between", else at the end
		do         func()
	}{
		{"a record of ours", "B: collection medialift.imports is too many", func() {
			do(tr.dbB.Collection("medialift.imports").InsertOne(ctx, bson.D{{Key: "a", Value: 1}}))
		}},
		{"an orphaned view", "B: views: from byte", func() {
			do(tr.dbB.Collection("views").InsertOne(ctx, bson.D{{Key: "_dataset_id", Value: bson.NewObjectID()}}))
		}},
		{"an orphaned collection", "B: collection samples.", func() {
			do(nil, tr.dbB.CreateCollection(ctx, "samples."+bson.NewObjectID().Hex()))
		}},
		{"a bystander's field", "B: datasets: from byte", func() {
			do(tr.dbB.Collection("datasets").UpdateOne(ctx, bson.D{{Key: "name", Value: "empty"}}, bson.D{{Key: "$set", Value: bson.D{{Key: "info.x", Value: 1}}}}))
		}},
		{"a write to A", "between runs: tags", func() {
			do(tr.dbA.Collection("tags").InsertOne(ctx, bson.D{{Key: "a", Value: 1}}))
		}},
		{"a view that is gone", `between runs: B lists "group" without saved_views 0`, func() {
			do(tr.dbB.Collection("views").DeleteMany(ctx, bson.D{{Key: "_dataset_id", Value: group().Lookup("_id")}}))
		}},
		{"a sample that is gone", `between runs: B lists "group" without all of sample_collection_name`, func() {
			do(samples.DeleteOne(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$ne", Value: one.Lookup("_id")}}}}))
		}},
		{"an object that is too many", "/more.png\" is too many", func() { do(nil, os.WriteFile(filepath.Join(filepath.Dir(file), "more.png"), []byte("x"), 0o600)) }},
		{"other bytes", "has bytes that nobody wants", func() { do(nil, os.WriteFile(file, []byte("x"), 0o600)) }},
		{"a missing object", "which is not there", func() { do(nil, os.Remove(file)) }},
		{"parts that are left", "an upload with 1 parts is left", func() {
			dir := filepath.Join(tr.s3.Dir, tr.bucket, ".sgwtmp", "multipart", "x", "y")
			do(nil, os.MkdirAll(dir, 0o700))
			do(nil, os.WriteFile(filepath.Join(dir, "1"), []byte("x"), 0o600))
		}},
	} {
		sabotage.do()
		tr.findings = nil
		tr.between()
		tr.arrived()
		if all := strings.Join(tr.findings, "\n"); !strings.Contains(all, sabotage.says) {
			t.Errorf("%s is not noticed:\n%s", sabotage.what, all)
		}
	}
}
