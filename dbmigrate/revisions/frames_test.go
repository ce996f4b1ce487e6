package revisions_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate/migratetest"
	"github.com/medialift/medialift/dbmigrate/revisions"
	"github.com/medialift/medialift/internal/mongotest"
)

// Samples and frames of the time before 0.6.2 come back as they were from later
// versions, which FiftyOne does not manage.
func TestFramesThereAndBack(t *testing.T) {
	dir := migratetest.Unpack(t, "testdata/golden.tar.zst", "edges")
	before := mongotest.Read(t, filepath.Join(dir, "edges/up_0_6_2/before"))
	there, _ := migrate(t, before, "0.7.4")
	back, _ := migrate(t, there, "0.6.1")
	meant := []string{
		"/65aaaa00bbbbbbbbbb000014/frames/1", // a frame that is not there
		"/65aaaa00bbbbbbbbbb000016/frames",   // a sample of a video without a map
	}
	for _, found := range migratetest.Compare(before, back, before, now, oracleTime) {
		isMeant := slices.ContainsFunc(meant, func(end string) bool { return strings.HasSuffix(found.Path, end) })
		if strings.Contains(found.Collection, "samples.") && !isMeant {
			t.Errorf("%s", found)
		}
	}
}

// The whole way down from the newest version, and up again, is open to every dataset
// but those with groups, which go nowhere.
func TestAllTheWay(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	dir := migratetest.Unpack(t, "testdata/golden.tar.zst", "walk/down/1.22.1")
	dump := mongotest.Read(t, filepath.Join(dir, "walk/down/1.22.1"))
	for _, to := range []string{"0.6.1", revisions.Newest} {
		after, report := migrate(t, dump, to)
		for _, failure := range report.Failures {
			if failure.Dataset != "oracle-groups" {
				t.Errorf("to %s: %v", to, failure.Err)
			}
		}
		dump = after
	}
	for _, doc := range dump["datasets"].Docs {
		if version := doc.Lookup("version").StringValue(); version != revisions.Newest {
			t.Errorf("%s is at %s", doc.Lookup("name"), version)
		}
	}
}

// Below 0.6.2 polylines have one shape, videos a map of their frames, and frames no
// sample.
func TestFramesDown(t *testing.T) {
	dir := migratetest.Unpack(t, "testdata/golden.tar.zst", "edges")
	before := mongotest.Read(t, filepath.Join(dir, "edges/down_0_6_2/before"))
	after, _ := migrate(t, before, "0.6.1")
	for collection, want := range map[string]string{
		"samples.65aaaa00bbbbbbbbbb000002": `{"_id":{"$oid":"65aaaa00bbbbbbbbbb000003"},"filepath":"/data/0.png","tags":[],"p":{"_cls":"Polyline","label":"a","points":[[0.1,0.2]]}}
{"_id":{"$oid":"65aaaa00bbbbbbbbbb000004"},"filepath":"/data/1.png","tags":[],"p":{"_cls":"Polyline","label":"a","points":[[0,0]]}}`,
		"samples.65aaaa00bbbbbbbbbb000005": `{"_id":{"$oid":"65aaaa00bbbbbbbbbb000006"},"filepath":"/data/0.png","tags":[],"frames":{"1":{"$oid":"65aaaa00bbbbbbbbbb000007"}}}`,
		"frames.samples.65aaaa00bbbbbbbbbb000005": `{"_id":{"$oid":"65aaaa00bbbbbbbbbb000007"},"frame_number":1,"poly":{"_cls":"Polyline","label":"a","points":[[0.1,0.2]]},` +
			`"polys":{"_cls":"Polylines","polylines":[{"_cls":"Polyline","label":"a","points":[[0,0]]},{"_cls":"Polyline","label":"a","points":[[0.5,0.5]]}]}}`,
	} {
		var docs []string
		for _, raw := range after[collection].Docs {
			text, err := bson.MarshalExtJSON(raw, false, false)
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, string(text))
		}
		if got := strings.Join(docs, "\n"); got != want {
			t.Errorf("%s:\n\tgot  %s\n\twant %s", collection, got, want)
		}
	}
}
