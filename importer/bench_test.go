package importer_test

import (
	"context"
	"io"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/dataset/dirstore"
	"github.com/medialift/medialift/importer"
)

// A discard is a sink that takes everything and keeps nothing.
type discard struct{}

func (discard) Begin(context.Context, dataset.Manifest) error          { return nil }
func (discard) Append(context.Context, dataset.Part, []bson.Raw) error { return nil }
func (discard) PutResult(_ context.Context, _ dataset.Run, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
func (discard) Commit(context.Context, dataset.Manifest) error { return nil }

// BenchmarkImport is an import without a database, of 20,000 samples with five
// detections each.
func BenchmarkImport(b *testing.B) {
	dir := b.TempDir() + "/export"
	writeDetections(b, dir, 20_000)
	s, err := dirstore.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := importer.Run(b.Context(), importer.Job{Source: s, Dir: dir, Sink: discard{}}, importer.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func writeDetections(b *testing.B, dir string, n int) {
	b.Helper()
	field := func(name, class string) bson.D {
		f := bson.D{{Key: "name", Value: name}, {Key: "db_field", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
		if class != "" {
			f = append(f, bson.E{Key: "embedded_doc_type", Value: "fiftyone.core.labels." + class})
		}
		return f
	}
	doc, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "version", Value: "1.22.1"}, {Key: "media_type", Value: "image"},
		{Key: "sample_fields", Value: bson.A{field("filepath", ""), field("tags", ""), field("metadata", ""), field("ground_truth", "Detections")}}})
	if err != nil {
		b.Fatal(err)
	}
	m := dataset.Manifest{Doc: doc}
	w, err := dirstore.Create(dir, dirstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	if err := w.Begin(b.Context(), m); err != nil {
		b.Fatal(err)
	}
	for range n {
		var detections bson.A
		for range 5 {
			detections = append(detections, bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "_cls", Value: "Detection"}, {Key: "tags", Value: bson.A{}},
				{Key: "label", Value: "person"}, {Key: "bounding_box", Value: bson.A{0.1234567890123, 0.2345678901234, 0.345678901234, 0.45678901234}}})
		}
		sample, err := bson.Marshal(bson.D{{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: "/data/bench/part07/img_012345.jpg"}, {Key: "tags", Value: bson.A{}},
			{Key: "metadata", Value: nil}, {Key: "ground_truth", Value: bson.D{{Key: "_cls", Value: "Detections"}, {Key: "detections", Value: detections}}}})
		if err != nil {
			b.Fatal(err)
		}
		if err := w.Append(b.Context(), dataset.Samples, []bson.Raw{sample}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(b.Context(), m); err != nil {
		b.Fatal(err)
	}
}
