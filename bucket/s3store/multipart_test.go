package s3store

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// A partFake is an S3 endpoint with one upload that misbehaves as told. Codes
// are those of an error with status 400, by operation: "create", "part",
// "complete", where the request has a checksum; "condition" where it has one.
type partFake struct {
	refuses      map[string]string
	echo         bool // answers with the checksums sent
	damagePart   int  // stores and answers another checksum and ETag for it
	opaqueETags  bool
	wrongWhole   bool
	headChecksum string
	gone         bool // knows no upload

	mu       sync.Mutex
	parts    map[int][]byte
	object   []byte
	etag     string
	requests []string
}

func (f *partFake) start(t *testing.T) *Store {
	t.Helper()
	clearEnv(t)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return connect(t, Options{Endpoint: server.URL})
}

const crcHeader = "X-Amz-Checksum-Crc64nvme"

func (f *partFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	query := r.URL.Query()
	operation := "head"
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		operation = "create"
	case r.Method == http.MethodPost:
		operation = "complete"
	case r.Method == http.MethodPut:
		operation = "part"
	}
	f.requests = append(f.requests, operation)
	checksum := r.Header.Get(crcHeader) + r.Header.Get("X-Amz-Checksum-Algorithm")
	condition := r.Header.Get("If-None-Match") + r.Header.Get("If-Match")
	switch {
	case f.gone && operation != "create" && operation != "head":
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case checksum != "" && f.refuses[operation] != "":
		refuse(w, http.StatusBadRequest, f.refuses[operation])
	case condition != "" && f.refuses["condition"] != "":
		refuse(w, http.StatusBadRequest, f.refuses["condition"])
	case operation == "create":
		fmt.Fprint(w, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
	case operation == "part":
		f.putPart(w, r, body)
	case operation == "complete":
		f.complete(w, r, body)
	case f.object == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(f.object)))
		w.Header().Set("ETag", f.etag)
		if f.headChecksum != "" {
			w.Header().Set(crcHeader, f.headChecksum)
		}
	}
}

func (f *partFake) putPart(w http.ResponseWriter, r *http.Request, body []byte) {
	n, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
	crc := r.Header.Get(crcHeader)
	if n == f.damagePart {
		body, crc = append(body, 0), "AAAAAAAAAAA="
	}
	if f.parts == nil {
		f.parts = map[int][]byte{}
	}
	f.parts[n] = body
	w.Header().Set("ETag", f.etagOf(body))
	if f.echo {
		w.Header().Set(crcHeader, crc)
	}
}

