package values_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/values"
)

func registry() *dbmigrate.Registry {
	return dbmigrate.NewRegistry(dbmigrate.MustParseVersion("1.22.1")).EndWith(values.Ending())
}

func planned(t *testing.T, reader dbmigrate.Reader, doc bson.D, to string) *dbmigrate.Plan {
	t.Helper()
	plan, err := registry().Plan(t.Context(), reader, doc, to, dbmigrate.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func read(t *testing.T, text string) bson.D {
	t.Helper()
	var doc bson.D
	if err := bson.UnmarshalExtJSON([]byte(text), false, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

const dataset = `{"_id": 1, "name": "d", "version": "1.22.1", "media_type": "image", "sample_collection_name": "s", "frame_collection_name": "f",
	"app_config": {"sidebar_groups": [{"name": "g", "paths": ["boxes", "boxes.instance", "proj", "projection"]}]},
	"sample_fields": [
		{"name": "boxes", "db_field": "boxes", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.labels.Detection", "fields": [
			{"name": "instance", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.labels.Instance", "fields": [{"name": "id"}]},
			{"name": "mask", "db_field": "mask", "ftype": "fiftyone.core.fields.ArrayField"}]},
		{"name": "proj", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.utils.utils3d.OrthographicProjectionMetadata"},
		{"name": "projection", "ftype": "fiftyone.core.fields.StringField"},
		{"name": "mine", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "my.own.Instance"},
		{"name": "metadata", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.metadata.SceneMetadata"},
		{"name": "color", "ftype": "fiftyone.core.fields.ColorField"},
		{"name": "colors", "ftype": "fiftyone.core.fields.ListField", "subfield": "fiftyone.core.fields.ColorField"}]}`

const sample = `{"_id": 1, "boxes": {"_cls": "Detection", "instance": {"_cls": "Instance", "_id": 5}, "label": "car"}, "proj": {"_cls": "OrthographicProjectionMetadata", "width": 3},
	"mine": {"_cls": "My", "in": {"_cls": "Instance"}}, "bag": {"a": [1, {"_cls": "Instance"}, {"b": "_cls"}]}, "text": {"_cls": 7},
	"metadata": {"_cls": "SceneMetadata", "size_bytes": 9, "asset_counts": {"obj": 2}}}`

// What only accompanies labels and files goes, wherever it stands and declared or not; what
// stores the same under an older name gets that one; all else stays.
func TestTakesOut(t *testing.T) {
	db := dbmigrate.Memory{"s": {read(t, sample)}, "f": {read(t, `{"_id": 2, "l": {"_cls": "Classification", "instance": {"_cls": "Instance"}}}`)}}
	plan := planned(t, db, read(t, dataset), "0.17.2")
	after := `{"_id": 1, "name": "d", "version": "0.17.2", "media_type": "image", "sample_collection_name": "s", "frame_collection_name": "f",
	"app_config": {"sidebar_groups": [{"name": "g", "paths": ["boxes", "projection"]}]},
	"sample_fields": [
		{"name": "boxes", "db_field": "boxes", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.labels.Detection", "fields": [
			{"name": "mask", "db_field": "mask", "ftype": "fiftyone.core.fields.ArrayField"}]},
		{"name": "projection", "ftype": "fiftyone.core.fields.StringField"},
		{"name": "mine", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "my.own.Instance"},
		{"name": "metadata", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.metadata.Metadata"},
		{"name": "color", "ftype": "fiftyone.core.fields.StringField"},
		{"name": "colors", "ftype": "fiftyone.core.fields.ListField", "subfield": "fiftyone.core.fields.StringField"}]}`
	if got, want := plan.After.String(), read(t, after).String(); got != want {
		t.Errorf("the document:\n got %s\nwant %s", got, want)
	}
	if len(plan.Ops) != 2 || len(plan.Last) != 0 || len(plan.Unopenable) != 0 {
		t.Fatalf("%v, then %v; %q", plan.Ops, plan.Last, plan.Unopenable)
	}
	for i, want := range []string{
		`{"_id": 1, "boxes": {"_cls": "Detection", "label": "car"}, "mine": {"_cls": "My"}, "bag": {"a": [1, {"b": "_cls"}]}, "text": {"_cls": 7},
			"metadata": {"_cls": "Metadata", "size_bytes": 9, "asset_counts": {"obj": 2}}}`,
		`{"_id": 2, "l": {"_cls": "Classification"}}`,
	} {
		op, _ := plan.Ops[i].(dbmigrate.Convert)
		doc := db[op.Collection][0]
		for round, changes := range []bool{true, false} { // again it changes nothing
			changed, err := registry().Conversion(op.Conversion)(t.Context(), nil, &doc, op.Args)
			if err != nil || changed != changes {
				t.Errorf("round %d: changed %t, %v", round, changed, err)
			}
		}
		if doc.String() != read(t, want).String() {
			t.Errorf(" got %s\nwant %s", doc, want)
		}
	}
	samples, _ := plan.Ops[0].(dbmigrate.Convert)
	if want := []string{"bag", "boxes", "metadata", "mine", "proj"}; !slices.Equal(samples.Fields, want) {
		t.Errorf("changes %q, want %q", samples.Fields, want)
	}
	want := []string{
		`the type ColorField of the field "color" of samples, which becomes a StringField`, `the type ColorField of the field "colors" of samples`,
		"what is declared of the fields of samples that hold Instance (boxes.instance)", "what is declared of the fields of samples that hold OrthographicProjectionMetadata (proj)",
		"what is declared of the fields of samples that hold SceneMetadata (metadata)",
		"3 Instance of samples (bag.a, boxes.instance, mine.in)", "1 OrthographicProjectionMetadata of samples (proj)",
		"1 SceneMetadata of samples (metadata) become Metadata", "1 Instance of frames (l.instance)",
	}
	for _, text := range want {
		if !slices.ContainsFunc(plan.Losses, func(loss string) bool { return strings.HasPrefix(loss, text) }) {
			t.Errorf("no loss %q in %q", text, plan.Losses)
		}
	}
	if len(plan.Losses) != len(want) {
		t.Errorf("losses %q", plan.Losses)
	}
}

// A dataset with what a user made of a class that the target does not know keeps it, and is
// named, with the place, the class and the version that brought it.
func TestNames(t *testing.T) {
	text := `{"_id": 1, "name": "d", "version": "1.22.1", "media_type": "group", "group_media_types": {"a": "image", "b": "3d", "c": "multimodal"}, "sample_collection_name": "s",
		"sample_fields": [{"name": "media", "ftype": "fiftyone.core.fields.MediaReferenceField"}, {"name": "own", "ftype": "my.Field"},
			{"name": "ref", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.media_reference.MediaReference"}]}`
	db := dbmigrate.Memory{"s": {read(t, `{"_id": 1, "ref": {"_cls": "MediaReference"}, "bag": {"k": [{"x": {"_cls": "MediaReference"}}]}}`), read(t, `{"_id": 2, "bag": {"k": []}}`)}}
	plan := planned(t, db, read(t, text), "0.20.1")
	for _, want := range []string{
		`its media type "3d" came with FiftyOne 0.2`, `its media type "multimodal" came with FiftyOne 1.`,
		`the field "media" of its samples is of the type MediaReferenceField, which came with FiftyOne 1.22`,
		`the field "ref" of its samples holds MediaReference, which came with FiftyOne 1.22`, "2 MediaReference of samples (bag.k.x, ref): FiftyOne 1.22",
	} {
		if !slices.ContainsFunc(plan.Unopenable, func(why string) bool { return strings.HasPrefix(why, want) }) {
			t.Errorf("no reason %q in %q", want, plan.Unopenable)
		}
	}
	if len(plan.Unopenable) != 5 || len(plan.Ops)+len(plan.Losses) != 0 {
		t.Errorf("%q; %v, losses %q", plan.Unopenable, plan.Ops, plan.Losses)
	}
	if plan := planned(t, db, read(t, text), "1.22.0"); len(plan.Unopenable) != 0 && slices.ContainsFunc(plan.Unopenable, func(why string) bool { return strings.Contains(why, `"3d"`) }) {
		t.Errorf("1.22.0: %q", plan.Unopenable)
	}
}

// Before nested fields were declared, a list of documents could not be: its items are read
// by their classes.
func TestListsOfDocuments(t *testing.T) {
	doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "sample_fields": [{"name": "l", "ftype": "fiftyone.core.fields.ListField",
		"subfield": "fiftyone.core.fields.EmbeddedDocumentField", "embedded_doc_type": "fiftyone.core.odm.embedded_document.DynamicEmbeddedDocument"},
		{"name": "e", "embedded_doc_type": "fiftyone.core.odm.embedded_document.DynamicEmbeddedDocument"}]}`)
	for to, want := range map[string][]any{"0.14.2": {nil, "fiftyone.core.odm.document.DynamicEmbeddedDocument", 1}, "0.16.5": {"fiftyone.core.fields.EmbeddedDocumentField", "fiftyone.core.odm.embedded_document.DynamicEmbeddedDocument", 0}} {
		plan := planned(t, dbmigrate.Memory{}, doc, to)
		fields, _ := plan.After[3].Value.(bson.A)
		list, _ := fields[0].(bson.D)
		single, _ := fields[1].(bson.D)
		if list[2].Value != want[0] || single[1].Value != want[1] || len(plan.Losses) != want[2] {
			t.Errorf("%s: %v, losses %q", to, fields, plan.Losses)
		}
	}
}

// A class that one version does not find where it looks for it is named.
func TestNotFound(t *testing.T) {
	doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "sample_collection_name": "s"}`)
	db := dbmigrate.Memory{"s": {read(t, `{"_id": 1, "e": {"_cls": "DynamicEmbeddedDocument"}}`)}}
	if plan := planned(t, db, doc, "0.16.6"); len(plan.Ops) != 0 || len(plan.Unopenable) != 1 || !strings.Contains(plan.Unopenable[0], "DynamicEmbeddedDocument of samples (e)") {
		t.Errorf("0.16.6: %v, %q", plan.Ops, plan.Unopenable)
	}
	for _, to := range []string{"0.16.5", "0.17.2"} {
		if plan := planned(t, db, doc, to); len(plan.Ops)+len(plan.Unopenable) != 0 {
			t.Errorf("%s: %v, %q", to, plan.Ops, plan.Unopenable)
		}
	}
}

// Where no query by paths gets, all documents are passed.
func TestBeyondPaths(t *testing.T) {
	doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "sample_collection_name": "s"}`)
	many := bson.D{{Key: "_id", Value: 1}}
	for i := range 300 {
		many = append(many, bson.E{Key: fmt.Sprint("k", i), Value: bson.D{{Key: "_cls", Value: "Instance"}}})
	}
	for name, sample := range map[string]bson.D{
		"lists in lists": read(t, `{"_id": 1, "a": [[{"b": {"_cls": "Instance"}}]]}`),
		"odd keys":       {{Key: "_id", Value: 1}, {Key: "a.b", Value: bson.D{{Key: "_cls", Value: "Instance"}}}},
		"many places":    many,
	} {
		plan := planned(t, dbmigrate.Memory{"s": {sample}}, doc, "1.1.0")
		if len(plan.Ops) != 1 || len(plan.Losses) != 1 {
			t.Fatalf("%s: %v, %q", name, plan.Ops, plan.Losses)
		}
		op, _ := plan.Ops[0].(dbmigrate.Convert)
		left := slices.Clone(sample)
		if _, err := registry().Conversion(op.Conversion)(t.Context(), nil, &left, op.Args); err != nil || strings.Contains(left.String(), "Instance") || op.Filter != nil || op.Fields != nil {
			t.Errorf("%s: filter %v, fields %v, left %s (%v)", name, op.Filter, op.Fields, left, err)
		}
	}
}

// watched notes what is read.
type watched struct {
	dbmigrate.Memory
	without map[string][]string
}

func (w watched) FindRaw(ctx context.Context, collection string, without []string) iter.Seq2[bson.Raw, error] {
	w.without[collection] = without
	return dbmigrate.RawDocuments(ctx, w.Memory, collection, nil)
}

// Documents are read without what can't hold any, and not at all where all is known.
func TestReadsNoMore(t *testing.T) {
	doc := read(t, `{"_id": 1, "name": "d", "version": "1.22.1", "sample_collection_name": "s", "sample_fields": [
		{"name": "emb", "db_field": "emb", "ftype": "fiftyone.core.fields.VectorField"}, {"name": "bag", "ftype": "fiftyone.core.fields.DictField"},
		{"name": "any", "ftype": "fiftyone.core.fields.ListField"}, {"name": "tags", "db_field": "tags", "ftype": "fiftyone.core.fields.ListField", "subfield": "fiftyone.core.fields.StringField"},
		{"name": "b", "db_field": "bb", "ftype": "fiftyone.core.fields.EmbeddedDocumentField", "fields": [{"name": "dets", "db_field": "dets", "ftype": "fiftyone.core.fields.ListField",
			"subfield": "fiftyone.core.fields.EmbeddedDocumentField", "fields": [{"name": "mask", "ftype": "fiftyone.core.fields.ArrayField"}, {"name": "label", "ftype": "fiftyone.core.fields.StringField"}]}]}]}`)
	w := watched{Memory: dbmigrate.Memory{}, without: map[string][]string{}}
	planned(t, w, doc, "1.1.0")
	if want := []string{"bb.dets.mask", "emb", "tags"}; !slices.Equal(w.without["s"], want) {
		t.Errorf("left out %q, want %q", w.without["s"], want)
	}
	w.without = map[string][]string{}
	doc[2].Value = "2.1"
	newer := dbmigrate.NewRegistry(dbmigrate.MustParseVersion("2.1")).EndWith(values.Ending())
	if _, err := newer.Plan(t.Context(), w, doc, "2.0", dbmigrate.Env{}); err != nil || len(w.without) != 0 {
		t.Errorf("read %v for a version that knows all classes (%v)", w.without, err)
	}
}

// Versions before 0.15.1 know one confidence for all points of a keypoint.
func TestConfidencesOfPoints(t *testing.T) {
	const doc = `{"_id": 1, "name": "d", "version": "1.22.1", "media_type": "image", "sample_collection_name": "s", "sample_fields": []}`
	const points = `{"_id": 1, "pose": {"_cls": "Keypoints", "keypoints": [{"_cls": "Keypoint", "confidence": [0.1, 0.2]}, {"_cls": "Keypoint", "confidence": 0.5}]},
		"one": {"_cls": "Keypoint", "confidence": %s}}`
	db := dbmigrate.Memory{"s": {read(t, fmt.Sprintf(points, "[]"))}}
	for to, want := range map[string]int{"0.14.2": 1, "0.15.0": 1, "0.15.1": 0, "0.17.2": 0} {
		if plan := planned(t, db, read(t, doc), to); len(plan.Ops) != want || len(plan.Losses) != want || len(plan.Unopenable) != 0 {
			t.Errorf("%s: %v, losses %q, %q", to, plan.Ops, plan.Losses, plan.Unopenable)
		}
	}
	plan := planned(t, db, read(t, doc), "0.14.2")
	if !strings.Contains(plan.Losses[0], "2 Keypoint of samples (one, pose.keypoints)") {
		t.Errorf("%q", plan.Losses)
	}
	op, _ := plan.Ops[0].(dbmigrate.Convert)
	sample := db["s"][0]
	for round, changes := range []bool{true, false} {
		changed, err := registry().Conversion(op.Conversion)(t.Context(), nil, &sample, op.Args)
		if err != nil || changed != changes {
			t.Errorf("round %d: changed %t, %v", round, changed, err)
		}
	}
	want := strings.ReplaceAll(fmt.Sprintf(points, "null"), "[0.1, 0.2]", "null")
	if got := sample.String(); got != read(t, want).String() {
		t.Errorf("it became %s", got)
	}
}
