package dataset_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// mediaDocument is a document with media values in many places.
func mediaDocument(t *testing.T, r *rand.Rand, name func(string) string) bson.Raw {
	path := func(s string) string { return name(strings.Repeat("x", r.IntN(30)) + s) }
	var detections bson.A
	for i := range r.IntN(5) {
		det := d{{Key: "_cls", Value: "Detection"}, {Key: "label", Value: "é"}}
		if i%2 == 0 {
			det = append(det, bson.E{Key: "mask_path", Value: path("/mask")})
		}
		detections = append(detections, det, bson.A{d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: path("/inner")}}})
	}
	return marshal(t, d{{Key: "_id", Value: int32(1)}, {Key: "filepath", Value: path("/file")}, {Key: "n", Value: 1.5},
		{Key: "gt", Value: d{{Key: "detections", Value: detections}, {Key: "more", Value: bson.A{}}}},
		{Key: "a/b~c", Value: d{{Key: "mask_path", Value: path("")}}}, {Key: "note", Value: "same"}})
}

func TestReplace(t *testing.T) {
	finder, err := dataset.NewFinder(exampleManifest(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(200) {
		before := mediaDocument(t, rand.New(rand.NewPCG(seed, 1)), func(s string) string { return s })
		n := 0
		after := mediaDocument(t, rand.New(rand.NewPCG(seed, 1)), func(s string) string {
			n++
			if n%3 == 0 {
				return s
			}
			return fmt.Sprintf("s3://%d%s", n*n, s[len(s)/2:])
		})
		old, err := finder.Find(dataset.Samples, before)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := finder.Find(dataset.Samples, after)
		if err != nil || len(old) != len(fresh) || len(old) < 2 {
			t.Fatal(len(old), len(fresh), err)
		}
		var sets []dataset.Set
		for i := range old {
			set := dataset.Set{At: old[i].At, Old: old[i].Value, New: fresh[i].Value}
			if seed%2 == 0 {
				sets = append(sets, set)
			} else {
				sets = append([]dataset.Set{set}, sets...)
			}
		}
		got, err := dataset.Replace(before, sets)
		if err != nil || string(got) != string(after) {
			t.Fatalf("seed %d: %v, %v\nwant %v", seed, got, err, after)
		}
		again, err := dataset.Replace(got, sets)
		if err != nil || string(again) != string(after) {
			t.Fatalf("seed %d, again: %v, %v", seed, again, err)
		}
	}
}

func TestReplaceRefuses(t *testing.T) {
	doc := marshal(t, d{{Key: "a", Value: "x"}, {Key: "b", Value: bson.A{"y", int32(1)}}, {Key: "c", Value: nil}})
	for _, set := range []dataset.Set{
		{At: "/a", Old: "z", New: "w"}, {At: "/a/b", Old: "x", New: "w"}, {At: "/b", Old: "y", New: "w"}, {At: "/b/1", Old: "y", New: "w"},
		{At: "/b/2", Old: "y", New: "w"}, {At: "/c", Old: "", New: "w"}, {At: "/missing", Old: "", New: "w"}, {At: "", Old: "", New: "w"},
	} {
		if got, err := dataset.Replace(doc, []dataset.Set{{At: "/b/0", Old: "y", New: "q"}, set}); !errors.Is(err, dataset.ErrChanged) {
			t.Errorf("%+v: %v, %v", set, got, err)
		}
	}
	twice := marshal(t, d{{Key: "a", Value: "x"}, {Key: "a", Value: "x"}})
	if _, err := dataset.Replace(twice, []dataset.Set{{At: "/a", Old: "x", New: "y"}}); !errors.Is(err, dataset.ErrMalformed) {
		t.Error(err)
	}
	same, err := dataset.Replace(doc, nil)
	if err != nil || &same[0] != &doc[0] {
		t.Error("a copy for nothing")
	}
}
