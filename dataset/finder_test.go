package dataset_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

type d = bson.D

// schemaField makes a SampleField document of the short class names.
func schemaField(name, ftype, subfield, class string, kids ...any) d {
	field := d{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields." + ftype}}
	if subfield != "" {
		field = append(field, bson.E{Key: "subfield", Value: "fiftyone.core.fields." + subfield})
	}
	if class != "" {
		field = append(field, bson.E{Key: "embedded_doc_type", Value: "fiftyone.core.labels." + class})
	}
	return append(field, bson.E{Key: "fields", Value: bson.A(kids)}, bson.E{Key: "db_field", Value: name})
}

func plainField(name string) d { return schemaField(name, "StringField", "", "") }

func marshal(t *testing.T, doc any) bson.Raw {
	t.Helper()
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func exampleManifest(t *testing.T) dataset.Manifest {
	t.Helper()
	detections := schemaField("gt", "EmbeddedDocumentField", "", "Detections",
		schemaField("detections", "ListField", "EmbeddedDocumentField", "Detection", plainField("label")))
	renamed := plainField("photo")
	renamed[len(renamed)-1].Value = "_photo"
	return dataset.Manifest{Doc: marshal(t, d{
		{Key: "app_config", Value: d{{Key: "media_fields", Value: bson.A{"filepath", "thumb", "thumbs", "photo", "extra.path"}}}},
		{Key: "sample_fields", Value: bson.A{
			plainField("filepath"), plainField("thumb"), schemaField("thumbs", "ListField", "StringField", ""), renamed,
			plainField("mask_path"), plainField("note"), detections,
			schemaField("seg", "EmbeddedDocumentField", "", "Segmentation"),
			schemaField("heat", "EmbeddedDocumentField", "", "Heatmap"),
			schemaField("ortho", "EmbeddedDocumentField", "", "OrthographicProjectionMetadata"),
			schemaField("extra", "DictField", "", ""),
			schemaField("custom", "EmbeddedDocumentField", "", "MyOwnDocument"),
		}},
		{Key: "frame_fields", Value: bson.A{
			plainField("filepath"), plainField("thumb"),
			schemaField("seg", "EmbeddedDocumentField", "", "Segmentation"),
		}},
	})}
}

var exampleSample = d{
	{Key: "_id", Value: bson.NewObjectID()},
	{Key: "filepath", Value: "/d/1.png"},
	{Key: "thumb", Value: "/t/1.png"},
	{Key: "thumbs", Value: bson.A{"/t/a.png", nil, "/t/b.png"}},
	{Key: "_photo", Value: "/p/1.png"},
	{Key: "mask_path", Value: "a plain field of this name is no media"},
	{Key: "note", Value: "/not/media.png"},
	{Key: "gt", Value: d{{Key: "_cls", Value: "Detections"}, {Key: "detections", Value: bson.A{
		d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: "/m/1.png"}},
		d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: nil}},
		d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: "/m/3.png"}, {Key: "filepath", Value: "/no"}},
	}}}},
	{Key: "seg", Value: d{{Key: "mask_path", Value: "/s/1.png"}}},
	{Key: "heat", Value: d{{Key: "_cls", Value: "Heatmap"}, {Key: "map_path", Value: "/h/1.png"}}},
	{Key: "ortho", Value: d{{Key: "filepath", Value: "/o/1.png"}}},
	{Key: "extra", Value: d{{Key: "path", Value: "/e/1.png"}, {Key: "other", Value: "/no"}}},
	{Key: "custom", Value: d{
		{Key: "", Value: d{{Key: "", Value: "an empty key"}}},
		{Key: "a.b/c~", Value: d{{Key: "mask_path", Value: "/odd.png"}}},
		{Key: "deep", Value: bson.A{bson.A{d{{Key: "_cls", Value: "RrdFile"}, {Key: "filepath", Value: "/r.rrd"}}}}},
	}},
}

