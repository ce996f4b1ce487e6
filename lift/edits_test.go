package lift_test

import (
	"errors"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/lift"
)

// collectionOf names the collection of the made dataset that a key of it names.
func (s *stage) collectionOf(t *testing.T, key string) string {
	t.Helper()
	made, err := s.b.Handle().Collection("datasets").FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return made.Lookup(key).StringValue()
}

// update changes a document of a collection of the target.
func (s *stage) update(t *testing.T, collection string, change bson.D) {
	t.Helper()
	r, err := s.b.Handle().Collection(collection).UpdateOne(t.Context(), bson.D{}, change)
	if err != nil || r.ModifiedCount != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
}

// Whatever somebody does to the new dataset from the moment on that it can be seen
// keeps it from being deleted, whether it had to be migrated or not, and whoever
// finished the lift.
func TestUndoKeepsEarlyEdits(t *testing.T) {
	edits := map[string]func(t *testing.T, s *stage){
		"a tag": func(t *testing.T, s *stage) {
			s.update(t, s.collectionOf(t, "sample_collection_name"), bson.D{{Key: "$push", Value: bson.D{{Key: "tags", Value: "a day's work"}}}})
		},
		"a frame": func(t *testing.T, s *stage) {
			s.update(t, s.collectionOf(t, "frame_collection_name"), bson.D{{Key: "$set", Value: bson.D{{Key: "seen", Value: true}}}})
		},
		"a new sample": func(t *testing.T, s *stage) {
			if _, err := s.b.Handle().Collection(s.collectionOf(t, "sample_collection_name")).InsertOne(t.Context(), bson.D{{Key: "filepath", Value: "/a"}}); err != nil {
				t.Fatal(err)
			}
		},
		"a description": func(t *testing.T, s *stage) {
			s.update(t, "datasets", bson.D{{Key: "$set", Value: bson.D{{Key: "description", Value: "mine"}}}})
		},
		"a view": func(t *testing.T, s *stage) {
			s.update(t, "views", bson.D{{Key: "$set", Value: bson.D{{Key: "color", Value: "#123456"}}}})
		},
	}
	for _, version := range []string{"1.22.1", "1.0.0", "0.21.0"} {
		for name, edit := range edits {
			for _, another := range []bool{false, true} {
				if another != (version == "1.0.0") && name != "a tag" {
					continue // one of both will do
				}
				t.Run(version+"/"+name, func(t *testing.T) {
					s := newStage(t, version)
					w := s.begin(t, "video")
					p := w.mustPlan(t)
					if _, err := p.Send(t.Context()); err != nil {
						t.Fatal(err)
					}
					if _, err := p.Import(t.Context()); err != nil {
						t.Fatal(err)
					}
					edit(t, s)
					if u, err := lift.Undo(t.Context(), s.b, w.record, true); err != nil || u.Deleted || u.Changed == "" {
						t.Errorf("before the end: %+v, %v", u, err)
					}
					if another { // a process that goes on
						p = w.mustPlan(t)
					}
					if _, err := p.Migrate(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
					if err := p.Finish(t.Context()); err != nil {
						t.Fatal(err)
					}
					u, err := lift.Undo(t.Context(), s.b, w.record, false)
					if err != nil || u.Deleted || u.Changed == "" || datasets(t, s.b) != 1 {
						t.Errorf("%+v, %v; %d datasets are left", u, err, datasets(t, s.b))
					}
				})
			}
		}
	}
}

// FiftyOne sees a dataset of its database's version from the first moment on, and
// without edits a lift can be undone from then on.
func TestVisibleAsItStays(t *testing.T) {
	for _, version := range []string{"1.22.1", "1.0.0", "0.21.0"} {
		t.Run(version, func(t *testing.T) {
			s := newStage(t, version)
			w := s.begin(t, "video")
			p := w.mustPlan(t)
			if _, err := p.Send(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Import(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := s.collectionOf(t, "version"); got != version {
				t.Errorf("its version is %s", got)
			}
			before, err := s.b.Handle().Collection("datasets").FindOne(t.Context(), bson.D{}).Raw()
			if err != nil {
				t.Fatal(err)
			}
			report, err := p.Migrate(t.Context(), nil)
			if moved := version != p.Version; err != nil || report.Migrated > 0 != moved {
				t.Errorf("migrated %d, %v", report.Migrated, err)
			}
			after, err := s.b.Handle().Collection("datasets").FindOne(t.Context(), bson.D{}).Raw()
			if err != nil || before.String() != after.String() {
				t.Errorf("the dataset changed when it was visible: %v", err)
			}
			names, err := s.b.Handle().ListCollectionNames(t.Context(), bson.D{{Key: "name", Value: "medialift_migrations"}})
			if err != nil || len(names) > 0 {
				t.Errorf("%q are left, %v", names, err)
			}
			u, err := lift.Undo(t.Context(), s.b, w.record, false)
			if err != nil || !u.Deleted || datasets(t, s.b) != 0 {
				t.Errorf("%+v, %v", u, err)
			}
		})
	}
}

// A record of an older medialift has no note of what was made: the dataset stays.
func TestUndoWithoutANote(t *testing.T) {
	s := newStage(t, "1.22.1")
	w := s.begin(t, "image")
	p := w.mustPlan(t)
	if _, err := p.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Import(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.record.SetMeta(t.Context(), map[string]string{"lift made": ""}); err != nil {
		t.Fatal(err)
	}
	if _, err := lift.Undo(t.Context(), s.b, w.record, false); !errors.Is(err, lift.ErrUnfinished) {
		t.Errorf("of an unfinished lift: %v", err)
	}
	w.finish(t, w.mustPlan(t))
	if u, err := lift.Undo(t.Context(), s.b, w.record, false); err != nil || u.Deleted || u.Changed == "" || datasets(t, s.b) != 1 {
		t.Errorf("%+v, %v", u, err)
	}
}
