package azurestore

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// An oracle answers every request alike, and says what such answers prove.
type oracle struct {
	status   int
	header   http.Header
	body     string
	requests int
}

// RoundTrip answers.
func (o *oracle) RoundTrip(r *http.Request) (*http.Response, error) {
	o.requests++
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body) // of what was taken back
		_ = r.Body.Close()
	}
	body := o.body
	if r.Method == http.MethodHead || o.status == http.StatusNoContent {
		body = ""
	}
	return &http.Response{
		Status: fmt.Sprint(o.status), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: o.header.Clone(), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// azure tells whether the headers are those of the service.
func (o *oracle) azure() bool {
	for name := range o.header {
		if strings.HasPrefix(name, "X-Ms-") {
			return true
		}
	}
	return strings.HasPrefix(strings.Trim(o.header.Get("ETag"), `"`), "0x")
}

// absent tells whether the answer says in Azure's words that nothing is there.
func (o *oracle) absent() bool {
	code := strings.Contains(o.body, "Code>") || strings.HasPrefix(o.header.Get("Content-Type"), "application/xml")
	return o.status == http.StatusNotFound && (o.azure() || code)
}

// document is the name of the body's first element.
func (o *oracle) document() string {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(o.body, "\ufeff")))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

// asked is a transport to the oracle of the moment.
type asked struct{ *oracle }

// RoundTrip asks.
func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) { return a.oracle.RoundTrip(r) }

// FuzzAnswers: whatever is answered, nothing has arrived without an ETag or the
// object, is absent without Azure's word, and no target is empty without a list
// that is.
func FuzzAnswers(f *testing.F) {
	sum := md5.Sum([]byte("x"))
	there := "ETag: \"0x1\"\nContent-Length: 1\nContent-MD5: " + base64.StdEncoding.EncodeToString(sum[:])
	for _, body := range []string{
		"", page, "{}", "<Error><Code>BlobNotFound</Code></Error>", "<BlockList/>", "<Other><Blobs/></Other>",
		"<EnumerationResults><Blobs/></EnumerationResults>", "<EnumerationResults/>",
		"<EnumerationResults><Blobs><Blob><Name>k</Name><Properties/></Blob></Blobs><NextMarker>x</NextMarker></EnumerationResults>",
		"<EnumerationResults><Blobs><Blob/></Blobs></EnumerationResults>", "<EnumerationResults><Blobs>",
	} {
		for _, status := range []uint16{200, 201, 202, 204, 404, 412} {
			f.Add(status, "", body)
			f.Add(status, there, body)
		}
		f.Add(uint16(404), "X-Ms-Error-Code: BlobNotFound", body)
		f.Add(uint16(200), "Content-Type: text/html\nETag: \"5f-1\"", body)
	}
	f.Add(uint16(302), "Location: /login", "")
	now := &asked{}
	key := base64.StdEncoding.EncodeToString([]byte("hush"))
	s, err := over(now, "ccc", Options{Credentials: Credentials{Account: "acc", AccountURL: "http://h/acc", Key: key}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status uint16, lines, body string) {
		o := &oracle{status: 200 + int(status)%400, header: http.Header{}, body: body}
		if status >= 200 && status < 600 {
			o.status = int(status)
		}
		for line := range strings.SplitSeq(lines, "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok {
				o.header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		now.oracle = o
		o.puts(t, s)
		o.reads(t, s)
		if o.requests > 400 {
			t.Errorf("%d requests", o.requests)
		}
	})
}

// puts sends an object, at once and in parts.
func (o *oracle) puts(t *testing.T, s *Store) {
	src := buckettest.Source([]byte("x"))
	sum := md5.Sum([]byte("x"))
	proof := o.status/100 == 2 && strings.Trim(o.header.Get("ETag"), `"`) != ""
	for _, cond := range []bucket.Condition{{}, {Overwrite: true}, {Replaces: bucket.Object{ETag: "0x1"}}} {
		if obj, err := s.Put(t.Context(), "k", src, cond); err == nil && !proof {
			t.Errorf("%+v has arrived, by %+v", obj, o)
		}
	}
	upload, err := s.Start(t.Context(), "k", src)
	if err != nil {
		t.Fatal(err)
	}
	part, err := s.PutPart(t.Context(), "k", upload, 1, src)
	if md5of := o.header.Get("Content-MD5"); err == nil && !o.azure() && md5of != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("%+v has arrived, by %+v", part, o)
	}
	parts, err := s.Parts(t.Context(), "k", upload)
	if err == nil && len(parts) == 0 && !o.absent() && !(o.status == http.StatusOK && o.document() == "BlockList") {
		t.Errorf("no blocks, by %+v", o)
	}
	if obj, err := s.Finish(t.Context(), "k", upload, src, []bucket.Part{part}, bucket.Condition{}); err == nil {
		t.Errorf("%+v is made of a block that is not there, by %+v", obj, o)
	}
}

// reads looks at what is there.
func (o *oracle) reads(t *testing.T, s *Store) {
	obj, err := s.Stat(t.Context(), "k")
	if err == nil && !(o.status == http.StatusOK && o.azure() && o.header.Get("ETag") != "" && o.header.Get("Content-Length") != "") {
		t.Errorf("%+v is there, by %+v", obj, o)
	}
	o.missing(t, err)
	for _, prefix := range []string{"", "k", "p/"} {
		some := false
		for _, err := range s.List(t.Context(), prefix) {
			some = true
			o.missing(t, err)
		}
		if !some && !(o.status == http.StatusOK && o.document() == "EnumerationResults" && strings.Contains(o.body, "Blobs")) {
			t.Errorf("nothing is below %q, by %+v", prefix, o)
		}
	}
	if err := s.Check(t.Context()); err == nil && !(o.status == http.StatusOK && o.document() == "EnumerationResults") {
		t.Errorf("the container answers, by %+v", o)
	}
	r, err := s.Open(t.Context(), "k")
	o.missing(t, err)
	if err == nil {
		got, err := io.ReadAll(r)
		if err == nil && !o.azure() {
			t.Errorf("its bytes are %q, by %+v", bytes.ToValidUTF8(got, nil), o)
		}
		_ = r.Close()
	}
	if err := s.Delete(t.Context(), "k"); err == nil && !o.absent() && !(o.status == http.StatusAccepted && o.azure()) {
		t.Errorf("it is deleted, by %+v", o)
	}
}

// missing checks what is said to be absent.
func (o *oracle) missing(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, bucket.ErrNotFound) && !o.absent() {
		t.Errorf("absent: %v, by %+v", err, o)
	}
}
