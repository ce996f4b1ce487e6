package rewrite_test

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/dataset"
)

type d = bson.D

// memory is a dataset in memory.
type memory struct {
	manifest dataset.Manifest
	parts    map[dataset.Part][]bson.D
	updates  int
}

func oid(n int) bson.ObjectID { return bson.ObjectID{0: 0x65, 10: byte(n >> 8), 11: byte(n)} }

func raw(doc any) bson.Raw {
	b, err := bson.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return b
}

// samples makes a dataset of samples with these filepaths.
func samples(paths ...string) *memory {
	m := &memory{parts: map[dataset.Part][]bson.D{}, manifest: dataset.Manifest{Doc: raw(d{
		{Key: "app_config", Value: d{{Key: "media_fields", Value: bson.A{"filepath", "thumb"}}}},
		{Key: "sample_fields", Value: bson.A{
			d{{Key: "name", Value: "filepath"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}},
			d{{Key: "name", Value: "thumb"}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}},
			d{{Key: "name", Value: "gt"}, {Key: "ftype", Value: "fiftyone.core.fields.EmbeddedDocumentField"},
				{Key: "embedded_doc_type", Value: "fiftyone.core.labels.Detections"}},
		}},
		{Key: "saved_views", Value: bson.A{d{{Key: "name", Value: "dogs"}, {Key: "view_stages", Value: bson.A{`{"filepath": "/data/dogs"}`}}}}},
	})}}
	for i, p := range paths {
		m.parts[dataset.Samples] = append(m.parts[dataset.Samples], d{{Key: "_id", Value: oid(i)}, {Key: "filepath", Value: p}})
	}
	return m
}

// set sets a key of a sample.
func (m *memory) set(i int, key string, value any) {
	doc := m.parts[dataset.Samples][i]
	for k := range doc {
		if doc[k].Key == key {
			doc[k].Value = value
			return
		}
	}
	m.parts[dataset.Samples][i] = append(doc, bson.E{Key: key, Value: value})
}

func (m *memory) paths() []string {
	var list []string
	f, err := dataset.NewFinder(m.manifest, nil)
	if err != nil {
		panic(err)
	}
	for _, part := range dataset.MediaParts() {
		for row := range m.Rows(context.Background(), part, f) {
			list = append(list, row.Value)
		}
	}
	return list
}

func (m *memory) Manifest(context.Context) (dataset.Manifest, error) { return m.manifest, nil }

func (m *memory) Rows(_ context.Context, part dataset.Part, f *dataset.Finder) iter.Seq2[dataset.Row, error] {
	return func(yield func(dataset.Row, error) bool) {
		for i, doc := range m.parts[part] {
			r := raw(doc)
			found, err := f.Find(part, r)
			if err != nil {
				yield(dataset.Row{}, err)
				return
			}
			for _, x := range found {
				if !yield(dataset.Row{Part: part, Seq: int64(i), ID: r.Lookup("_id"), Found: x}, nil) {
					return
				}
			}
		}
	}
}

func (m *memory) Update(_ context.Context, changes iter.Seq[dataset.Change]) iter.Seq2[dataset.Outcome, error] {
	return func(yield func(dataset.Outcome, error) bool) {
		for c := range changes {
			m.updates++
			o := dataset.Outcome{Change: c, Status: dataset.NotFound}
			for _, doc := range m.parts[c.Part] {
				if raw(doc).Lookup("_id").Equal(c.ID) {
					o.Status = apply(doc, c.Sets)
				}
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

func apply(doc bson.D, sets []dataset.Set) dataset.Status {
	status := dataset.Already
	for _, s := range sets {
		v := at(doc, s.At)
		switch {
		case v == nil || *v != s.Old && *v != s.New:
			return dataset.Conflict
		case *v != any(s.New):
			status = dataset.Changed
		}
	}
	for _, s := range sets {
		*at(doc, s.At) = s.New
	}
	return status
}

// at returns the place of a value, or nil.
func at(doc bson.D, p dataset.Pointer) *any {
	var here any = doc
	var place *any
	for step := range p.Steps() {
		place = nil
		switch x := here.(type) {
		case bson.D:
			for i := range x {
				if x[i].Key == step {
					place = &x[i].Value
				}
			}
		case bson.A:
			if i, err := strconv.Atoi(step); err == nil && i < len(x) {
				place = &x[i]
			}
		}
		if place == nil {
			return nil
		}
		here = *place
	}
	return place
}

func TestMemoryIsADataset(t *testing.T) {
	m := samples("/a/1")
	m.set(0, "gt", d{{Key: "detections", Value: bson.A{d{{Key: "_cls", Value: "Detection"}, {Key: "mask_path", Value: "/m"}}}}})
	if got := fmt.Sprint(m.paths()); got != "[/a/1 /m]" {
		t.Errorf("paths %s", got)
	}
}
