package mongostore

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// A cutting is a dataset of 50 paths on a server that can be told to cut off.
type cutting struct {
	db      *mongo.Database
	samples *mongo.Collection
	d       *Database
	changes []dataset.Change
}

func newCutting(t *testing.T) *cutting {
	t.Helper()
	ctx := t.Context()
	server := mongotest.Start(t, "--setParameter", "enableTestCommands=1")
	c := &cutting{db: mongotest.Connect(t, server.URI).Database("fiftyone")}
	id := bson.NewObjectID()
	c.samples = c.db.Collection("samples." + id.Hex())
	insert := func(collection *mongo.Collection, doc any) {
		t.Helper()
		if _, err := collection.InsertOne(ctx, doc); err != nil {
			t.Fatal(err)
		}
	}
	stamped := bson.A{bson.D{{Key: "name", Value: stampKey}, {Key: "db_field", Value: stampKey}}}
	insert(c.db.Collection(configName), bson.D{{Key: "version", Value: Newest}, {Key: "type", Value: OpenSource}})
	insert(c.db.Collection(datasetsName), bson.D{{Key: "_id", Value: id}, {Key: "name", Value: "x"}, {Key: "version", Value: Newest},
		{Key: "sample_collection_name", Value: c.samples.Name()}, {Key: "sample_fields", Value: stamped}})
	for i := range 50 {
		doc := bson.D{{Key: "_id", Value: i}, {Key: "filepath", Value: fmt.Sprintf("/data/%d.jpg", i)}}
		insert(c.samples, doc)
		kind, value, err := bson.MarshalValue(i)
		if err != nil {
			t.Fatal(err)
		}
		c.changes = append(c.changes, dataset.Change{
			Part: dataset.Samples, ID: bson.RawValue{Type: kind, Value: value},
			Sets: []dataset.Set{{At: "/filepath", Old: fmt.Sprintf("/data/%d.jpg", i), New: fmt.Sprintf("s3://b/x/%d.jpg", i)}},
		})
	}
	var err error
	if c.d, err = Open(ctx, server.URI, "fiftyone", Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.d.Close() })
	return c
}

// edit is somebody else's, who notes no time.
func (c *cutting) edit(t *testing.T, id int, path string) {
	t.Helper()
	if _, err := c.samples.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: bson.D{{Key: "filepath", Value: path}}}}); err != nil {
		t.Fatal(err)
	}
}

// cut breaks the connection at each command of that name from now on, or at none.
func (c *cutting) cut(t *testing.T, command string) {
	t.Helper()
	fail := bson.D{{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: "off"}}
	if command != "" {
		fail = bson.D{fail[0], {Key: "mode", Value: "alwaysOn"}, {Key: "data", Value: bson.D{
			{Key: "failCommands", Value: bson.A{command}}, {Key: "closeConnection", Value: true}, {Key: "appName", Value: appName},
			{Key: "namespace", Value: "fiftyone." + c.samples.Name()}}}}
	}
	if err := c.db.Client().Database("admin").RunCommand(context.Background(), fail).Err(); err != nil {
		t.Fatal(err)
	}
}

// run updates, and returns how many changes were made and which were in conflict, by value.
func (c *cutting) run(t *testing.T) (changed int, conflicts []string, err error) {
	t.Helper()
	for o, err := range c.d.must(t, "x").Update(t.Context(), slices.Values(c.changes)) {
		switch {
		case err != nil:
			return changed, conflicts, err
		case o.Status == dataset.Conflict:
			conflicts = append(conflicts, o.Value)
		case o.Status == dataset.Changed:
			changed++
		}
	}
	return changed, conflicts, nil
}

func (c *cutting) path(t *testing.T, id int) string {
	t.Helper()
	doc, err := c.samples.FindOne(t.Context(), bson.D{{Key: "_id", Value: id}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return doc.Lookup("filepath").StringValue()
}

// A run that is cut off between its update of many and the look at what that has made of
// others' values leaves them moved, to objects that nobody sent. The next run puts them
// back, be it this one again or any other that locks the dataset.
func TestCutOffMove(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers: not in short mode")
	}
	for what, next := range map[string]func(t *testing.T, c *cutting){
		"the same run": func(t *testing.T, c *cutting) {
			if changed, conflicts, err := c.run(t); changed != 48 || !slices.Equal(conflicts, []string{"/data/corrected.jpg", "/data/late.jpg"}) || err != nil {
				t.Errorf("%d changed, in conflict %q, %v", changed, conflicts, err)
			}
			if got := c.path(t, 3); got != "s3://b/x/3.jpg" {
				t.Errorf("what was planned is %q", got)
			}
		},
		"another run": func(t *testing.T, c *cutting) {
			lock, err := c.d.must(t, "x").Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := lock.Unlock(); err != nil {
				t.Error(err)
			}
			if got := c.path(t, 3); got != "/data/3.jpg" {
				t.Errorf("what was planned is %q", got)
			}
		},
	} {
		c := newCutting(t)
		c.edit(t, 7, "/data/corrected.jpg") // after the plan
		c.cut(t, "find")
		if _, _, err := c.run(t); err == nil {
			t.Fatal("the first run was not cut off")
		}
		if got := c.path(t, 7); got != "s3://b/x/corrected.jpg" {
			t.Fatalf("nothing was moved: %q", got)
		}
		c.cut(t, "")
		c.edit(t, 8, "/data/late.jpg") // after the move
		next(t, c)
		if got := c.path(t, 7); got != "/data/corrected.jpg" {
			t.Errorf("%s: another's value is %q", what, got)
		}
		if got := c.path(t, 8); got != "/data/late.jpg" {
			t.Errorf("%s: another's later value is %q", what, got)
		}
		if n, err := c.db.Collection(movesName).CountDocuments(t.Context(), bson.D{}); n != 0 || err != nil {
			t.Errorf("%s: %d notes left, %v", what, n, err)
		}
	}
}

// An update that nothing disturbs leaves no note.
func TestMoveNotes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server: not in short mode")
	}
	c := newCutting(t)
	if changed, conflicts, err := c.run(t); changed != 50 || len(conflicts) > 0 || err != nil {
		t.Errorf("%d changed, in conflict %q, %v", changed, conflicts, err)
	}
	if n, err := c.db.Collection(movesName).CountDocuments(t.Context(), bson.D{}); n != 0 || err != nil {
		t.Errorf("%d notes left, %v", n, err)
	}
}
