package mongostore

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/datasettest"
	"github.com/medialift/medialift/internal/mongotest"
)

func TestConforms(t *testing.T) {
	ctx := context.Background()
	datasettest.Run(t, func(t *testing.T, c datasettest.Contents) datasettest.Store {
		d := open(t, mongotest.Database(t))
		doc := must1(edited(c.Doc, set("_id", bson.NewObjectID()), set("sample_collection_name", "samples.x")))
		if _, err := d.db.Collection(datasetsName).InsertOne(ctx, doc); err != nil {
			t.Fatal(err)
		}
		for name, docs := range map[string][]bson.Raw{"samples.x": c.Samples, "frames.samples.x": c.Frames} {
			if len(docs) > 0 {
				if _, err := d.db.Collection(name).InsertMany(ctx, docs); err != nil {
					t.Fatal(err)
				}
			}
		}
		return d.must(t, "under-test")
	})
}

// clouded makes changes of rows, one for each document.
func clouded(list []dataset.Row) []dataset.Change {
	var changes []dataset.Change
	for _, r := range list {
		if n := len(changes); n == 0 || !changes[n-1].ID.Equal(r.ID) || changes[n-1].Part != r.Part {
			changes = append(changes, dataset.Change{Part: r.Part, ID: r.ID})
		}
		c := &changes[len(changes)-1]
		c.Sets = append(c.Sets, dataset.Set{At: r.At, Old: r.Value, New: "s3://bucket" + r.Value})
	}
	return changes
}

func reversed(changes []dataset.Change) []dataset.Change {
	var all []dataset.Change
	for _, c := range changes {
		c.Sets = slices.Clone(c.Sets)
		for i, s := range c.Sets {
			c.Sets[i].Old, c.Sets[i].New = s.New, s.Old
		}
		all = append(all, c)
	}
	return all
}

