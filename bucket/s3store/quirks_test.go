package s3store

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minio/crc64nvme"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

var overwrite = bucket.Condition{Overwrite: true}

func mustPut(t *testing.T, s *Store, key, data string, cond bucket.Condition) bucket.Object {
	t.Helper()
	obj, err := s.Put(t.Context(), key, buckettest.Source([]byte(data)), cond)
	if err != nil {
		t.Fatalf("Put %q: %v", key, err)
	}
	return obj
}

func putFails(t *testing.T, s *Store, key, data string, cond bucket.Condition, want error) error {
	t.Helper()
	_, err := s.Put(t.Context(), key, buckettest.Source([]byte(data)), cond)
	if !errors.Is(err, want) {
		t.Fatalf("Put %q: %v, want %v", key, err, want)
	}
	return err
}

func notes(t *testing.T, s *Store, want ...string) {
	t.Helper()
	got := s.Notes()
	if len(got) != len(want) {
		t.Fatalf("notes %q, want %d", got, len(want))
	}
	for i, part := range want {
		if !strings.Contains(got[i], part) {
			t.Errorf("note %q does not say %q", got[i], part)
		}
	}
}

func asked(t *testing.T, f *fake, want ...string) {
	t.Helper()
	if got := f.requests(); !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

func TestEndpointThatDoesItAll(t *testing.T) {
	f := &fake{echoChecksum: true}
	s := f.start(t)
	if !mustPut(t, s, "a", "one", bucket.Condition{}).Confirmed {
		t.Error("not confirmed")
	}
	asked(t, f, "HEAD a", "PUT a", "PUT a")
	putFails(t, s, "a", "two", bucket.Condition{}, bucket.ErrExists)
	asked(t, f, "PUT a")
	mustPut(t, s, "b", "two", bucket.Condition{})
	asked(t, f, "PUT b")
	mustPut(t, s, "b", "three", overwrite)
	asked(t, f, "PUT b")
	notes(t, s)
}

func TestEndpointThatRefusesChecksums(t *testing.T) {
	for _, code := range []string{"InvalidArgument", "NotImplemented", "InvalidRequest"} {
		t.Run(code, func(t *testing.T) {
			f := &fake{refuseChecksum: code}
			s := f.start(t)
			if !mustPut(t, s, "a", "one", bucket.Condition{}).Confirmed {
				t.Error("not confirmed by its MD5")
			}
			asked(t, f, "HEAD a", "PUT a", "PUT a", "PUT a")
			if !mustPut(t, s, "b", "two", bucket.Condition{}).Confirmed {
				t.Error("not confirmed by its MD5")
			}
			if h := f.headers[0]; h.Get("X-Amz-Content-Sha256") == "UNSIGNED-PAYLOAD" || h.Get("If-None-Match") == "" {
				t.Errorf("headers %v", h)
			}
			asked(t, f, "PUT b")
			putFails(t, s, "a", "three", bucket.Condition{}, bucket.ErrExists)
			notes(t, s, "refuses CRC64NVME")
		})
	}
}

// Where a CRC64NVME is refused a CRC32 goes along, and must come back.
func TestEndpointThatTakesCRC32(t *testing.T) {
	f := &fake{refuseChecksum: "InvalidRequest", echoChecksum: true, opaqueETag: true}
	s := f.start(t)
	for key, size := range map[string]int{"small": 3, "large": small + 1} {
		data := bytes.Repeat([]byte("x"), size)
		obj, err := s.Put(t.Context(), key, buckettest.Source(data), bucket.Condition{})
		if err != nil || !obj.Confirmed {
			t.Fatalf("%s: %+v, %v", key, obj, err)
		}
	}
	f.requests()
	mustPut(t, s, "b", "two", bucket.Condition{})
	last := f.headers[0]
	asked(t, f, "PUT b")
	sums, err := bucket.Sum(strings.NewReader("two"), 3, bucket.CRC32)
	if err != nil || last.Get("X-Amz-Checksum-Crc32") != sums[bucket.CRC32] || last.Get("X-Amz-Checksum-Crc64nvme") != "" {
		t.Errorf("sent %v", last)
	}
	notes(t, s, "sent with a CRC32")
	f.wrongChecksum = true
	putFails(t, s, "c", "three", bucket.Condition{}, bucket.ErrChecksum)
}

func TestEndpointThatRefusesAllChecksums(t *testing.T) {
	f := &fake{refuseChecksum: "InvalidRequest", refuseCRC32: true, refuseAbsent: "NotImplemented"}
	s := f.start(t)
	if !mustPut(t, s, "a", "one", bucket.Condition{}).Confirmed {
		t.Error("not confirmed by its MD5")
	}
	f.requests()
	mustPut(t, s, "b", "two", bucket.Condition{})
	asked(t, f, "HEAD b", "PUT b")
	notes(t, s, "refuses CRC64NVME", "refuses If-None-Match")
}

func TestEndpointWithoutConditions(t *testing.T) {
	for name, f := range map[string]*fake{
		"ignores":         {ignoreAbsent: true, ignoreMatch: true},
		"refuses":         {refuseAbsent: "NotImplemented", refuseMatch: "NotImplemented"},
		"refuses with400": {refuseAbsent: "InvalidArgument", ignoreMatch: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := f.start(t)
			mustPut(t, s, "there", "old", overwrite)
			putFails(t, s, "there", "new", bucket.Condition{}, bucket.ErrExists)
			mustPut(t, s, "a", "one", bucket.Condition{})
			putFails(t, s, "there", "new", bucket.Condition{}, bucket.ErrExists)
			putFails(t, s, "a", "new", bucket.Condition{}, bucket.ErrExists)
			f.requests()
			old := mustPut(t, s, "b", "two", bucket.Condition{})
			asked(t, f, "HEAD b", "PUT b")
			mustPut(t, s, "b", "three", bucket.Condition{Replaces: old})
			putFails(t, s, "b", "four", bucket.Condition{Replaces: old}, bucket.ErrExists)
			if f.object("there") != "old" || f.object("a") != "one" || f.object("b") != "three" {
				t.Errorf("holds %q", f.objects)
			}
			notes(t, s, strings.Fields(name)[0]+" If-None-Match")
		})
	}
}

