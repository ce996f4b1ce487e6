package bucket_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
)

// A reader is a store that holds data and counts how often it is read back.
type reader struct {
	bucket.Store
	data  string
	reads int
	fail  error
}

func (r *reader) Open(context.Context, string) (io.ReadCloser, error) {
	r.reads++
	if r.fail != nil {
		return nil, r.fail
	}
	return io.NopCloser(strings.NewReader(r.data)), nil
}

func source(data string) bucket.Source {
	return bucket.Source{ReaderAt: strings.NewReader(data), Size: int64(len(data))}
}

// The check values of "123456789", from each algorithm's specification.
func TestSumCheckValues(t *testing.T) {
	const digits = "123456789"
	want := map[bucket.Algorithm]string{ // in hexadecimal
		bucket.CRC64NVME: "ae8b14860a799888",
		bucket.CRC32:     "cbf43926",
		bucket.CRC32C:    "e3069283",
		bucket.MD5:       "25f9e794323b453885f5181f1b624d0b",
		bucket.SHA256:    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	}
	got, err := bucket.Sum(strings.NewReader(digits), 9, bucket.CRC64NVME, bucket.CRC32, bucket.CRC32C, bucket.MD5, bucket.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	for a, v := range want {
		if sum, err := base64.StdEncoding.DecodeString(got[a]); err != nil || hex.EncodeToString(sum) != v {
			t.Errorf("%s is %x, want %s (%v)", a, sum, v, err)
		}
	}
	if _, err := bucket.Sum(strings.NewReader(digits), 10, bucket.MD5); !errors.Is(err, bucket.ErrSourceChanged) {
		t.Errorf("a short file: %v", err)
	}
	if _, err := bucket.Sum(strings.NewReader(digits), 9, "XXH3"); err == nil {
		t.Error("an unknown algorithm is computed")
	}
}

func TestSame(t *testing.T) {
	const hello, etag = "hello", "5d41402abc4b2a76b9719d911017c592"
	sums, err := bucket.Sum(strings.NewReader(hello), 5, bucket.CRC64NVME, bucket.MD5, bucket.SHA256, bucket.CRC32)
	if err != nil {
		t.Fatal(err)
	}
	crc := bucket.Checksums{bucket.CRC64NVME: sums[bucket.CRC64NVME]}
	sha := bucket.Checksums{bucket.SHA256: sums[bucket.SHA256]}
	weak := bucket.Checksums{bucket.CRC32: sums[bucket.CRC32]}
	both := bucket.Checksums{bucket.CRC64NVME: sums[bucket.CRC64NVME], bucket.CRC32: "AAAAAA=="}
	other := strings.Repeat("0", 32)
	for _, c := range []struct {
		name  string
		obj   bucket.Object
		there string // what reading back gives
		want  bool
		reads int
	}{
		{"another size", bucket.Object{Size: 4, Checksums: crc}, hello, false, 0},
		{"checksum", bucket.Object{Size: 5, Checksums: crc}, "", true, 0},
		{"checksum before ETag", bucket.Object{Size: 5, Checksums: crc, ETag: "00"}, "", true, 0},
		{"wrong checksum", bucket.Object{Size: 5, Checksums: bucket.Checksums{bucket.CRC64NVME: "AAAAAAAAAAA="}, ETag: etag}, hello, false, 0},
		{"unknown checksum alone", bucket.Object{Size: 5, Checksums: bucket.Checksums{"XXH3": "x"}}, hello, true, 1},
		{"ETag is MD5", bucket.Object{Size: 5, ETag: etag}, "", true, 0},
		{"ETag is another MD5, bytes equal", bucket.Object{Size: 5, ETag: strings.Repeat("0", 32)}, hello, true, 1},
		{"ETag is another MD5, bytes differ", bucket.Object{Size: 5, ETag: strings.Repeat("0", 32)}, "hellO", false, 1},
		{"ETag of parts", bucket.Object{Size: 5, ETag: etag + "-2"}, hello, true, 1},
		{"SHA-256, an ETag that is another MD5", bucket.Object{Size: 5, Checksums: sha, ETag: other}, "", true, 0},
		{"CRC64NVME, an ETag that is another MD5, bytes equal", bucket.Object{Size: 5, Checksums: crc, ETag: other}, hello, true, 1},
		{"CRC64NVME, an ETag that is another MD5, bytes differ", bucket.Object{Size: 5, Checksums: crc, ETag: other}, "hellO", false, 1},
		{"CRC64NVME, an ETag that is said to be no MD5", bucket.Object{Size: 5, Checksums: crc, ETag: other, Opaque: true}, "", true, 0},
		{"the MD5 of an ETag that is said to be none", bucket.Object{Size: 5, ETag: etag, Opaque: true}, hello, true, 1},
		{"weak checksum, bytes differ", bucket.Object{Size: 5, Checksums: weak}, "hellO", false, 1},
		{"weak checksum, bytes equal", bucket.Object{Size: 5, Checksums: weak, ETag: "x-2"}, hello, true, 1},
		{"weak checksum, an ETag that is another MD5", bucket.Object{Size: 5, Checksums: weak, ETag: other}, "hellO", false, 1},
		{"weak checksum, MD5", bucket.Object{Size: 5, Checksums: weak, ETag: etag}, "", true, 0},
		{"a weak checksum that disagrees with the others", bucket.Object{Size: 5, Checksums: both, ETag: etag}, "", false, 0},
		{"nothing known", bucket.Object{Size: 5}, hello, true, 1},
		{"shorter than it said", bucket.Object{Size: 5}, "hell", false, 1},
		{"longer than it said", bucket.Object{Size: 5}, "hello!", false, 1},
	} {
		store := &reader{data: c.there}
		got, err := bucket.Same(t.Context(), store, source(hello), c.obj)
		if err != nil || got != c.want || store.reads != c.reads {
			t.Errorf("%s: %v, %v after %d reads; want %v after %d", c.name, got, err, store.reads, c.want, c.reads)
		}
	}
}

func TestSameFails(t *testing.T) {
	lost := errors.New("lost")
	if _, err := bucket.Same(t.Context(), &reader{fail: lost}, source("x"), bucket.Object{Size: 1}); !errors.Is(err, lost) {
		t.Errorf("%v, want what Open said", err)
	}
	src := source("x")
	src.Unchanged = func() error { return bucket.ErrSourceChanged }
	if _, err := bucket.Same(t.Context(), &reader{data: "x"}, src, bucket.Object{Size: 1}); !errors.Is(err, bucket.ErrSourceChanged) {
		t.Errorf("%v, want ErrSourceChanged", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bucket.Same(ctx, &reader{data: "x"}, source("x"), bucket.Object{Size: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
}

func TestChecksumText(t *testing.T) {
	c := bucket.Checksums{bucket.CRC32: "a==", bucket.CRC64NVME: "b:b="}
	if s := c.String(); s != "CRC64NVME:b:b=" || bucket.ParseChecksum(s)[bucket.CRC64NVME] != "b:b=" {
		t.Errorf("%q", s)
	}
	if s := bucket.Checksums(nil).String(); s != "" || bucket.ParseChecksum(s) != nil {
		t.Errorf("%q", s)
	}
}

func BenchmarkSumCRC64NVME(b *testing.B) {
	data := make([]byte, 16<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := bucket.Sum(bytes.NewReader(data), int64(len(data)), bucket.CRC64NVME); err != nil {
			b.Fatal(err)
		}
	}
}
