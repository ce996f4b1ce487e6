package dirstore

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/medialift/medialift/dataset"
)

// bigStore holds n samples as FiftyOne writes them, of about 800 bytes.
func bigStore(b *testing.B, n int) *Store {
	b.Helper()
	const sample = `{"_id": {"$oid": "65a0000000000000%08x"}, "filepath": "/data/coco/val2017/%012d.jpg", "tags": ["validation"], ` +
		`"_media_type": "image", "_rand": 0.3745401188473625, "_dataset_id": {"$oid": "65a0000000000000000000ff"}, ` +
		`"created_at": {"$date": "2024-01-02T03:04:05.678Z"}, "last_modified_at": {"$date": "2024-01-02T03:04:05.678Z"}, ` +
		`"metadata": {"_cls": "ImageMetadata", "size_bytes": 161811, "mime_type": "image/jpeg", "width": 640, "height": 426, "num_channels": 3}, ` +
		`"ground_truth": {"_cls": "Detections", "detections": [{"_id": {"$oid": "65a000000000000000000002"}, "_cls": "Detection", ` +
		`"attributes": {}, "tags": [], "label": "potted plant", "bounding_box": [0.37028125, 0.3345305164319249, 0.0385, 0.16314553990610328], ` +
		`"mask_path": "/data/masks/%012d.png", "confidence": 0.99}]}}`
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, "samples.json"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, `{"samples": [`)
	for i := range n {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, sample, i, i, i)
	}
	fmt.Fprint(w, "]}")
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, metadataFile), []byte(metadata), 0o666); err != nil {
		b.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func finder(b *testing.B, s *Store) *dataset.Finder {
	b.Helper()
	m, err := s.Manifest(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	f, err := dataset.NewFinder(m, nil)
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// benchSize is the number of samples: a run over many shows the steady speed.
const benchSize = 100_000

func BenchmarkRows(b *testing.B) {
	s := bigStore(b, benchSize)
	f := finder(b, s)
	for b.Loop() {
		n := 0
		for _, err := range s.Rows(context.Background(), dataset.Samples, f) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 2*benchSize {
			b.Fatal(n)
		}
	}
}

func BenchmarkDocuments(b *testing.B) {
	s := bigStore(b, benchSize)
	for b.Loop() {
		for _, err := range s.Documents(context.Background(), dataset.Samples) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkUpdate changes every value, there and back by turns; the changes are
// made from rows read at the same time.
func BenchmarkUpdate(b *testing.B) {
	s := bigStore(b, benchSize)
	f := finder(b, s)
	prefix, prefixed := "", "s3:/"
	changes := func() iter.Seq[dataset.Change] {
		return func(yield func(dataset.Change) bool) {
			var c dataset.Change
			for row, err := range s.Rows(context.Background(), dataset.Samples, f) {
				if err != nil {
					b.Error(err)
					return
				}
				path := row.Value[len(prefix):]
				set := dataset.Set{At: row.At, Old: row.Value, New: prefixed + path}
				if c.Sets = append(c.Sets, set); len(c.Sets) == 2 {
					if !yield(dataset.Change{Part: row.Part, ID: row.ID, Sets: c.Sets}) {
						return
					}
					c.Sets = nil
				}
			}
		}
	}
	for b.Loop() {
		n := 0
		for o, err := range s.Update(context.Background(), changes()) {
			if err != nil || o.Status != dataset.Changed {
				b.Fatal(o, err)
			}
			n++
		}
		if n != benchSize {
			b.Fatal(n)
		}
		prefix, prefixed = prefixed, prefix
	}
}
