package gcsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status          int
		reason, message string
		want            error
	}{
		{400, "invalid", `Provided CRC32C "a" doesn't match calculated CRC32C "b".`, bucket.ErrChecksum},
		{400, "invalid", "something else", nil},
		{401, "authError", "Invalid Credentials", bucket.ErrDenied},
		{403, "forbidden", "no storage.objects.create access", bucket.ErrDenied},
		{403, "rateLimitExceeded", "too fast", bucket.ErrTemporary},
		{404, "notFound", "The specified bucket does not exist.", bucket.ErrNoBucket},
		{404, "notFound", "Not Found", bucket.ErrNoBucket},
		{408, "", "", bucket.ErrTemporary},
		{410, "", "", bucket.ErrTemporary},
		{412, "conditionNotMet", "At least one of the pre-conditions did not hold.", bucket.ErrExists},
		{429, "rateLimitExceeded", "slow down", bucket.ErrTemporary},
		{500, "backendError", "", bucket.ErrTemporary},
		{502, "", "", bucket.ErrTemporary},
		{503, "backendError", "", bucket.ErrTemporary},
		{501, "notImplemented", "", nil},
	} {
		t.Run(fmt.Sprint(c.status, c.reason), func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) { refuse(w, c.status, c.reason, c.message) }}
			s := f.start(t)
			for _, size := range []int{1, small + 1, chunk + 1} {
				only(t, put(t, s, size, overwrite), c.want)
			}
			if len(f.log) != 3 {
				t.Errorf("tried again: %q", f.log)
			}
		})
	}
}

func TestReads(t *testing.T) {
	for status, want := range map[int]error{
		403: bucket.ErrDenied, 404: bucket.ErrNotFound, 503: bucket.ErrTemporary,
	} {
		f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) { refuse(w, status, "", "") }}
		s := f.start(t)
		_, err := s.Stat(t.Context(), "k")
		only(t, err, want)
		_, err = s.Open(t.Context(), "k")
		only(t, err, want)
		if err := s.Delete(t.Context(), "k"); want != bucket.ErrNotFound {
			only(t, err, want)
		} else if err != nil {
			t.Error(err)
		}
		if want == bucket.ErrNotFound {
			want = bucket.ErrNoBucket
		}
		only(t, s.Check(t.Context()), want)
		for _, err := range s.List(t.Context(), "") {
			only(t, err, want)
		}
		if len(f.log) != 5 {
			t.Errorf("tried again: %q", f.log)
		}
	}
}

func TestConnections(t *testing.T) {
	for name, say := range map[string]string{
		"closed": "", "garbage": "what?\r\n\r\n", "half an answer": "HTTP/1.1 200 OK\r\nContent-Le",
		"half an error":  "HTTP/1.1 503 Slow\r\nContent-Length: 100\r\n\r\n{",
		"half an object": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\": \"k",
	} {
		t.Run(name, func(t *testing.T) {
			s := hijacked(say).start(t)
			only(t, put(t, s, 1, overwrite), bucket.ErrTemporary)
			only(t, put(t, s, small+1, overwrite), bucket.ErrTemporary)
			_, err := s.Stat(t.Context(), "k")
			only(t, err, bucket.ErrTemporary)
		})
	}
	s := at(t, unreachable(t))
	only(t, s.Check(t.Context()), bucket.ErrUnreachable)
	only(t, put(t, s, 1, overwrite), bucket.ErrUnreachable)
	only(t, at(t, "http://none.invalid").Check(t.Context()), bucket.ErrUnreachable)
	server := httptest.NewServer(&fake{})
	defer server.Close()
	only(t, at(t, strings.Replace(server.URL, "http:", "https:", 1)).Check(t.Context()), bucket.ErrUnreachable)
}

// The SDK would ask for the rest again and again.
func TestTruncatedObject(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Range", "bytes 0-999/1000")
		w.Header().Set("X-Goog-Generation", "7")
		w.Write(make([]byte, 500))
	}}
	r, err := f.start(t).Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	only(t, err, bucket.ErrTemporary)
	if len(f.log) != 1 {
		t.Errorf("tried again: %q", f.log)
	}
}

