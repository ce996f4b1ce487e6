package extjson

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// sample is a document as FiftyOne writes it.
const sample = `{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "/data/coco/val2017/000000000139.jpg", "tags": ["validation"], ` +
	`"_media_type": "image", "_rand": 0.3745401188473625, "_dataset_id": {"$oid": "65a0000000000000000000ff"}, ` +
	`"created_at": {"$date": "2024-01-02T03:04:05.678Z"}, "last_modified_at": {"$date": "2024-01-02T03:04:05.678Z"}, ` +
	`"metadata": {"_cls": "ImageMetadata", "size_bytes": 161811, "mime_type": "image/jpeg", "width": 640, "height": 426, "num_channels": 3}, ` +
	`"ground_truth": {"_cls": "Detections", "detections": [{"_id": {"$oid": "65a000000000000000000002"}, "_cls": "Detection", ` +
	`"attributes": {}, "tags": [], "label": "potted plant", "bounding_box": [0.37028125, 0.3345305164319249, 0.038593749999999996, 0.16314553990610328], ` +
	`"mask_path": "/data/masks/1.png", "confidence": 0.99}]}}`

func BenchmarkDecode(b *testing.B) {
	text := []byte(sample)
	b.SetBytes(int64(len(text)))
	doc, _ := Decode(nil, text)
	for b.Loop() {
		var err error
		if doc, err = Decode(doc, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	doc, err := Decode(nil, []byte(sample))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(sample)))
	var out []byte
	for b.Loop() {
		if out, err = Append(out[:0], doc); err != nil {
			b.Fatal(err)
		}
	}
	if string(out) != sample {
		b.Fatalf("got %s", out)
	}
}

// detections is the text of a sample like those that tools/bench measures with.
func detections() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	text := []byte(`{"_id": {"$oid": "65a000000000000000000001"}, "filepath": "/data/bench/part07/img_012345.jpg", "tags": [], "metadata": null, ` +
		`"_media_type": "image", "_rand": 0.3745401188473625, "ground_truth": {"_cls": "Detections", "detections": [`)
	for i := range 5 {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, `{"_id": {"$oid": "65a000000000000000000002"}, "_cls": "Detection", "attributes": {}, "tags": [], "label": "person", "bounding_box": [`...)
		for k := range 4 {
			if k > 0 {
				text = append(text, ", "...)
			}
			text = appendFloat(text, r.Float64())
		}
		text = append(text, "]}"...)
	}
	return append(text, `]}, "note": "note 12345", "_dataset_id": {"$oid": "65a0000000000000000000ff"}, `+
		`"created_at": {"$date": "2024-01-02T03:04:05.678Z"}, "last_modified_at": {"$date": "2024-01-02T03:04:05.678Z"}}`...)
}

func BenchmarkAppendDetections(b *testing.B) {
	text := detections()
	doc, err := Decode(nil, text)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	var out []byte
	for b.Loop() {
		if out, err = Append(out[:0], doc); err != nil {
			b.Fatal(err)
		}
	}
	if !bytes.Equal(out, text) {
		b.Fatalf("got %s", out)
	}
}

func BenchmarkDecodeDetections(b *testing.B) {
	text := detections()
	b.SetBytes(int64(len(text)))
	var doc bson.Raw
	for b.Loop() {
		var err error
		if doc, err = Decode(doc, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	text := []byte(`{"samples": [` + strings.Repeat(sample+",", 50000) + sample + `]}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := NewScanner(bytes.NewReader(text), "samples")
		for s.Scan() {
		}
		if s.Err() != nil || s.Seq() != 50000 {
			b.Fatal(s.Seq(), s.Err())
		}
	}
}

func BenchmarkLocate(b *testing.B) {
	text := []byte(sample)
	b.SetBytes(int64(len(text)))
	var tree Tree
	var spans []Span
	for b.Loop() {
		tree.Reset()
		tree.Add(slices.Values([]string{"filepath"}))
		tree.Add(slices.Values([]string{"ground_truth", "detections", "0", "mask_path"}))
		var err error
		if spans, err = tree.Locate(spans, text); err != nil || spans[1] == (Span{}) {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	text := []byte(sample)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !Canonical(text) {
			b.Fatal("not canonical")
		}
	}
}
