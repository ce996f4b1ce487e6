package dataset_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

// A reading is a line of readable.json, which interop/readable_side.py has written:
// what real FiftyOne reads in a field, and what it raises on.
type reading struct {
	where        string
	field        bson.D
	read, raised bson.A
}

func readings(t *testing.T) (all []reading) {
	t.Helper()
	text, err := os.ReadFile("testdata/readable.json")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var line struct{ L bson.A }
		if err := bson.UnmarshalExtJSON(fmt.Appendf(nil, `{"l": %s}`, lines.Text()), false, &line); err != nil {
			t.Fatal(err)
		}
		all = append(all, reading{line.L[0].(string), line.L[1].(bson.D), line.L[2].(bson.A), line.L[3].(bson.A)})
	}
	if len(all) < 100 {
		t.Fatalf("only %d lines", len(all))
	}
	return all
}

// check looks at a document that holds a value where the reading was.
func (r reading) check(t *testing.T, value any) (dataset.Fault, bool) {
	t.Helper()
	field := append(bson.D{{Key: "name", Value: "f"}}, r.field...)
	const base = "fiftyone.core."
	inner := bson.D{{Key: "_cls", Value: "DynamicEmbeddedDocument"}, {Key: "f", Value: value}}
	doc := bson.D{{Key: "_id", Value: bson.ObjectID{1}}}
	switch r.where {
	case "top":
		doc = append(doc, bson.E{Key: "f", Value: value})
	case "embedded":
		field = bson.D{{Key: "name", Value: "e"}, {Key: "ftype", Value: base + "fields.EmbeddedDocumentField"},
			{Key: "embedded_doc_type", Value: base + "odm.embedded_document.DynamicEmbeddedDocument"}, {Key: "fields", Value: bson.A{field}}}
		doc = append(doc, bson.E{Key: "e", Value: inner})
	case "listed":
		field = bson.D{{Key: "name", Value: "l"}, {Key: "ftype", Value: base + "fields.ListField"}, {Key: "subfield", Value: base + "fields.EmbeddedDocumentField"},
			{Key: "embedded_doc_type", Value: base + "odm.embedded_document.DynamicEmbeddedDocument"}, {Key: "fields", Value: bson.A{field}}}
		doc = append(doc, bson.E{Key: "l", Value: bson.A{inner}})
	}
	manifest, err := bson.Marshal(bson.D{{Key: "sample_fields", Value: bson.A{field}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	fault, ok, err := dataset.NewChecker(dataset.Manifest{Doc: manifest}).Check(dataset.Samples, raw)
	if err != nil {
		t.Fatal(err)
	}
	return fault, ok
}

// notTold are the values that only what is in them makes FiftyOne raise on, by class:
// numbers of coordinates, what compressed bytes hold, names of colors.
var notTold = map[string]string{
	"VectorField": "llist ldict", "ArrayField": "", "ColorField": "string", "KeypointsField": "list", "PolylinePointsField": "list", "UUIDField": "binary",
}

// A Checker never refuses what FiftyOne reads, and refuses all that FiftyOne raises on
// for its kind.
func TestCheckerAgreesWithFiftyOne(t *testing.T) {
	refused := 0
	for _, r := range readings(t) {
		class := strings.TrimPrefix(fmt.Sprint(r.field[0].Value), "fiftyone.core.fields.")
		for _, value := range r.read {
			if fault, ok := r.check(t, value); !ok {
				t.Errorf("%s, %v: FiftyOne reads %#v, but %s", r.where, r.field, value, fault)
			}
		}
		for _, value := range r.raised {
			if _, ok := r.check(t, value); !ok {
				refused++
			} else if !told(class, r.where, value) {
				t.Errorf("%s, %v: FiftyOne raises on %#v", r.where, r.field, value)
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d were refused", refused)
	}
}

// told reports whether a value may pass that FiftyOne raises on.
func told(class, where string, value any) bool {
	_, content := notTold[class]
	switch v := value.(type) {
	case bson.Binary:
		return true // what it holds would have to be unpacked
	case bson.D:
		// Without a class, or of one that FiftyOne does not expect there.
		return where != "top" || strings.HasPrefix(class, "Geo") || class == "MaskTargetsField" || class == "EmbeddedDocumentField"
	case bson.A:
		return content || strings.HasPrefix(class, "Geo") || class == "FrameSupportField" || class == "HeatmapRangeField" || where != "top" && len(v) > 0
	case string:
		return class == "ColorField"
	}
	return false
}

// What FiftyOne's own classes of samples declare, a schema need not.
func TestCheckerKnowsDefaultFields(t *testing.T) {
	field := bson.D{{Key: "name", Value: "note"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
	manifest, err := bson.Marshal(bson.D{{Key: "sample_fields", Value: bson.A{field}}, {Key: "frame_fields", Value: bson.A{field}}})
	if err != nil {
		t.Fatal(err)
	}
	checker := dataset.NewChecker(dataset.Manifest{Doc: manifest})
	for _, c := range []struct {
		part dataset.Part
		key  string
		ok   bool
	}{
		{dataset.Samples, "filepath", true}, {dataset.Samples, "tags", true}, {dataset.Samples, "metadata", true}, {dataset.Samples, "created_at", true},
		{dataset.Samples, "note", true}, {dataset.Samples, "other", false}, {dataset.Samples, "_merge_key", false},
		{dataset.Frames, "frame_number", true}, {dataset.Frames, "tags", false}, {dataset.Frames, "filepath", false},
	} {
		doc, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.ObjectID{1}}, {Key: c.key, Value: nil}})
		if err != nil {
			t.Fatal(err)
		}
		if fault, ok, err := checker.Check(c.part, doc); err != nil || ok != c.ok {
			t.Errorf("%v %s: %v, %v (%v)", c.part, c.key, ok, err, fault)
		}
	}
}