func find(t *testing.T, part dataset.Part, doc any, names ...string) []string {
	t.Helper()
	f, err := dataset.NewFinder(exampleManifest(t), names)
	if err != nil {
		t.Fatal(err)
	}
	found, err := f.Find(part, marshal(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range found {
		out = append(out, x.Field+" "+string(x.At)+" "+x.Value)
	}
	return out
}

func TestFindAll(t *testing.T) {
	want := []string{
		"filepath /filepath /d/1.png",
		"thumb /thumb /t/1.png",
		"thumbs /thumbs/0 /t/a.png",
		"thumbs /thumbs/2 /t/b.png",
		"photo /_photo /p/1.png",
		"gt.detections /gt/detections/0/mask_path /m/1.png",
		"gt.detections /gt/detections/2/mask_path /m/3.png",
		"seg /seg/mask_path /s/1.png",
		"heat /heat/map_path /h/1.png",
		"ortho /ortho/filepath /o/1.png",
		"extra.path /extra/path /e/1.png",
		"custom.a.b/c~ /custom/a.b~1c~0/mask_path /odd.png",
		"custom.deep /custom/deep/0/0/filepath /r.rrd",
	}
	if got := find(t, dataset.Samples, exampleSample); !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFindInFrames(t *testing.T) {
	frame := d{{Key: "filepath", Value: "/f/1.jpg"}, {Key: "thumb", Value: "/not/media"},
		{Key: "seg", Value: d{{Key: "mask_path", Value: "/s.png"}}}}
	want := []string{"frames.filepath /filepath /f/1.jpg", "frames.seg /seg/mask_path /s.png"}
	if got := find(t, dataset.Frames, frame); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if got := find(t, dataset.Frames, d{{Key: "frame_number", Value: 1}}); len(got) != 0 {
		t.Errorf("found %q in a frame without media", got)
	}
}

func TestFindSelected(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"filepath", []string{"filepath /filepath /d/1.png"}},
		{"gt", []string{"gt.detections /gt/detections/0/mask_path /m/1.png", "gt.detections /gt/detections/2/mask_path /m/3.png"}},
		{"gt.detections.mask_path", []string{"gt.detections /gt/detections/0/mask_path /m/1.png", "gt.detections /gt/detections/2/mask_path /m/3.png"}},
		{"seg.mask_path", []string{"seg /seg/mask_path /s/1.png"}},
		{"extra", []string{"extra.path /extra/path /e/1.png"}},
		{"thumb", []string{"thumb /thumb /t/1.png"}},
		{"frames.seg", nil},
	} {
		if got := find(t, dataset.Samples, exampleSample, tt.name); !slices.Equal(got, tt.want) {
			t.Errorf("%s: found %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMissingFilepath(t *testing.T) {
	for name, doc := range map[string]d{
		"absent": {{Key: "thumb", Value: "/t.png"}},
		"null":   {{Key: "filepath", Value: nil}},
		"number": {{Key: "filepath", Value: 7}},
	} {
		f, err := dataset.NewFinder(exampleManifest(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		found, err := f.Find(dataset.Samples, marshal(t, doc))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(found); n == 0 || !found[n-1].Missing || found[n-1].Field != dataset.FilepathField {
			t.Errorf("%s: found %v, want a missing filepath", name, found)
		}
	}
}

func TestUnknownField(t *testing.T) {
	for _, name := range []string{"nope", "note.deep", "frames.nope", "GT", ""} {
		_, err := dataset.NewFinder(exampleManifest(t), []string{name})
		var unknown *dataset.UnknownFieldError
		if !errors.As(err, &unknown) || !errors.Is(err, dataset.ErrUnknownField) {
			t.Errorf("%q: error %v, want an unknown field", name, err)
			continue
		}
		if !slices.Contains(unknown.Known, "gt.detections") || !slices.Contains(unknown.Known, "frames.seg") {
			t.Errorf("%q: known fields %q", name, unknown.Known)
		}
	}
}

func TestOldSchemaWithoutNestedFields(t *testing.T) {
	old := schemaField("gt", "EmbeddedDocumentField", "", "Detections")
	m := dataset.Manifest{Doc: marshal(t, d{{Key: "sample_fields", Value: bson.A{plainField("filepath"), old}}})}
	f, err := dataset.NewFinder(m, []string{"gt"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := f.Find(dataset.Samples, marshal(t, exampleSample))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].Field != "gt.detections" {
		t.Errorf("found %v", found)
	}
}

func TestPointer(t *testing.T) {
	p := dataset.Pointer("").Key("a/b").Key("").Index(3).Key("x~1y")
	if p != "/a~1b//3/x~01y" {
		t.Errorf("pointer is %q", p)
	}
	if got := slices.Collect(p.Steps()); !slices.Equal(got, []string{"a/b", "", "3", "x~1y"}) {
		t.Errorf("steps are %q", got)
	}
	if got := slices.Collect(dataset.Pointer("").Steps()); len(got) != 0 {
		t.Errorf("the empty pointer has steps %q", got)
	}
}

// FuzzFind holds the walk over raw bytes to the driver's judgement: it never
// panics, and a document that the driver wrote can be walked.
func FuzzFind(f *testing.F) {
	whole, err := bson.Marshal(exampleSample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	odd, err := bson.Marshal(d{{Key: "r", Value: bson.Regex{Pattern: "a", Options: "i"}}, {Key: "c", Value: bson.JavaScript("x")},
		{Key: "s", Value: bson.CodeWithScope{Code: "x", Scope: d{}}}, {Key: "p", Value: bson.DBPointer{DB: "d"}},
		{Key: "t", Value: bson.Timestamp{T: 1}}, {Key: "b", Value: bson.Binary{Data: []byte{1}}}, {Key: "n", Value: bson.NewDecimal128(1, 2)},
		{Key: "min", Value: bson.MinKey{}}, {Key: "u", Value: bson.Undefined{}}, {Key: "y", Value: bson.Symbol("z")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(odd)
	f.Fuzz(func(t *testing.T, doc []byte) {
		finder, err := dataset.NewFinder(exampleManifest(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		found, _ := finder.Find(dataset.Samples, doc)
		var decoded bson.D
		if bson.Unmarshal(doc, &decoded) == nil {
			again, err := bson.Marshal(decoded)
			if err != nil {
				return
			}
			if _, err := finder.Find(dataset.Samples, again); err != nil {
				t.Fatalf("a document of the driver's cannot be walked: %v", err)
			}
		}
		for _, x := range found {
			if !x.Missing && x.At == "" {
				t.Fatalf("found %+v nowhere", x)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	f, err := dataset.NewFinder(exampleManifest(&testing.T{}), nil)
	if err != nil {
		b.Fatal(err)
	}
	doc, err := bson.Marshal(exampleSample)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Find(dataset.Samples, doc); err != nil {
			b.Fatal(err)
		}
	}
}
