package s3store

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// fuzzed are the bytes that are sent, and held where an object is there.
const fuzzed = "the bytes of one object"

// A stranger answers one operation with anything, and the others as an endpoint
// does that keeps nothing but what it held before.
type stranger struct {
	op      string
	status  int
	headers string // lines of "Name: value"
	body    []byte
	there   bool // an object under "k" holds fuzzed

	sent http.Header // what it said
}

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if operation(r) == s.op {
		s.answer(w)
		return
	}
	switch {
	case operation(r) == opPut:
		w.Header().Set("ETag", `"kept"`)
	case s.there && (operation(r) == opHead || operation(r) == opGet):
		w.Header().Set("ETag", `"held"`)
		w.Header().Set("Content-Length", "23")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, fuzzed)
		}
	default:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	}
}

// answer says what it was given to say, without what would lead elsewhere or is
// net/http's own.
func (s *stranger) answer(w http.ResponseWriter) {
	own := []string{"Content-Length", "Transfer-Encoding", "Connection", "Location", "Trailer", "Upgrade", "Date", "Retry-After"}
	for line := range strings.Lines(s.headers) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if ok && !slices.Contains(own, name) {
			w.Header()[name] = []string{strings.TrimSpace(value)}
		}
	}
	s.sent = w.Header().Clone()
	w.WriteHeader(s.status)
	if s.status != http.StatusNoContent && s.status != http.StatusNotModified {
		_, _ = w.Write(s.body)
	}
}

// good tells that it says that all is well.
func (s *stranger) good() bool { return s.status/100 == 2 }

// root is the root element of what it says, and whether there is nothing at all.
func (s *stranger) root() (name string, blank bool) {
	var element struct{ XMLName xml.Name }
	d := xml.NewDecoder(strings.NewReader(string(s.body)))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		token, err := d.Token()
		switch t := token.(type) {
		case xml.StartElement:
			element.XMLName = t.Name
			return t.Name.Local, false
		case xml.CharData:
			if strings.Trim(string(t), " \t\r\n\ufeff") != "" {
				return "", false
			}
		}
		if err != nil {
			return "", err == io.EOF
		}
	}
}

// says tells that it speaks as an S3 endpoint that refuses.
func (s *stranger) says() bool {
	name, blank := s.root()
	return name == errorRoot || blank || s.status == http.StatusNoContent
}

// A meeting is where a store and strangers meet, one after the other.
type meeting struct {
	stranger atomic.Pointer[stranger]
	client   *Store
}

func meet(f *testing.F) *meeting {
	f.Helper()
	clearEnv(f)
	m := &meeting{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.stranger.Load().ServeHTTP(w, r) }))
	f.Cleanup(server.Close)
	m.client = connect(f, Options{Endpoint: server.URL, Region: "us-east-1"})
	return m
}

// visit has a store that knows nothing yet ask a stranger.
func (m *meeting) visit(s *stranger, ask func(*Store)) {
	m.stranger.Store(s)
	store := &Store{name: m.client.name, client: m.client.client}
	store.quirks.init()
	ask(store)
	if store.quirks.hot.transport != nil {
		store.quirks.hot.transport.CloseIdleConnections()
	}
}

// seeds are answers as they come: of S3, of proxies, and of neither.
func seeds(f *testing.F) {
	for op := range byte(5) {
		for _, status := range []int{200, 204, 403, 404, 412, 501} {
			for _, header := range []string{"", "ETag: \"e\"", "Content-Type: text/html", "Content-Type: application/xml\nETag: \"9a0364b9e99bb480dd25e1f0284c8555\"\nX-Amz-Request-Id: 1"} {
				f.Add(op, status, header, []byte(""), op%2 == 0)
			}
		}
	}
	for _, text := range []string{
		"<html><body>Log in</body></html>", "<!DOCTYPE html>\n<html>", `{"status":"ok"}`, "<Error><Code>InternalError</Code></Error>", "<?xml version=\"1.0\"?>\n   ",
		"<ListBucketResult><Name>bkt</Name><Prefix>p/</Prefix><IsTruncated>false</IsTruncated></ListBucketResult>", "<ListBucketResult/>",
		"<ListBucketResult><Name>bkt</Name><IsTruncated>true</IsTruncated><Contents><Key>p/a</Key></Contents></ListBucketResult>",
		"<ListPartsResult><UploadId>u</UploadId><Part><PartNumber>1</PartNumber><ETag>e</ETag><Size>23</Size></Part></ListPartsResult>",
		"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>", "<InitiateMultipartUploadResult/>",
		`<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>`, "<CompleteMultipartUploadResult/>", "\xff\xfe<\x00",
	} {
		for op := range byte(5) {
			f.Add(op, 200, "ETag: \"e\"", []byte(text), false)
			f.Add(op, 404, "", []byte(text), true)
		}
	}
}

func statusOf(n int) int {
	if n >= 200 && n < 600 {
		return n
	}
	return 200 + (n%400+400)%400
}