func TestEndpointThatRefusesEverything(t *testing.T) {
	f := &fake{refuseAbsent: "NotImplemented", refuseChecksum: "NotImplemented", refuseMatch: "NotImplemented"}
	s := f.start(t)
	old := mustPut(t, s, "a", "one", bucket.Condition{})
	if !old.Confirmed {
		t.Error("not confirmed")
	}
	f.requests()
	mustPut(t, s, "a", "two", bucket.Condition{Replaces: old})
	asked(t, f, "HEAD a", "PUT a")
	notes(t, s, "refuses CRC64NVME", "refuses If-None-Match")
}

func TestEndpointThatRefusesIfMatch(t *testing.T) {
	f := &fake{refuseMatch: "NotImplemented", echoChecksum: true}
	s := f.start(t)
	old := mustPut(t, s, "a", "one", bucket.Condition{})
	now := mustPut(t, s, "a", "two", bucket.Condition{Replaces: old})
	putFails(t, s, "a", "three", bucket.Condition{Replaces: old}, bucket.ErrExists)
	mustPut(t, s, "a", "three", bucket.Condition{Replaces: now})
	notes(t, s, "refuses If-Match")
}

// A refusal for another reason must teach nothing.
func TestEndpointThatRefusesTheObject(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/bad") {
			refuse(w, http.StatusBadRequest, "InvalidArgument")
			return true
		}
		return false
	}}
	s := f.start(t)
	if _, err := s.Put(t.Context(), "bad", buckettest.Source([]byte("x")), bucket.Condition{}); err == nil {
		t.Fatal("no error")
	}
	if k := s.quirks.get(); k != (known{}) {
		t.Errorf("learnt %+v", k)
	}
	notes(t, s)
}

