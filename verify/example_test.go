package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/dataset"
	"github.com/medialift/medialift/ledger"
	"github.com/medialift/medialift/verify"
)

type d = bson.D

// memory is a dataset in memory.
type memory struct {
	samples, frames iter.Seq[d]
}

func docs(list ...d) memory {
	return memory{samples: func(yield func(d) bool) {
		for i, doc := range list {
			if !yield(append(d{{Key: "_id", Value: oid(i)}}, doc...)) {
				return
			}
		}
	}}
}

func oid(n int) bson.ObjectID {
	return bson.ObjectID{0: 0x65, 9: byte(n >> 16), 10: byte(n >> 8), 11: byte(n)}
}

// sample is a sample with a filepath, and its metadata where size is not
// negative.
func sample(path string, size int64, more ...bson.E) d {
	doc := d{{Key: "filepath", Value: path}}
	if size >= 0 {
		doc = append(doc, bson.E{Key: "metadata", Value: d{{Key: "size_bytes", Value: size}}})
	}
	return append(doc, more...)
}

func raw(doc any) bson.Raw {
	b, err := bson.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return b
}

func (m memory) Manifest(context.Context) (dataset.Manifest, error) {
	field := func(name string) d {
		return d{{Key: "name", Value: name}, {Key: "ftype", Value: "fiftyone.core.fields.StringField"}}
	}
	return dataset.Manifest{Doc: raw(d{
		{Key: "app_config", Value: d{{Key: "media_fields", Value: bson.A{"filepath", "thumb"}}}},
		{Key: "sample_fields", Value: bson.A{field("thumb"), field("filepath")}},
		{Key: "frame_fields", Value: bson.A{field("filepath")}},
	})}, nil
}

func (m memory) Documents(ctx context.Context, part dataset.Part) iter.Seq2[bson.Raw, error] {
	list := m.samples
	if part == dataset.Frames {
		list = m.frames
	}
	return func(yield func(bson.Raw, error) bool) {
		if list == nil {
			return
		}
		for doc := range list {
			if !yield(raw(doc), ctx.Err()) {
				return
			}
		}
	}
}

func (m memory) Result(context.Context, dataset.Run) (io.ReadCloser, error) {
	return nil, dataset.ErrNoResult
}

// A store is a bucket whose objects are what a test says they are.
type store struct {
	mu      sync.Mutex
	objects map[string]object
	check   error
	stats   map[string]int
	checks  int
}

// An object is the answer of Stat and the bytes of Open.
type object struct {
	bucket.Object
	text string
	err  error // of Stat
	read error // in the middle of the bytes
}

func crc64(text string) string {
	sums, err := bucket.Sum(strings.NewReader(text), int64(len(text)), bucket.CRC64NVME)
	if err != nil {
		panic(err)
	}
	return sums[bucket.CRC64NVME]
}

// holding is a store with objects that hold these bytes, and say so.
func holding(objects map[string]string) *store {
	s := &store{objects: map[string]object{}, stats: map[string]int{}}
	for key, text := range objects {
		s.objects[key] = object{text: text, Object: bucket.Object{
			Size: int64(len(text)), ETag: "etag of " + key, Checksums: bucket.Checksums{bucket.CRC64NVME: crc64(text)},
		}}
	}
	return s
}

// change changes what is said of one object.
func (s *store) change(key string, change func(*object)) {
	o := s.objects[key]
	change(&o)
	s.objects[key] = o
}

func (s *store) Check(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks++
	return s.check
}

func (s *store) Notes() []string { return nil }

func (s *store) Stat(ctx context.Context, key string) (bucket.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats[key]++
	o, ok := s.objects[key]
	if !ok {
		return bucket.Object{}, bucket.ErrNotFound
	}
	o.Key = key
	return o.Object, errors.Join(o.err, ctx.Err())
}

func (s *store) Open(_ context.Context, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats["open "+key]++
	o := s.objects[key]
	var r io.Reader = strings.NewReader(o.text)
	if o.read != nil {
		r = io.MultiReader(bytes.NewReader([]byte(o.text[:1])), failing{o.read})
	}
	return io.NopCloser(r), nil
}

func (s *store) Put(context.Context, string, bucket.Source, bucket.Condition) (bucket.Object, error) {
	panic("nothing is written")
}
func (s *store) Delete(context.Context, string) error { panic("nothing is deleted") }
func (s *store) List(context.Context, string) iter.Seq2[bucket.Object, error] {
	panic("nothing is listed")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A ledgers is what runs have sent.
type ledgers []ledger.Sent

func (l ledgers) Sent(_ context.Context, url string) iter.Seq2[ledger.Sent, error] {
	return func(yield func(ledger.Sent, error) bool) {
		for _, s := range l {
			if s.URL == url && !yield(s, nil) {
				return
			}
		}
	}
}

// sent is a file that a run has sent.
func sent(url, text string) ledger.File {
	return ledger.File{URL: url, Size: int64(len(text)), State: ledger.FileArrived, Checksum: "CRC64NVME:" + crc64(text)}
}

// forRows says of files that they were sent for every row that names them, and made
// it do so.
func forRows(m memory, files ...ledger.File) (list ledgers) {
	m.samples(func(doc d) bool {
		text, err := bson.Marshal(doc)
		if err != nil {
			panic(err)
		}
		for _, e := range doc {
			for _, f := range files {
				if e.Value == f.URL {
					key := ledger.KeyOf(dataset.Samples, bson.Raw(text).Lookup("_id"), e.Key)
					list = append(list, ledger.Sent{File: f, Row: key, Made: true})
				}
			}
		}
		return true
	})
	return list
}

// job verifies a dataset whose s3://b lies in s.
func job(m memory, s bucket.Store, runs ...ledger.File) verify.Job {
	return verify.Job{Dataset: m, Sent: forRows(m, runs...).Sent, Open: func(_ context.Context, url string) (bucket.Location, error) {
		rest, ok := strings.CutPrefix(url, "s3://b")
		if !ok {
			return bucket.Location{}, fmt.Errorf("no store for %q", url)
		}
		return bucket.Location{Store: s, Prefix: strings.TrimPrefix(rest, "/"), Naming: bucket.Naming{Base: "s3://b/"}}, nil
	}}
}

func check(t *testing.T, j verify.Job, opts verify.Options) verify.Report {
	t.Helper()
	report, err := verify.Verify(t.Context(), j, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// summary spells the numbers of a field, those that are not 0.
func summary(f verify.Field) string {
	var b strings.Builder
	for _, n := range []struct {
		name string
		n    int64
	}{
		{"checksum", f.Checksum}, {"size", f.Size}, {"existence", f.Existence},
		{"missing", f.Missing}, {"different", f.Different}, {"unseen", f.Unseen},
	} {
		if n.n != 0 {
			fmt.Fprintf(&b, " %d %s", n.n, n.name)
		}
	}
	return strings.TrimSpace(b.String())
}

// A counting store holds nothing and remembers nothing.
type counting struct{ *store }

func (c counting) Stat(context.Context, string) (bucket.Object, error) {
	return bucket.Object{}, bucket.ErrNotFound
}