// An object has not arrived, is not there and is not gone because anybody says so.
func FuzzAnswersOfObjects(f *testing.F) {
	seeds(f)
	m := meet(f)
	ops := []string{opPut, opHead, opGet, opDelete}
	f.Fuzz(func(t *testing.T, op byte, status int, headers string, text []byte, there bool) {
		s := &stranger{op: ops[int(op)%len(ops)], status: statusOf(status), headers: headers, body: text, there: there}
		m.visit(s, func(store *Store) {
			src := buckettest.Source([]byte(fuzzed))
			_, blank := s.root()
			switch s.op {
			case opPut:
				_, err := store.Put(t.Context(), "k", src, overwrite)
				evident := s.good() && s.sent.Get("Etag") != "" && (blank || s.status == http.StatusNoContent)
				if err == nil && !evident && !(s.good() && there) {
					t.Errorf("arrived by %d %q %q", s.status, s.headers, s.body)
				}
			case opHead:
				obj, err := store.Stat(t.Context(), "k")
				if err == nil && (!s.good() || s.sent.Get("Etag") == "" && s.sent.Get("Last-Modified") == "") {
					t.Errorf("%+v by %d %q", obj, s.status, s.headers)
				}
				if errors.Is(err, bucket.ErrNotFound) && (s.status != 404 || s.sent.Get("Content-Type") == "text/html" && len(s.sent) == 1) {
					t.Errorf("absent by %d %q", s.status, s.headers)
				}
			case opGet:
				body, err := store.Open(t.Context(), "k")
				if err == nil {
					_ = body.Close()
				}
				if err == nil && (!s.good() || s.sent.Get("Etag") == "" && s.sent.Get("Last-Modified") == "") {
					t.Errorf("opened by %d %q", s.status, s.headers)
				}
				if errors.Is(err, bucket.ErrNotFound) && !s.says() {
					t.Errorf("absent by %d %q", s.status, s.body)
				}
			case opDelete:
				err := store.Delete(t.Context(), "k")
				if name, _ := s.root(); err == nil && s.status != http.StatusNoContent &&
					(!s.good() && !s.says() || strings.EqualFold(name, "html") || name == errorRoot && s.status != 404) {
					t.Errorf("deleted by %d %q", s.status, s.body)
				}
			}
		})
	})
}

// A list is empty only where the store says so of this bucket.
func FuzzAnswersOfLists(f *testing.F) {
	seeds(f)
	m := meet(f)
	f.Fuzz(func(t *testing.T, _ byte, status int, headers string, text []byte, _ bool) {
		s := &stranger{op: "ListObjectsV2", status: statusOf(status), headers: headers, body: text}
		m.visit(s, func(store *Store) {
			n := 0
			for obj, err := range store.List(t.Context(), "p/") {
				if err != nil {
					if errors.Is(err, bucket.ErrNotFound) {
						t.Errorf("absent by %d %q", s.status, s.body)
					}
					return
				}
				if !strings.HasPrefix(obj.Key, "p/") {
					t.Errorf("%q is listed below p/", obj.Key)
				}
				if n++; n > 5 {
					return
				}
			}
			name, _ := s.root()
			said := strings.Contains(string(text), "<Name") || strings.Contains(string(text), "IsTruncated") || n > 0
			if !s.good() || name != "ListBucketResult" || !said && !strings.Contains(string(text), "Name") {
				t.Errorf("a list of %d by %d %q", n, s.status, s.body)
			}
		})
	})
}

// A large object has arrived when it can be seen; an upload is unknown when the
// store says so.
func FuzzAnswersOfParts(f *testing.F) {
	seeds(f)
	m := meet(f)
	ops := []string{"CreateMultipartUpload", opPart, "ListParts", opComplete, opAbort}
	src := buckettest.Source([]byte(fuzzed))
	sums, err := bucket.Sum(src, src.Size, bucket.CRC64NVME, bucket.MD5)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, op byte, status int, headers string, text []byte, there bool) {
		s := &stranger{op: ops[int(op)%len(ops)], status: statusOf(status), headers: headers, body: text, there: there}
		m.visit(s, func(store *Store) {
			name, blank := s.root()
			var err error
			fine := s.good()
			switch s.op {
			case "CreateMultipartUpload":
				_, err = store.Start(t.Context(), "k", src)
				fine = fine && name == "InitiateMultipartUploadResult" && strings.Contains(string(text), "UploadId")
			case opPart:
				_, err = store.PutPart(t.Context(), "k", "u", 1, src)
				fine = fine && s.sent.Get("Etag") != "" && (blank || s.status == http.StatusNoContent)
			case "ListParts":
				_, err = store.Parts(t.Context(), "k", "u")
				fine = fine && name == "ListPartsResult"
			case opComplete:
				part := bucket.Part{N: 1, Size: src.Size, ETag: "e", Checksums: bucket.Checksums{bucket.CRC64NVME: sums[bucket.CRC64NVME], bucket.MD5: sums[bucket.MD5]}}
				_, err = store.Finish(t.Context(), "k", "u", src, []bucket.Part{part}, overwrite)
				fine = fine && (there || strings.Contains(string(text), sums[bucket.CRC64NVME]))
			case opAbort:
				err = store.Abort(t.Context(), "k", "u")
				fine = fine && (s.status == http.StatusNoContent || !strings.EqualFold(name, "html") && name != errorRoot)
			}
			if err == nil && !fine {
				t.Errorf("%s is done by %d %q %q", s.op, s.status, s.headers, s.body)
			}
			if errors.Is(err, bucket.ErrNoUpload) && s.op != opPart && !s.says() {
				t.Errorf("%s: no upload by %d %q", s.op, s.status, s.body)
			}
		})
	})
}