func apply(t *testing.T, s *Store, changes []dataset.Change) map[dataset.Status]int {
	t.Helper()
	count := map[dataset.Status]int{}
	for o, err := range s.Update(context.Background(), slices.Values(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		count[o.Status]++
	}
	return count
}

// What real FiftyOne wrote, changed and put back, is what it was but for the
// times of the changes; those are new exactly where something was changed.
func TestThereAndBack(t *testing.T) {
	for _, name := range []string{"image", "video", "group", "duplicates"} {
		d, db := rich(t)
		before := mongotest.Take(t, db)
		s := d.must(t, name)
		started := bson.NewDateTimeFromTime(time.Now())
		changes := clouded(datasettest.Rows(t, s))
		if got := apply(t, s, changes); got[dataset.Changed] != len(changes) || len(changes) == 0 {
			t.Fatalf("%s: %v of %d", name, got, len(changes))
		}
		touched := map[string]bool{datasetsName + string(s.ID().Value): true}
		for _, c := range changes {
			touched[s.collection(c.Part)+string(c.ID.Value)] = true
		}
		for _, r := range datasettest.Rows(t, s) {
			if !strings.HasPrefix(r.Value, "s3://bucket/srv/vision/") {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if got := apply(t, s, changes); got[dataset.Already] != len(changes) {
			t.Errorf("%s, once more: %v of %d", name, got, len(changes))
		}
		if got := apply(t, s, reversed(changes)); got[dataset.Changed] != len(changes) {
			t.Errorf("%s, back: %v of %d", name, got, len(changes))
		}
		after := mongotest.Take(t, db)
		for collection, c := range before {
			for i, doc := range c.Docs {
				back := after[collection].Docs[i]
				if touched[collection+string(doc.Lookup("_id").Value)] && doc.Lookup(stampKey).Type != 0 {
					if at, _ := back.Lookup(stampKey).DateTimeOK(); bson.DateTime(at) < started {
						t.Errorf("%s: %s has no new time", name, idText(doc))
					}
					back = must1(edited(back, edit{stampKey, doc.Lookup(stampKey)}))
				}
				if string(back) != string(doc) {
					t.Errorf("%s: %s\nbecame\n%s", name, doc, back)
				}
			}
		}
	}
}

// A process may be killed when the first documents are changed, and the next one find
// nothing left to do: the dataset has its new time by then.
func TestDatasetIsTouchedFirst(t *testing.T) {
	d, _ := rich(t)
	s := d.must(t, "video")
	changes := clouded(datasettest.Rows(t, s))
	started := bson.NewDateTimeFromTime(time.Now())
	for range s.Update(t.Context(), func(yield func(dataset.Change) bool) {
		first := changes[0].Part
		for _, c := range changes {
			if !yield(c) || c.Part == first {
				continue
			}
			doc, err := s.document(t.Context()) // the batch of the first part is on its way
			if err != nil {
				t.Error(err)
			}
			if at, _ := doc.Lookup(stampKey).DateTimeOK(); bson.DateTime(at) < started {
				t.Error("the dataset has no new time yet")
			}
			return
		}
		t.Error("there is one part only")
	}) {
	}
}

// What others do meanwhile to some documents is theirs; all others are changed.
func TestOthersMeanwhile(t *testing.T) {
	ctx := context.Background()
	d, db := rich(t)
	s := d.must(t, "image")
	changes := clouded(datasettest.Rows(t, s))
	samples := db.Collection(s.samples)
	edits := []bson.D{
		{{Key: "$set", Value: bson.D{{Key: "filepath", Value: "/elsewhere"}}}},                                      // another value
		{{Key: "$set", Value: bson.D{{Key: "filepath", Value: changes[1].Sets[0].New}}}},                            // the new one, of one of several
		{{Key: "$set", Value: bson.D{{Key: "note", Value: "edited"}}}},                                              // something else
		{{Key: "$set", Value: bson.D{{Key: "filepath", Value: bson.A{changes[3].Sets[0].Old}}}}},                    // a list that holds the value
		{{Key: "$pop", Value: bson.D{{Key: "ground_truth.detections", Value: -1}}}},                                 // other places in a list
		{{Key: "$set", Value: bson.D{{Key: "segmentation", Value: bson.A{bson.D{{Key: "mask_path", Value: ""}}}}}}}, // a list in the way
	}
	want := []dataset.Status{dataset.Conflict, dataset.Changed, dataset.Changed, dataset.Conflict, dataset.Conflict, dataset.Conflict}
	for i, e := range edits {
		if i == 5 {
			for _, set := range changes[5].Sets {
				if set.At == "/segmentation/mask_path" {
					e[0].Value.(bson.D)[0].Value.(bson.A)[0].(bson.D)[0].Value = set.Old
				}
			}
		}
		if _, err := samples.UpdateOne(ctx, bson.D{{Key: "_id", Value: changes[i].ID}}, e); err != nil {
			t.Fatal(err)
		}
	}
	before := all(t, s, dataset.Samples)
	for o, err := range s.Update(ctx, slices.Values(changes)) {
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(changes, func(c dataset.Change) bool { return c.ID.Equal(o.Change.ID) })
		if o.Status != want[i] {
			t.Errorf("%d: %v at %q, want %v", i, o.Status, o.At, want[i])
		}
	}
	for i, doc := range all(t, s, dataset.Samples) {
		if want[i] == dataset.Conflict && string(doc) != string(before[i]) {
			t.Errorf("%d was changed:\n%s\n%s", i, before[i], doc)
		}
		note, _ := doc.Lookup("note").StringValueOK()
		if want[i] == dataset.Changed && (!strings.HasPrefix(doc.Lookup("filepath").StringValue(), "s3:") || i == 2 && note != "edited") {
			t.Errorf("%d: %s", i, doc)
		}
	}
}

// A value below a key that MongoDB's paths can't name is changed in documents of any
// size, and what others change in these meanwhile stays.
func TestLargeWithDottedKey(t *testing.T) {
	ctx := t.Context()
	d, db := rich(t)
	s := d.must(t, "image")
	first := all(t, s, dataset.Samples)[0]
	is := bson.D{{Key: "_id", Value: first.Lookup("_id")}}
	var doc bson.D
	if err := bson.Unmarshal(first, &doc); err != nil {
		t.Fatal(err)
	}
	doc = append(doc, bson.E{Key: "odd.key", Value: bson.D{{Key: "path", Value: "/data/mask.png"}}}, bson.E{Key: "fill", Value: strings.Repeat("x", 9<<20)})
	if _, err := db.Collection(s.samples).ReplaceOne(ctx, is, doc); err != nil {
		t.Fatal(err)
	}
	change := dataset.Change{Part: dataset.Samples, ID: first.Lookup("_id"), Sets: []dataset.Set{{At: "/odd.key/path", Old: "/data/mask.png", New: "s3://b/mask.png"}}}
	if got := apply(t, s, []dataset.Change{change}); got[dataset.Changed] != 1 {
		t.Errorf("%v", got)
	}
	after := all(t, s, dataset.Samples)[0]
	if path := after.Lookup("odd.key", "path").StringValue(); path != "s3://b/mask.png" || len(after.Lookup("fill").StringValue()) != 9<<20 {
		t.Errorf("path %q", path)
	}
}
