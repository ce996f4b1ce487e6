package gcsstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// An oracle answers every request alike, but for those that look at an object
// when another one is made. It also says what such answers prove.
type oracle struct {
	status       int
	header       http.Header
	body, looked string
	requests     atomic.Int64
}

// RoundTrip answers.
func (o *oracle) RoundTrip(r *http.Request) (*http.Response, error) {
	o.requests.Add(1)
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body) // of what was taken back
		_ = r.Body.Close()
	}
	body := o.body
	if r.Method == http.MethodGet && o.looked != "" {
		body = o.looked
	}
	h := o.header.Clone()
	if r.Method == http.MethodHead || o.status == http.StatusNoContent {
		body = ""
	}
	return &http.Response{
		Status: fmt.Sprint(o.status), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// success tells whether the status is one.
func (o *oracle) success() bool { return o.status/100 == 2 }

// said is what a body says of an object, as another reader has it.
type said struct {
	Kind, Name, Crc32c, NextPageToken string
	Generation, Size                  json.Number
	Items                             []json.RawMessage
	Error                             *json.RawMessage
}

func read(body string) (s said) {
	_ = json.NewDecoder(strings.NewReader(body)).Decode(&s) // what cannot be read says nothing
	return s
}

func (s said) describes(key string) bool {
	n, err := s.Generation.Int64()
	return err == nil && n > 0 && s.Name == key
}

// holds tells whether some answer shows an object of one byte, "x".
func (o *oracle) holds() bool {
	sums, err := bucket.Sum(strings.NewReader("x"), 1, bucket.CRC32C)
	if err != nil || !o.success() {
		return false
	}
	for _, body := range []string{o.body, o.looked} {
		s := read(body)
		if s.describes("k") && s.Size == "1" && s.Crc32c == sums[bucket.CRC32C] {
			return true
		}
	}
	return false
}

// absent tells whether the answer says in Google's words that nothing is there.
func (o *oracle) absent() bool {
	return o.status == http.StatusNotFound && (read(o.body).Error != nil || read(o.looked).Error != nil || o.google())
}

// google tells whether the headers are those of the service.
func (o *oracle) google() bool {
	kind, _, _ := strings.Cut(o.header.Get("Content-Type"), ";")
	return o.header.Get("X-GUploader-UploadID") != "" || kind == "application/json" || kind == "application/xml"
}

// asked is a transport to the oracle of the moment.
type asked struct{ *oracle }

// RoundTrip asks.
func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) { return a.oracle.RoundTrip(r) }

// FuzzAnswers: whatever is answered, nothing has arrived without the object, is
// absent without Google's word, and no target is empty without a list that is.
func FuzzAnswers(f *testing.F) {
	const object = `{"name": "k", "generation": "7", "size": "1", "crc32c": "kU5y9A=="}`
	const missing = `{"error": {"code": 404, "message": "No such object", "errors": [{"reason": "notFound"}]}}`
	for _, body := range []string{
		"", page, object, missing, "null", "{}", "[]", `{"name": "k", "generation": "7", "size": "0"}`,
		`{"kind": "storage#objects"}`, `{"kind": "storage#objects", "items": [` + object + `], "nextPageToken": "x"}`,
		`{"kind": "storage#objects", "items": [null]}`, `<Error><Code>NoSuchKey</Code></Error>`, `{"error": "x"}`,
	} {
		for _, status := range []uint16{200, 204, 308, 404, 412} {
			f.Add(status, "Content-Type: application/json", body, "")
			f.Add(status, "Range: bytes=0-0\nX-Goog-Hash: crc32c=kU5y9A==\nLocation: http://h/u", body, missing)
		}
		f.Add(uint16(200), "Content-Type: text/html", body, object)
	}
	f.Add(uint16(302), "Location: /login", "", "")
	f.Setenv("STORAGE_EMULATOR_HOST", "http://h")
	now := &asked{}
	s, err := New(f.Context(), "bkt", Options{})
	if err == nil {
		s.open, err = connect(f.Context(), Options{}, now)
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status uint16, lines, body, looked string) {
		o := &oracle{status: 200 + int(status)%400, header: http.Header{}, body: body, looked: looked}
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
		if n := o.requests.Load(); n > 400 {
			t.Errorf("%d requests", n)
		}
	})
}

// puts sends an object.
func (o *oracle) puts(t *testing.T, s *Store) {
	src := buckettest.Source([]byte("x"))
	for _, cond := range []bucket.Condition{{}, {Overwrite: true}, {Replaces: bucket.Object{ETag: "7"}}} {
		if obj, err := s.Put(t.Context(), "k", src, cond); err == nil && !o.holds() {
			t.Errorf("%+v has arrived, by %+v", obj, o)
		}
	}
	session, err := s.Begin(t.Context(), "k", src, bucket.Condition{})
	if err == nil {
		if obj, done, err := session.Send(t.Context(), 1); (done || err == nil) && !o.holds() && o.status != http.StatusPermanentRedirect {
			t.Errorf("%+v has arrived, by %+v", obj, o)
		} else if done && !o.holds() {
			t.Errorf("%+v is done, by %+v", obj, o)
		}
	}
	_, err = s.Resume(t.Context(), "k", "http://h/u", src)
	if errors.Is(err, bucket.ErrNoUpload) && o.status != http.StatusPermanentRedirect &&
		!((o.status == http.StatusNotFound || o.status == http.StatusGone) && (read(o.body).Error != nil || o.google())) {
		t.Errorf("the session is gone: %v, by %+v", err, o)
	}
}

// reads looks at what is there.
func (o *oracle) reads(t *testing.T, s *Store) {
	body := o.body
	if o.looked != "" {
		body = o.looked
	}
	obj, err := s.Stat(t.Context(), "k")
	if err == nil && !(o.success() && read(body).describes("k")) {
		t.Errorf("%+v is there, by %+v", obj, o)
	}
	o.missing(t, err)
	for _, prefix := range []string{"", "k", "p/"} {
		some := false
		for _, err := range s.List(t.Context(), prefix) {
			some = true
			o.missing(t, err)
		}
		if list := read(body); !some && !(o.success() && list.Kind == "storage#objects" && len(list.Items) == 0) {
			t.Errorf("nothing is below %q, by %+v", prefix, o)
		}
	}
	if err := s.Check(t.Context()); err == nil && !(o.success() && read(body).Kind == "storage#objects") {
		t.Errorf("the bucket answers, by %+v", o)
	}
	r, err := s.Open(t.Context(), "k")
	o.missing(t, err)
	if err == nil {
		got, err := io.ReadAll(r)
		if err == nil && o.header.Get("X-Goog-Generation") == "" && o.header.Get("X-Goog-Hash") == "" {
			t.Errorf("its bytes are %q, by %+v", bytes.ToValidUTF8(got, nil), o)
		}
		_ = r.Close()
	}
	if err := s.Delete(t.Context(), "k"); err == nil && !o.absent() && !(o.success() && (o.status == http.StatusNoContent || o.google())) {
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
