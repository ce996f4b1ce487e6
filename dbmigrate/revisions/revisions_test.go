package revisions_test

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dbmigrate"
	"github.com/medialift/medialift/dbmigrate/revisions"
)

// Two names with the slug of a third, and names without any: each dataset ends at
// the version asked for, under a name and slug that nobody else has.
func TestSlugs(t *testing.T) {
	names := []any{"a b", "A+b", "a-b", "@@@", "日本", nil, int32(3), "Ünïcode name", "--x--"}
	db, shared := dbmigrate.Memory{}, &dbmigrate.Names{}
	for i, name := range names {
		text, _ := name.(string)
		shared.Claim(dbmigrate.IDKey(i), text, "")
		db["datasets"] = append(db["datasets"], bson.D{{Key: "_id", Value: i}, {Key: "name", Value: name}, {Key: "version", Value: "0.18.0"}})
	}
	seen := map[string]bool{}
	for _, doc := range db["datasets"] {
		plan, err := revisions.Datasets().Plan(context.Background(), db, doc, "0.19.0", dbmigrate.Env{Names: shared})
		if err != nil {
			t.Fatal(err)
		}
		var after struct{ Name, Slug, Version string }
		raw, _ := bson.Marshal(plan.After)
		if err := bson.Unmarshal(raw, &after); err != nil {
			t.Fatal(err)
		}
		if after.Name == "" || after.Slug == "" || after.Version != "0.19.0" || seen["n"+after.Name] || seen["s"+after.Slug] {
			t.Errorf("%v became %+v", doc, after)
		}
		seen["n"+after.Name], seen["s"+after.Slug] = true, true
	}
	if !seen["sa-b"] || !seen["sncode-name"] || !seen["sx"] {
		t.Errorf("slugs and names: %v", seen)
	}
}

// A run that is named but not there costs its name alone, and runs go after the
// document that held them.
func TestRunsDown(t *testing.T) {
	there, gone, dataset := bson.NewObjectID(), bson.NewObjectID(), bson.NewObjectID()
	db := dbmigrate.Memory{"runs": {{{Key: "_id", Value: there}, {Key: "_dataset_id", Value: dataset}, {Key: "key", Value: "e"}}}}
	doc := bson.D{
		{Key: "_id", Value: dataset}, {Key: "name", Value: "d"}, {Key: "version", Value: "0.19.0"}, {Key: "slug", Value: "d"},
		{Key: "evaluations", Value: bson.D{{Key: "gone", Value: gone}, {Key: "e", Value: there}}},
	}
	plan, err := revisions.Datasets().Plan(t.Context(), db, doc, "0.18.0", dbmigrate.Env{})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := bson.Marshal(plan.After)
	want := `{"_id":{"$oid":"` + dataset.Hex() + `"},"name":"d","version":"0.18.0","evaluations":{"e":{"key":"e"}}}`
	if got, _ := bson.MarshalExtJSON(bson.Raw(raw), true, false); string(got) != want {
		t.Errorf("after %s, want %s", got, want)
	}
	if len(plan.Ops) != 0 || len(plan.Last) != 1 || !plan.Last[0].Last() || len(plan.Warnings) != 1 {
		t.Errorf("ops %v, last %v, warnings %v", plan.Ops, plan.Last, plan.Warnings)
	}
}

// What a way down called by its older name has its newer one again after a way up.
func TestEmbeddedDocumentsKeepTheirClass(t *testing.T) {
	const name = "fiftyone.core.odm.embedded_document.DynamicEmbeddedDocument"
	registry := revisions.Datasets()
	doc := bson.D{{Key: "_id", Value: bson.ObjectID{1}}, {Key: "name", Value: "a"}, {Key: "version", Value: "0.16.0"}, {Key: "media_type", Value: "image"},
		{Key: "sample_collection_name", Value: "samples.a"}, {Key: "sample_fields", Value: bson.A{bson.D{
			{Key: "name", Value: "camera"}, {Key: "ftype", Value: "fiftyone.core.fields.EmbeddedDocumentField"}, {Key: "embedded_doc_type", Value: name}, {Key: "fields", Value: bson.A{}},
		}}}}
	for _, to := range []string{"0.14.0", "0.16.0", "0.14.0", "1.22.1"} {
		plan, err := registry.Plan(t.Context(), dbmigrate.Memory{}, doc, to, dbmigrate.Env{})
		if err != nil {
			t.Fatal(err)
		}
		doc = plan.After
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got := bson.Raw(raw).Lookup("sample_fields", "0", "embedded_doc_type").StringValue(); got != name {
		t.Errorf("the class is %s", got)
	}
}