func TestWhatExistsNeedsNoProbe(t *testing.T) {
	f := &fake{objects: map[string][]byte{"a": []byte("x")}, etags: map[string]string{"a": `"e"`}}
	s := f.start(t)
	putFails(t, s, "a", "y", bucket.Condition{}, bucket.ErrExists)
	asked(t, f, "HEAD a")
}

func TestManyAtOnceAskOnce(t *testing.T) {
	f := &fake{ignoreAbsent: true}
	s := f.start(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			_, err := s.Put(t.Context(), fmt.Sprint(i), buckettest.Source([]byte{byte(i)}), bucket.Condition{})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	puts := 0
	for _, r := range f.requests() {
		if strings.HasPrefix(r, "PUT") {
			puts++
		}
	}
	if puts != 33 {
		t.Errorf("%d PUTs for 32 objects and a probe", puts)
	}
}

func TestConfirmation(t *testing.T) {
	for _, c := range []struct {
		name      string
		fake      *fake
		confirmed []bool // of the first object and the next; none: ErrChecksum
		notes     []string
	}{
		{"checksum", &fake{echoChecksum: true, opaqueETag: true}, []bool{true, true}, nil},
		{"MD5", &fake{}, []bool{true, true}, nil},
		{"neither", &fake{opaqueETag: true}, []bool{true, false}, []string{"the bytes of 1 objects"}},
		{"KMS", &fake{opaqueETag: true, kms: true}, []bool{false, false}, []string{"the bytes of 2 objects"}},
		{"wrong checksum", &fake{echoChecksum: true, wrongChecksum: true}, nil, nil},
		{"damaged", &fake{damage: true}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.fake.start(t)
			for i, want := range c.confirmed {
				if got := mustPut(t, s, fmt.Sprint(i), "data", overwrite).Confirmed; got != want {
					t.Errorf("object %d: confirmed %v", i, got)
				}
			}
			if c.confirmed == nil {
				putFails(t, s, "0", "data", overwrite, bucket.ErrChecksum)
			}
			notes(t, s, c.notes...)
		})
	}
}

func TestDamageOnceMD5IsKnown(t *testing.T) {
	f := &fake{}
	s := f.start(t)
	mustPut(t, s, "a", "data", overwrite)
	f.mu.Lock()
	f.damage = true
	f.mu.Unlock()
	f.requests()
	putFails(t, s, "b", "data", overwrite, bucket.ErrChecksum)
	asked(t, f, "PUT b")
}

func TestSourceThatChangesWhileSent(t *testing.T) {
	for name, existing := range map[string]string{"new": "", "old": "old bytes"} {
		t.Run(name, func(t *testing.T) {
			f := &fake{echoChecksum: true}
			s := f.start(t)
			cond := bucket.Condition{}
			if existing != "" {
				mustPut(t, s, "k", existing, cond)
				cond = overwrite
			}
			src := buckettest.Source(make([]byte, small+1))
			calls := 0
			src.Unchanged = func() error {
				if calls++; calls == 1 {
					return nil
				}
				return fmt.Errorf("%w: size", bucket.ErrSourceChanged)
			}
			_, err := s.Put(t.Context(), "k", src, cond)
			if !errors.Is(err, bucket.ErrSourceChanged) {
				t.Fatalf("%v, want ErrSourceChanged", err)
			}
			if gone := f.object("k") == ""; gone != (existing == "") {
				t.Errorf("object gone: %v, %v", gone, err)
			}
		})
	}
}

func TestTables(t *testing.T) {
	data := bytes.Repeat([]byte("medialift"), 50_000)
	for _, n := range []int{0, 1, 7, 100, 2047, 2048, 70_000, len(data)} {
		h := crc64nvme.New()
		h.Write(data[:n])
		sums, err := bucket.Sum(bytes.NewReader(data), int64(n), bucket.CRC64NVME)
		if err != nil || sums[bucket.CRC64NVME] != bucket.Digest(h) {
			t.Errorf("%d bytes: %v, %v", n, sums, err)
		}
	}
}
