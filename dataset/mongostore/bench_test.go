package mongostore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/internal/mongotest"
)

// benchSamples is how many samples, of five detections each, benchmarks have:
// 97 MB of BSON.
const benchSamples = 100_000

// A large is a dataset made up as it is read.
type large struct {
	dataset.Source
	n int
}

func (large) Manifest(context.Context) (dataset.Manifest, error) {
	field := func(name string) bson.D {
		return bson.D{{Key: "name", Value: name}, {Key: "db_field", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
	}
	labels := bson.D{
		{Key: "name", Value: "gt"}, {Key: "db_field", Value: "gt"}, {Key: "ftype", Value: "fiftyone.core.fields.EmbeddedDocumentField"},
		{Key: "embedded_doc_type", Value: "fiftyone.core.labels.Detections"},
	}
	doc, err := bson.Marshal(bson.D{
		{Key: "name", Value: "large"}, {Key: "version", Value: Newest}, {Key: "media_type", Value: "image"}, {Key: stampKey, Value: bson.DateTime(1)},
		{Key: "sample_fields", Value: bson.A{field("filepath"), field("created_at"), field(stampKey), field("_dataset_id"), labels}},
	})
	return dataset.Manifest{Doc: doc}, err
}

func (l large) Documents(_ context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	return func(yield func(bson.Raw, error) bool) {
		if part != dataset.Samples {
			return
		}
		for i := range l.n {
			var detections bson.A
			for j := range 5 {
				detections = append(detections, bson.D{
					{Key: "_id", Value: bson.NewObjectID()}, {Key: "_cls", Value: "Detection"}, {Key: "attributes", Value: bson.D{}},
					{Key: "tags", Value: bson.A{}}, {Key: "label", Value: "cat"}, {Key: "confidence", Value: 0.5},
					{Key: "bounding_box", Value: bson.A{0.1 * float64(j), 0.2, 0.3, 0.4}},
				})
			}
			doc, err := bson.Marshal(bson.D{
				{Key: "_id", Value: bson.NewObjectID()}, {Key: "filepath", Value: fmt.Sprintf("/data/images/%08d.jpg", i)}, {Key: "tags", Value: bson.A{"train"}},
				{Key: "_media_type", Value: "image"}, {Key: "_rand", Value: 0.5}, {Key: "_dataset_id", Value: bson.NewObjectID()},
				{Key: "created_at", Value: bson.DateTime(1)}, {Key: stampKey, Value: bson.DateTime(1)},
				{Key: "gt", Value: bson.D{{Key: "_cls", Value: "Detections"}, {Key: "detections", Value: detections}}},
			})
			if !yield(doc, err) {
				return
			}
		}
	}
}

// largeStore makes the dataset in a database, and tells how many bytes it has.
func largeStore(b *testing.B) (*Database, *Store, int64) {
	b.Helper()
	ctx := context.Background()
	server := mongotest.Start(b, "--wiredTigerCacheSizeGB", "1")
	d, err := Open(ctx, server.URI, "fiftyone", Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	if err := dataset.Copy(ctx, d.New("", NewOptions{CreateDatabase: true}), large{n: benchSamples}); err != nil {
		b.Fatal(err)
	}
	s, err := d.Dataset(ctx, "large")
	if err != nil {
		b.Fatal(err)
	}
	bytes := int64(0)
	for doc := range s.Documents(ctx, dataset.Samples) {
		bytes += int64(len(doc))
	}
	return d, s, bytes
}

func BenchmarkRead(b *testing.B) {
	_, s, bytes := largeStore(b)
	b.SetBytes(bytes)
	for b.Loop() {
		for _, err := range s.Documents(context.Background(), dataset.Samples) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkCopy(b *testing.B) {
	ctx := context.Background()
	d, s, bytes := largeStore(b)
	b.SetBytes(bytes)
	n := 0
	for b.Loop() {
		n++
		if err := dataset.Copy(ctx, d.New(fmt.Sprint("copy", n), NewOptions{CreateDatabase: true}), s); err != nil {
			b.Fatal(err)
		}
	}
}

// Every filepath gets another value: by one update each, or as moves.
func BenchmarkUpdate(b *testing.B) {
	b.Run("each", func(b *testing.B) { benchmarkUpdate(b, func(path string) string { return "s3://media" + path }) })
	b.Run("moves", func(b *testing.B) {
		benchmarkUpdate(b, func(path string) string { return "s3://media" + strings.TrimPrefix(path, "/data") })
	})
}

func benchmarkUpdate(b *testing.B, becomes func(string) string) {
	ctx := context.Background()
	_, s, _ := largeStore(b)
	m, err := s.Manifest(ctx)
	if err != nil {
		b.Fatal(err)
	}
	f, err := dataset.NewFinder(m, nil)
	if err != nil {
		b.Fatal(err)
	}
	var changes []dataset.Change
	for r, err := range s.Rows(ctx, dataset.Samples, f) {
		if err != nil {
			b.Fatal(err)
		}
		changes = append(changes, dataset.Change{Part: r.Part, ID: r.ID, Sets: []dataset.Set{{At: r.At, Old: r.Value, New: becomes(r.Value)}}})
	}
	for b.Loop() {
		for o, err := range s.Update(ctx, slices.Values(changes)) {
			if err != nil || o.Status != dataset.Changed {
				b.Fatal(o.Status, err)
			}
		}
		for _, c := range changes {
			c.Sets[0].Old, c.Sets[0].New = c.Sets[0].New, c.Sets[0].Old
		}
	}
	b.ReportMetric(float64(benchSamples)*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}