func (f *partFake) etagOf(data []byte) string {
	sum := md5.Sum(data)
	if f.opaqueETags {
		sum[0]++
	}
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (f *partFake) complete(w http.ResponseWriter, r *http.Request, body []byte) {
	var list struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(body, &list); err != nil {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	var all, sums []byte
	for _, p := range list.Part {
		data := f.parts[p.PartNumber]
		if p.ETag != f.etagOf(data) {
			refuse(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		sum := md5.Sum(data)
		all, sums = append(all, data...), append(sums, sum[:]...)
	}
	whole := md5.Sum(sums)
	if f.opaqueETags {
		whole[0]++
	}
	f.object, f.etag = all, fmt.Sprintf(`"%x-%d"`, whole, len(list.Part))
	crc := r.Header.Get(crcHeader)
	if f.wrongWhole {
		crc = "AAAAAAAAAAA="
	}
	if !f.echo {
		crc = ""
	}
	fmt.Fprintf(w, `<CompleteMultipartUploadResult><ETag>%s</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME></CompleteMultipartUploadResult>`,
		strings.ReplaceAll(f.etag, `"`, "&quot;"), crc)
}

var twoParts = bytes.Repeat([]byte("0123456789abcdef"), (8<<20+64)/16)

// sendAll sends twoParts, stopping at the first error.
func sendAll(t *testing.T, s *Store, cond bucket.Condition) (bucket.Object, error) {
	t.Helper()
	src := buckettest.Source(twoParts)
	upload, err := s.Start(t.Context(), "k", src)
	if err != nil {
		return bucket.Object{}, err
	}
	var parts []bucket.Part
	for n := range bucket.Parts(src.Size) {
		part, err := s.PutPart(t.Context(), "k", upload, n+1, src.Part(n+1))
		if err != nil {
			return bucket.Object{}, err
		}
		parts = append(parts, part)
	}
	return s.Finish(t.Context(), "k", upload, src, parts, cond)
}

func TestPartsConfirmed(t *testing.T) {
	whole, err := bucket.Sum(bytes.NewReader(twoParts), int64(len(twoParts)), bucket.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		fake      *partFake
		confirmed bool
		note      string
	}{
		{"checksums", &partFake{echo: true}, true, ""},
		{"checksums, opaque ETags", &partFake{echo: true, opaqueETags: true}, true, ""},
		{"silent, but MD5s", &partFake{}, true, ""},
		{"silent, but HEAD", &partFake{opaqueETags: true, headChecksum: whole[bucket.CRC64NVME]}, true, ""},
		{"silent and opaque", &partFake{opaqueETags: true}, false, "nothing confirmed"},
		{"none at the start", &partFake{refuses: map[string]string{"create": "InvalidArgument", "part": "x", "complete": "x"}}, true, "refuses CRC64NVME"},
		{"none with parts", &partFake{refuses: map[string]string{"part": "InvalidRequest", "complete": "NotImplemented"}}, true, "refuses CRC64NVME"},
		{"none at the end", &partFake{refuses: map[string]string{"complete": "NotImplemented"}}, true, "refuses CRC64NVME"},
		{"no condition", &partFake{echo: true, refuses: map[string]string{"condition": "NotImplemented"}}, true, "refuses conditions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.fake.start(t)
			obj, err := sendAll(t, s, bucket.Condition{})
			if err != nil {
				t.Fatal(err)
			}
			if obj.Confirmed != c.confirmed || obj.Checksums[bucket.CRC64NVME] != whole[bucket.CRC64NVME] || !bytes.Equal(c.fake.object, twoParts) {
				t.Errorf("%+v", obj)
			}
			notes := strings.Join(s.Notes(), "; ")
			if c.note == "" && notes != "" || !strings.Contains(notes, c.note) {
				t.Errorf("notes: %q, want %q", notes, c.note)
			}
			// What was learnt is kept: the second object needs nothing twice.
			c.fake.requests, c.fake.object = nil, nil
			if _, err := sendAll(t, s, bucket.Condition{Overwrite: true}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(fmt.Sprint(c.fake.requests), "part"); n != 2 {
				t.Errorf("the second object: %v", c.fake.requests)
			}
		})
	}
}

func TestPartsDamaged(t *testing.T) {
	for name, f := range map[string]*partFake{
		"a part's checksum": {echo: true, damagePart: 2}, "a part's ETag": {damagePart: 2},
		"the object's checksum": {echo: true, wrongWhole: true}, "the object's in HEAD": {headChecksum: "AAAAAAAAAAA="},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sendAll(t, f.start(t), bucket.Condition{})
			only(t, err, bucket.ErrChecksum)
		})
	}
}

func TestPartsGone(t *testing.T) {
	f := &partFake{}
	s, src := f.start(t), buckettest.Source([]byte("x"))
	part, err := s.PutPart(t.Context(), "k", "u", 1, src.Part(1))
	if err != nil {
		t.Fatal(err)
	}
	f.gone = true
	_, putErr := s.PutPart(t.Context(), "k", "u", 1, src.Part(1))
	_, listErr := s.Parts(t.Context(), "k", "u")
	_, endErr := s.Finish(t.Context(), "k", "u", src, []bucket.Part{part}, overwrite)
	for _, err := range []error{putErr, listErr, endErr, s.Abort(t.Context(), "k", "u")} {
		if !errors.Is(err, bucket.ErrNoUpload) || errors.Is(err, bucket.ErrNotFound) {
			t.Errorf("%v, want ErrNoUpload", err)
		}
	}
}

// What the server of these tests does by itself, with nobody looking first.
func TestServerHonoursConditionsOfParts(t *testing.T) {
	server := buckettest.S3Server(t)
	server.Setenv(t)
	server.CreateBucket(t, "bkt")
	s, err := New(t.Context(), "bkt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := buckettest.Source([]byte("in one part"))
	upload, err := s.Start(t.Context(), "k", src)
	if err != nil {
		t.Fatal(err)
	}
	part, err := s.PutPart(t.Context(), "k", upload, 1, src.Part(1))
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "k", "somebody else's", overwrite)
	end := ending{key: "k", upload: upload, parts: []bucket.Part{part}, crc: part.Checksums[bucket.CRC64NVME], checksum: true}
	absent, match, wrong := end, end, end
	absent.absent, match.match, wrong.crc = true, "0123456789abcdef0123456789abcdef", "AAAAAAAAAAA="
	_, err = s.complete(t.Context(), absent)
	only(t, err, bucket.ErrExists)
	_, err = s.complete(t.Context(), match)
	only(t, err, bucket.ErrExists)
	_, err = s.complete(t.Context(), wrong)
	only(t, err, bucket.ErrChecksum)
	out, err := s.complete(t.Context(), end)
	if err != nil || aws.ToString(out.ChecksumCRC64NVME) != end.crc {
		t.Errorf("%v, %v", out, err)
	}
	_, err = s.Parts(t.Context(), "k", upload)
	if !errors.Is(err, bucket.ErrNoUpload) {
		t.Errorf("%v, want ErrNoUpload", err)
	}
}
