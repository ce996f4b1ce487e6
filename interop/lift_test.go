//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/mongotest"
)

// newest is the version of the FiftyOne that the tests have.
const newest = "1.22.1"

// A lifting is database A, which real FiftyOne has filled, with a Python on it, and
// database B, of a team, with another; each dataset goes from one to the other.
type lifting struct {
	r      realFiftyOne
	a, b   *session
	client *mongo.Client
	s3     *buckettest.S3
	uri    string
	folder string
	names  []string
	runs   map[string]string // of the lifts into B, by dataset
}

func newLifting(t *testing.T) *lifting {
	t.Helper()
	x := &lifting{r: start(t), s3: buckettest.S3Server(t), folder: t.TempDir(), runs: map[string]string{}}
	for _, e := range x.r.env {
		if uri, ok := strings.CutPrefix(e, "FIFTYONE_DATABASE_URI="); ok {
			x.uri = uri
		}
	}
	x.s3.CreateBucket(t, "media")
	x.client = mongotest.Connect(t, x.uri)
	for _, variable := range x.s3.Environ() {
		if !strings.HasSuffix(variable, "=") { // boto3 takes an empty one for a name
			x.r.env = append(x.r.env, variable)
		}
	}
	x.r.env = append(x.r.env, "FIFTYONE_DATABASE_NAME=lift-a", "XDG_STATE_HOME="+t.TempDir(), "MEDIALIFT_TEST_TARGET="+x.uri)
	x.database(t, "lift-b", "fiftyone-teams", newest)
	x.a = x.r.session(t, "lift-a", "lift_side.py")
	teams := x.r
	teams.env = append(slices.Clone(x.r.env), "MEDIALIFT_CLIENT_TYPE=fiftyone-teams")
	x.b = teams.session(t, "lift-b", "lift_side.py")
	x.a.ask(&x.names, "make_all", x.dir("media"))
	for _, name := range x.names {
		x.a.ask(nil, "see", name, x.seen(name))
	}
	return x
}

func (x *lifting) dir(parts ...string) string {
	return filepath.Join(append([]string{x.folder}, parts...)...)
}

// seen is the file that tells what FiftyOne has seen of a dataset in A.
func (x *lifting) seen(name string) string { return x.dir("seen of " + name) }

// database makes one that no FiftyOne has used but for its version.
func (x *lifting) database(t *testing.T, name, kind, version string) {
	t.Helper()
	if _, err := x.client.Database(name).Collection("config").InsertOne(t.Context(), bson.D{{Key: "version", Value: version}, {Key: "type", Value: kind}}); err != nil {
		t.Fatal(err)
	}
}

// document is what lift says of itself.
type document struct {
	Run      string
	Counts   struct{ Objects, Bytes, Rewritten int64 }
	Next     string
	Datasets []struct {
		Dataset, Run, Name, Status string
		From                       string `json:"from_version"`
		To                         string `json:"to_version"`
		Losses, Python             []string
		Verified                   struct{ Checksum, Size, Existence, Wrong int64 }
	}
	Problems []struct{ Kind, ID, Path, Hint string }
}

// lift runs the real binary with what it lifts into a database.
func (x *lifting) lift(t *testing.T, code int, database string, args ...string) document {
	t.Helper()
	args = append([]string{"lift"}, args...)
	args = append(args, "--to-uri", "env:MEDIALIFT_TEST_TARGET", "--to-database-name", database)
	text, err := json.Marshal(x.r.medialift(t, code, args...))
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// again wants a second lift to find nothing to do.
func (x *lifting) again(t *testing.T, database string, args ...string) {
	t.Helper()
	if doc := x.lift(t, 0, database, args...); doc.Counts.Objects != 0 || doc.Counts.Bytes != 0 {
		t.Errorf("again, %v sends %+v", args, doc.Counts)
	}
}

// none wants a Python to find no difference.
func none(t *testing.T, s *session, command ...any) {
	t.Helper()
	var found []string
	s.t = t
	s.ask(&found, command...)
	if len(found) > 0 {
		t.Errorf("%v:\n%s", command, strings.Join(found, "\n"))
	}
}

func TestLift(t *testing.T) {
	x := newLifting(t)
	before := mongotest.Take(t, x.client.Database("lift-a"))
	t.Run("each", x.each)
	t.Run("all", x.all)
	t.Run("exports", x.exports)
	t.Run("renamed", x.renamed)
	t.Run("down", x.down)
	t.Run("up", x.up)
	t.Run("undo", x.undo)
	sameDump(t, before, mongotest.Take(t, x.client.Database("lift-a")))
	t.Run("loaded", x.loaded)
	t.Run("two weekends", x.weekends)
}

// The lifted dataset is, in the database and as FiftyOne loads it, what the
// original is, but for where its media are.
func (x *lifting) each(t *testing.T) {
	if len(x.names) < 9 {
		t.Fatalf("FiftyOne made %q", x.names)
	}
	for _, name := range x.names {
		t.Run(name, func(t *testing.T) {
			args := []string{name, "s3://media/{dataset}", "--missing", "keep"}
			doc := x.lift(t, 0, "lift-b", args...)
			if len(doc.Datasets) != 1 || doc.Datasets[0].Status != "done" || doc.Datasets[0].Verified.Wrong != 0 || !strings.Contains(doc.Next, fmt.Sprintf("%q", name)) {
				t.Errorf("%+v", doc)
			}
			x.runs[name] = doc.Run
			none(t, x.b, "lifted", []string{name, "lift-a"}, []string{name, "lift-b"})
			x.again(t, "lift-b", args...)
			none(t, x.b, "same", x.seen(name), name)
		})
	}
}

// All at once into another database sends nothing anew.
func (x *lifting) all(t *testing.T) {
	x.database(t, "lift-c", "fiftyone", newest)
	args := []string{"--all", "s3://media/{dataset}", "--missing", "keep"}
	x.again(t, "lift-c", args...)
	for _, name := range x.names {
		none(t, x.b, "lifted", []string{name, "lift-a"}, []string{name, "lift-c"})
	}
	x.again(t, "lift-c", args...)
}

// sameDump wants two dumps of a database to be the same bytes, but for when FiftyOne
// loaded what.
func sameDump(t *testing.T, before, after mongotest.Dump) {
	t.Helper()
	for _, d := range []mongotest.Dump{before, after} {
		if locks := d["medialift.locks"]; locks != nil && len(locks.Docs) == 0 {
			delete(d, "medialift.locks") // made with the first lock, and left empty
		}
	}
	names := slices.Sorted(maps.Keys(before))
	if got := slices.Sorted(maps.Keys(after)); !slices.Equal(got, names) {
		t.Errorf("collections %q became %q", names, got)
	}
	for _, name := range names {
		a, b := before[name], after[name]
		if b == nil {
			continue
		}
		equal := func(a, b bson.Raw) bool { return bytes.Equal(a, b) }
		loaded := func(a, b bson.Raw) bool { return bytes.Equal(a, b) || bytes.Equal(unloaded(t, a), unloaded(t, b)) }
		if !bytes.Equal(a.Options, b.Options) || !slices.EqualFunc(a.Indexes, b.Indexes, equal) || !slices.EqualFunc(a.Docs, b.Docs, loaded) {
			t.Errorf("the collection %q has changed", name)
		}
	}
}

// unloaded is a document without the time at which FiftyOne loaded it.
func unloaded(t *testing.T, raw bson.Raw) []byte {
	t.Helper()
	var doc bson.D
	if err := bson.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	text, err := bson.Marshal(slices.DeleteFunc(doc, func(e bson.E) bool { return e.Key == "last_loaded_at" }))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
