package dbmigrate_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
)

// A leg is planned on what the leg before it left, of runs too, and what a plan
// reads stays as it is.
func TestPlanComposes(t *testing.T) {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("3.0"),
		dbmigrate.Revision{Version: dbmigrate.MustParseVersion("1.0"), Up: func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
			id := s.NewID()
			s.PutRun(bson.D{{Key: "_id", Value: id}, {Key: "a", Value: "1.0"}})
			s.Doc = append(s.Doc, bson.E{Key: "run", Value: id})
			return nil
		}},
		dbmigrate.Revision{Version: dbmigrate.MustParseVersion("2.0"), Up: func(ctx context.Context, r dbmigrate.Reader, s *dbmigrate.State) error {
			id := s.Doc[len(s.Doc)-1].Value
			run, err := s.Run(ctx, r, id)
			if err != nil {
				return err
			}
			run[1].Value = "2.0"
			s.PutRun(run)
			return nil
		}},
	)
	id := bson.NewObjectID()
	doc := bson.D{{Key: "_id", Value: int32(1)}, {Key: "name", Value: "d"}}
	plan, err := registry.Plan(t.Context(), dbmigrate.Memory{}, doc, "2.5", dbmigrate.Env{NewID: func() bson.ObjectID { return id }})
	if err != nil {
		t.Fatal(err)
	}
	want := []dbmigrate.Op{dbmigrate.Put{Collection: "runs", Doc: bson.D{{Key: "_id", Value: id}, {Key: "a", Value: "2.0"}}}}
	if !reflect.DeepEqual(plan.Ops, want) || len(plan.Last) != 0 {
		t.Errorf("ops %v, last %v, want %v", plan.Ops, plan.Last, want)
	}
	if want := append(doc[:2:2], bson.E{Key: "run", Value: id}, bson.E{Key: "version", Value: "2.5"}); !reflect.DeepEqual(plan.After, want) {
		t.Errorf("after %v, want %v", plan.After, want)
	}
	if len(plan.Before) != 2 {
		t.Errorf("before is %v", plan.Before)
	}
}

// A way down ends with what fits the dataset to its target, be there legs or none; a way
// up does not.
func TestPlanEndsDown(t *testing.T) {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("3.0"), revisions("1.0")...).EndWith(dbmigrate.Ending{
		Step: func(_ context.Context, _ dbmigrate.Reader, s *dbmigrate.State) error {
			s.Doc = append(s.Doc, bson.E{Key: "fits", Value: s.From.String() + " " + s.To.String()})
			s.Lose("a loss")
			s.CannotOpen("a reason")
			return nil
		},
		Conversions: map[string]dbmigrate.Conversion{"fit": func(context.Context, dbmigrate.Reader, *bson.D, bson.D) (bool, error) { return false, nil }},
	})
	for _, c := range []struct {
		from, to string
		want     any
	}{{"2.2", "2.1", "2.2 2.1"}, {"2.2", "0.9", "2.2 0.9"}, {"2.1", "2.2", nil}, {"2.1", "2.1", nil}} {
		doc := bson.D{{Key: "_id", Value: 1}, {Key: "name", Value: "d"}, {Key: "version", Value: c.from}}
		plan, err := registry.Plan(t.Context(), dbmigrate.Memory{}, doc, c.to, dbmigrate.Env{})
		if err != nil {
			t.Fatal(err)
		}
		var got any
		for _, e := range plan.After {
			if e.Key == "fits" {
				got = e.Value
			}
		}
		if got != c.want || len(plan.Losses) != len(plan.Unopenable) || (len(plan.Losses) == 1) != (c.want != nil) {
			t.Errorf("%s to %s: %v, losses %v, reasons %v", c.from, c.to, got, plan.Losses, plan.Unopenable)
		}
	}
	if registry.Conversion("fit") == nil {
		t.Error("the conversion of an ending is not found")
	}
}

// What lies beyond the known versions, and what is no version, is refused by name.
func TestPlanRefuses(t *testing.T) {
	registry := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1"), revisions("1.0.0")...)
	for _, c := range []struct {
		head any
		to   string
	}{{"2.0", "1.0"}, {"1.0", "1.22.2"}, {"not-a-version", "1.0"}, {"", "1.0"}, {int32(1), "1.0"}, {nil, "abc"}} {
		doc := bson.D{{Key: "_id", Value: 1}, {Key: "name", Value: "d"}, {Key: "version", Value: c.head}}
		_, err := registry.Plan(t.Context(), dbmigrate.Memory{}, doc, c.to, dbmigrate.Env{})
		var refusal *dbmigrate.RefusalError
		if !errors.As(err, &refusal) || refusal.Dataset != "d" {
			t.Errorf("from %v to %s: %v, want a refusal that names the dataset", c.head, c.to, err)
		}
	}
}

// An operation that went through BSON is the same operation.
func TestOpBSON(t *testing.T) {
	id := bson.NewObjectID()
	for _, op := range []dbmigrate.Op{
		dbmigrate.Put{Collection: "runs", Doc: bson.D{{Key: "_id", Value: id}, {Key: "n", Value: int32(1)}, {Key: "m", Value: int64(1)}}},
		dbmigrate.Delete{Collection: "views", IDs: bson.A{id, "x"}},
		dbmigrate.UpdateAll{Collection: "samples.x", Filter: bson.D{}, Update: bson.D{{Key: "$unset", Value: bson.D{{Key: "a", Value: ""}}}}},
		dbmigrate.UpdateAll{Collection: "samples.x", Filter: bson.D{{Key: "a", Value: 1.5}}, Update: bson.A{bson.D{{Key: "$unset", Value: "a"}}}},
		dbmigrate.Convert{Collection: "samples.x", Conversion: "0.6.2 up", Args: bson.D{{Key: "a", Value: true}}},
		dbmigrate.Merge{From: "frames.x", Pipeline: bson.A{bson.D{{Key: "$project", Value: bson.D{{Key: "a", Value: int32(1)}}}}}, Into: "samples.x", Fields: []string{"a"}},
		dbmigrate.CopyResult{From: id, To: id, Set: bson.D{{Key: "cls", Value: "x"}}, Date: 7},
		dbmigrate.DeleteResult{IDs: bson.A{id}},
		dbmigrate.DropIndex{Collection: "frames.x", Keys: bson.D{{Key: "a", Value: int32(1)}, {Key: "b", Value: int32(-1)}}},
		dbmigrate.DropIndex{Collection: "tags", Name: "temporal_tag_counts"},
		dbmigrate.Drop{Collection: "samples.x"},
	} {
		doc, err := dbmigrate.MarshalOp(op)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := bson.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		back, err := dbmigrate.UnmarshalOp(raw)
		if err != nil || !reflect.DeepEqual(back, op) {
			t.Errorf("%#v became %#v, %v", op, back, err)
		}
	}
	if op, err := dbmigrate.UnmarshalOp(bson.Raw("\x05\x00\x00\x00\x00")); err == nil {
		t.Errorf("an operation without a kind is %v", op)
	}
}
