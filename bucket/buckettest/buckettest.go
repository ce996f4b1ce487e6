// Package buckettest is what every [bucket.Store] must do, as tests: [Run]. It
// also starts servers for the tests of any package: a real S3 server, [S3Server],
// and emulators of the other two clouds, [GCSServer] and [AzureServer].
package buckettest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/medialift/medialift/bucket"
)

// large is more than any store keeps in memory or sends in one piece.
const large = 9<<20 + 1

// Run puts the stores that open returns through everything that callers rely
// on. Each call of open gives an empty place: below it no key is in use.
func Run(t *testing.T, open func(t *testing.T) bucket.Location) {
	for _, c := range []struct {
		name string
		run  func(p place)
	}{
		{"round trip", place.roundTrip},
		{"sizes", place.sizes},
		{"odd keys", place.oddKeys},
		{"unusable keys", place.unusableKeys},
		{"longest key", place.longestKey},
		{"list", place.list},
		{"create only", place.createOnly},
		{"create at once", place.createAtOnce},
		{"overwrite", place.overwrite},
		{"replace", place.replace},
		{"changed source", place.changedSource},
		{"shorter source", place.shorterSource},
		{"fickle source", place.fickleSource},
		{"missing", place.missing},
		{"cancelled", place.cancelled},
		{"same", place.same},
		{"check", place.check},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(place{t, open(t)}) })
	}
	store := open(t).Store
	if _, ok := store.(bucket.Multipart); ok {
		t.Run("in parts", func(t *testing.T) { RunMultipart(t, open) })
	}
	if _, ok := store.(bucket.Resumable); ok {
		t.Run("in a session", func(t *testing.T) { RunResumable(t, open) })
	}
}

// Source returns a source of data that never changes.
func Source(data []byte) bucket.Source {
	return bucket.Source{ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
}

// A place is the location under test.
type place struct {
	*testing.T
	bucket.Location
}

var overwrite = bucket.Condition{Overwrite: true}

func (p place) put(rel string, data []byte, cond bucket.Condition) (bucket.Object, error) {
	return p.Store.Put(p.Context(), p.Key(rel), Source(data), cond)
}

// mustPut puts and checks what Put says of it.
func (p place) mustPut(rel string, data []byte, cond bucket.Condition) bucket.Object {
	p.Helper()
	obj, err := p.put(rel, data, cond)
	if err != nil {
		p.Fatalf("Put %q: %v", rel, err)
	}
	if obj.Key != p.Key(rel) || obj.Size != int64(len(data)) || obj.ETag == "" {
		p.Errorf("Put %q returned %+v", rel, obj)
	}
	if !obj.Confirmed {
		p.Errorf("Put %q: nothing confirmed the bytes", rel)
	}
	p.agree(obj.Checksums, data)
	return obj
}

// agree compares checksums with those of data.
func (p place) agree(sums bucket.Checksums, data []byte) {
	p.Helper()
	for a, got := range sums {
		want, err := bucket.Sum(bytes.NewReader(data), int64(len(data)), a)
		if err != nil || want[a] != got {
			p.Errorf("%s is %q, want %q (%v)", a, got, want[a], err)
		}
	}
}

// holds checks that the object at rel is there with these bytes.
func (p place) holds(rel string, want []byte) bucket.Object {
	p.Helper()
	obj, err := p.Store.Stat(p.Context(), p.Key(rel))
	if err != nil {
		p.Fatalf("Stat %q: %v", rel, err)
	}
	if obj.Key != p.Key(rel) || obj.Size != int64(len(want)) || obj.ETag == "" || obj.ModTime.IsZero() {
		p.Errorf("Stat %q returned %+v, want size %d", rel, obj, len(want))
	}
	p.agree(obj.Checksums, want)
	r, err := p.Store.Open(p.Context(), p.Key(rel))
	if err != nil {
		p.Fatalf("Open %q: %v", rel, err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		p.Fatalf("reading %q: %v", rel, err)
	}
	if !bytes.Equal(got, want) {
		p.Errorf("%q holds %d other bytes (want %d)", rel, len(got), len(want))
	}
	return obj
}

// absent checks that there is no object at rel.
func (p place) absent(rel string) {
	p.Helper()
	if obj, err := p.Store.Stat(p.Context(), p.Key(rel)); !errors.Is(err, bucket.ErrNotFound) {
		p.Errorf("Stat %q = %+v, %v; want ErrNotFound", rel, obj, err)
	}
}

// keys lists what is below rel, without the prefix of the place.
func (p place) keys(rel string) []string {
	p.Helper()
	keys := []string{}
	for obj, err := range p.Store.List(p.Context(), p.Key(rel)) {
		if err != nil {
			p.Fatalf("List %q: %v", rel, err)
		}
		if p.Prefix != "" {
			obj.Key = obj.Key[len(p.Prefix)+1:]
		}
		keys = append(keys, obj.Key)
	}
	return keys
}

// pattern returns n bytes that repeat nowhere near.
func pattern(n int, seed byte) []byte {
	data := make([]byte, n)
	state := uint32(seed) + 1
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return data
}
