package s3store

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// writeOnly denies all but PUT.
func writeOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodPut {
		return false
	}
	refuse(w, http.StatusForbidden, "AccessDenied")
	return true
}

// Where nothing can be seen, a store must be seen to honour conditions first.
func TestProve(t *testing.T) {
	for name, c := range map[string]struct {
		fake *fake
		want bool
	}{
		"honours": {&fake{answer: writeOnly, echoChecksum: true}, true},
		"ignores": {&fake{answer: writeOnly, ignoreAbsent: true, echoChecksum: true}, false},
		"refuses": {&fake{answer: writeOnly, refuseAbsent: "NotImplemented", echoChecksum: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.fake
			f.objects, f.etags = map[string][]byte{"p/k": []byte("old")}, map[string]string{"p/k": `"e"`}
			s := f.start(t)
			_, err := s.Put(t.Context(), "p/k", buckettest.Source([]byte("new")), bucket.Condition{})
			if !errors.Is(err, bucket.ErrUnseen) {
				t.Errorf("before the proof: %v", err)
			}
			if err := s.Prove(t.Context(), "p"); (err == nil) != c.want || !c.want && !errors.Is(err, bucket.ErrUnseen) {
				t.Errorf("Prove: %v", err)
			}
			want := bucket.ErrExists
			if !c.want {
				want = bucket.ErrUnseen
			}
			if _, err := s.Put(t.Context(), "p/k", buckettest.Source([]byte("new")), bucket.Condition{}); !errors.Is(err, want) {
				t.Errorf("Put: %v, want %v", err, want)
			}
			if f.object("p/k") != "old" {
				t.Errorf("the object holds %q", f.object("p/k"))
			}
			if c.want {
				mustPut(t, s, "p/new", "new", bucket.Condition{})
				f.requests()
				if err := connectTo(t, s).Prove(t.Context(), "p"); err != nil {
					t.Errorf("a second run: %v", err)
				}
				asked(t, f, "PUT p/"+proofName)
			}
		})
	}
}

// connectTo is another store on the same endpoint.
func connectTo(t *testing.T, s *Store) *Store {
	t.Helper()
	return connect(t, Options{Endpoint: *s.client.Options().BaseEndpoint})
}

// A page that says 412 proves nothing.
func TestProveByAPage(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = w.Write([]byte("<html>no</html>"))
		return true
	}}
	s := f.start(t)
	if err := s.Prove(t.Context(), "p"); !errors.Is(err, bucket.ErrAnswer) {
		t.Error(err)
	}
	if s.quirks.get().absent != unknown {
		t.Error("conditions are taken to be honoured")
	}
}

// Objects in parts are proved by themselves: other code makes them.
func TestProveParts(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		want   error
	}{"honours": {412, bucket.ErrExists}, "ignores": {200, bucket.ErrUnseen}, "refuses": {501, bucket.ErrUnseen}} {
		t.Run(name, func(t *testing.T) {
			f := &fake{echoChecksum: true}
			var completed []string
			f.answer = func(w http.ResponseWriter, r *http.Request) bool {
				switch operation(r) {
				case "CreateMultipartUpload":
					_, _ = w.Write([]byte("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"))
				case opComplete:
					completed = append(completed, strings.TrimPrefix(r.URL.Path, "/bkt/")+" "+r.Header.Get("If-None-Match"))
					if c.status != 200 {
						refuse(w, c.status, map[int]string{412: "PreconditionFailed", 501: "NotImplemented"}[c.status])
						return true
					}
					_, _ = w.Write([]byte(`<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`))
				default:
					return writeOnly(w, r)
				}
				return true
			}
			s := f.start(t)
			if err := s.Prove(t.Context(), "p"); err != nil {
				t.Fatal(err)
			}
			src := buckettest.Source([]byte("large"))
			sums, err := bucket.Sum(src, src.Size, bucket.CRC64NVME)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Finish(t.Context(), "p/k", "u", src, []bucket.Part{{N: 1, Size: src.Size, ETag: "e", Checksums: sums}}, bucket.Condition{})
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if slices.Contains(completed, "p/k *") != (c.status == 412) || slices.Contains(completed, "p/k ") {
				t.Errorf("completed %q", completed)
			}
		})
	}
}
