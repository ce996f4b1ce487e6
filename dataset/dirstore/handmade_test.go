package dirstore

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/dataset"
)

const handMade = `{"version": "1.0", "sample_fields": [{"name": "filepath", "ftype": "fiftyone.core.fields.StringField"}],
"brain_methods": {"b": null, "c": "{\"key\": \"c\", \"config\": {}}"}, "saved_views": [null, "{\"name\": \"v\"}"], "runs": {"r": {"key": "r", "results": {"$oid": "65a000000000000000000001"}}}}`

func allIDs(t *testing.T, s *Store) (list []string, err error) {
	t.Helper()
	for doc, err := range s.Documents(t.Context(), dataset.Samples) {
		if err != nil {
			return list, err
		}
		list = append(list, doc.Lookup("_id").String())
	}
	return list, nil
}

// Documents without an _id have ids that are the same each time, in every way of
// reading, and after their paths were rewritten.
func TestMadeIDs(t *testing.T) {
	docs := []string{`{"filepath": "/a/1.png", "n": 1}`, `{"filepath": "/a/1.png", "n": 1}`, `{"_id": null, "filepath": "/a/2.png"}`, `{"_id": 7, "filepath": "/a/3.png"}`}
	for name, files := range map[string]map[string]string{
		"file":      {"samples.json": `{"samples": [` + strings.Join(docs, ",") + `]}`},
		"directory": {"samples/1.json": docs[0], "samples/2.json": docs[1], "samples/3.json": docs[2], "samples/4.json": docs[3]},
	} {
		files["metadata.json"] = handMade
		dir := write(t, files)
		s := open(t, dir)
		before, err := allIDs(t, s)
		if err != nil || len(before) != 4 || before[0] == before[1] {
			t.Fatalf("%s: ids %v, %v", name, before, err)
		}
		m, err := s.Manifest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, err := dataset.NewFinder(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		var changes []dataset.Change
		for row, err := range s.Rows(t.Context(), dataset.Samples, f) {
			if err != nil {
				t.Fatal(err)
			}
			to := "s3://bucket/" + filepath.Base(row.Value)
			changes = append(changes, dataset.Change{Part: dataset.Samples, ID: row.ID, Sets: []dataset.Set{{At: row.At, Old: row.Value, New: to}}})
		}
		for outcome, err := range s.Update(t.Context(), slices.Values(changes)) {
			if err != nil || outcome.Status != dataset.Changed {
				t.Errorf("%s: %+v, %v", name, outcome, err)
			}
		}
		after, err := allIDs(t, open(t, dir))
		if err != nil || !reflect.DeepEqual(after, before) {
			t.Errorf("%s: ids %v became %v, %v", name, before, after, err)
		}
	}
}

// What FiftyOne's importer takes of metadata.json that others wrote is taken, and what
// is missing is named.
func TestHandMadeMetadata(t *testing.T) {
	dir := write(t, map[string]string{"metadata.json": handMade, "samples.json": `{"samples": [{"filepath": "/a"}]}`})
	m, err := open(t, dir).Manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, p := range m.Problems {
		named = append(named, p.Field+" "+p.Path)
	}
	if want := []string{"brain_methods b", "saved_views ", "runs r", "_id " + filepath.Join(dir, "samples.json")}; !slices.Equal(named, want) {
		t.Errorf("problems %q, want %q", named, want)
	}
	run, ok := m.Doc.Lookup("brain_methods", "c").DocumentOK()
	if key, _ := run.Lookup("key").StringValueOK(); !ok || key != "c" || m.Doc.Lookup("brain_methods", "b").Type != 0 || len(m.Views()) != 1 {
		t.Errorf("metadata %s", m.Doc)
	}
	if err := os.Remove(filepath.Join(dir, "samples.json")); err != nil {
		t.Fatal(err)
	}
}