func TestDamagedObject(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==")
		w.Write([]byte("x"))
	}}
	r, err := f.start(t).Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	only(t, err, bucket.ErrChecksum)
}

// What is sent, and that an answer with another checksum is no success.
func TestChecksum(t *testing.T) {
	stored := "yZRlqg==" // of "hello world"
	f := &fake{}
	f.answer = func(w http.ResponseWriter, r *http.Request, body []byte) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("uploadType") == "resumable" && r.URL.Query().Get("upload_id") == "" {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?uploadType=resumable&upload_id=1")
			return
		}
		if strings.HasPrefix(r.Header.Get("Content-Range"), "bytes 0-") {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", chunk-1))
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		fmt.Fprintf(w, `{"name": "k", "bucket": "bkt", "size": "11", "generation": "7", "crc32c": %q}`, stored)
	}
	s := f.start(t)
	obj, err := s.Put(t.Context(), "k", buckettest.Source([]byte("hello world")), bucket.Condition{})
	if err != nil || !obj.Confirmed || obj.ETag != "7" || obj.Checksums[bucket.CRC32C] != stored {
		t.Errorf("%+v, %v", obj, err)
	}
	if q := f.queries[0]; !strings.Contains(q, "ifGenerationMatch=0") {
		t.Errorf("no condition: %s", q)
	}
	only(t, put(t, s, 11, overwrite), bucket.ErrChecksum)
	if q := f.queries[1]; strings.Contains(q, "ifGeneration") {
		t.Errorf("a condition: %s", q)
	}
	only(t, put(t, s, chunk+1, bucket.Condition{}), bucket.ErrChecksum)
	if got := len(f.log) - 2; got != 4 { // start, two chunks, cancel
		t.Errorf("%d requests for a large object: %q", got, f.log)
	}
	sums, err := bucket.Sum(bytes.NewReader(make([]byte, chunk+1)), chunk+1, bucket.CRC32C)
	if got := f.headers[4].Get("X-Goog-Hash"); err != nil || got != "crc32c="+sums[bucket.CRC32C] {
		t.Errorf("the last chunk says %q, want %q", got, sums)
	}
	if q := f.queries[2]; !strings.Contains(q, "ifGenerationMatch=0") {
		t.Errorf("no condition: %s", q)
	}
}

func TestCancelledWhileSending(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s := at(t, server.URL)
	for i := range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond) // is meant to end
		_, err := s.Put(ctx, "k", buckettest.Source(make([]byte, small+i%2)), overwrite)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

func TestNoCredentials(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	s, err := New(t.Context(), "bkt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	only(t, s.Check(t.Context()), bucket.ErrDenied)
}

func TestReservedPrefix(t *testing.T) {
	s := at(t, "http://127.0.0.1:1")
	_, err := s.Put(t.Context(), ".well-known/acme-challenge/x", buckettest.Source(nil), overwrite)
	only(t, err, bucket.ErrKey)
}

// Several chunks, over a server that puts them together.
func TestChunks(t *testing.T) {
	server := buckettest.GCSServer(t)
	server.CreateBucket(t, "bkt")
	s := at(t, server.Endpoint)
	for i, size := range []int{chunk, chunk + 1, 2*chunk + 12345} {
		data := bytes.Repeat([]byte("0123456789abcdefg"), size/17+1)[:size]
		key := fmt.Sprint("k", i)
		obj, err := s.Put(t.Context(), key, buckettest.Source(data), bucket.Condition{})
		if err != nil || !obj.Confirmed || obj.Size != int64(size) {
			t.Fatalf("%d: %+v, %v", size, obj, err)
		}
		r, err := s.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d: other bytes, %v", size, err)
		}
		_, err = s.Put(t.Context(), key, buckettest.Source(data), bucket.Condition{})
		only(t, err, bucket.ErrExists)
	}
}
