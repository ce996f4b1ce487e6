package gcsstore

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// between returns a store whose requests go through handle, which answers one
// itself, returning true, or lets it through to a server that does as Google does.
func between(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, rest http.Handler) bool) (*buckettest.GCS, *Store) {
	t.Helper()
	server := buckettest.GCSServer(t)
	server.CreateBucket(t, "bkt")
	return server, at(t, front(t, server, handle))
}

// front puts handle in front of a server, and returns where.
func front(t *testing.T, server *buckettest.GCS, handle func(w http.ResponseWriter, r *http.Request, rest http.Handler) bool) string {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // sessions are where they were begun
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !handle(w, r, proxy) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// sendRetried sends all of a session, after failures that may pass again.
func sendRetried(t *testing.T, s bucket.Session) (obj bucket.Object, failures int) {
	t.Helper()
	for range 50 {
		obj, done, err := s.Send(t.Context(), 1<<20)
		switch {
		case done:
			return obj, failures
		case errors.Is(err, bucket.ErrTemporary):
			failures++
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Fatal("no end")
	return obj, failures
}

func holds(t *testing.T, s *Store, want []byte) {
	t.Helper()
	r, err := s.Open(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("other bytes: %d, want %d (%v)", len(got), len(want), err)
	}
}

func content(n int) []byte { return bytes.Repeat([]byte("0123456789abcdefg"), n/17+1)[:n] }

// Whatever is lost on the way, the object is whole, and nothing that has arrived
// is sent again.
func TestSessionFaults(t *testing.T) {
	var n, received atomic.Int64
	server, s := between(t, func(w http.ResponseWriter, r *http.Request, rest http.Handler) bool {
		if r.Method != http.MethodPut {
			return false
		}
		switch n.Add(1) % 5 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1: // arrives, and the answer is lost
			rest.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case 2: // arrives in part
			if r.ContentLength > quantum {
				r.Body = io.NopCloser(io.LimitReader(r.Body, quantum+7))
				rest.ServeHTTP(httptest.NewRecorder(), r)
			}
			panic(http.ErrAbortHandler)
		default:
			received.Add(r.ContentLength)
			return false
		}
		return true
	})
	data := content(9<<20 + 3)
	session, err := s.Begin(t.Context(), "k", buckettest.Source(data), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	obj, failures := sendRetried(t, session)
	if failures < 5 || !obj.Confirmed || obj.Size != int64(len(data)) {
		t.Errorf("%+v after %d failures", obj, failures)
	}
	holds(t, s, data)
	if received := received.Load(); received >= int64(len(data)) || server.Unfinished() != 0 {
		t.Errorf("%d bytes went through undisturbed; %d sessions are unfinished", received, server.Unfinished())
	}
}

// The answer to the last request is lost, and that of the question after it says
// that there is an object already.
func TestLastAnswerLost(t *testing.T) {
	var lost atomic.Bool
	_, s := between(t, func(_ http.ResponseWriter, r *http.Request, rest http.Handler) bool {
		if r.Header.Get("X-Goog-Hash") == "" || lost.Swap(true) {
			return false
		}
		rest.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
	data := content(1<<20 + 3)
	session, err := s.Begin(t.Context(), "k", buckettest.Source(data), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	if obj, failures := sendRetried(t, session); failures != 1 || !obj.Confirmed {
		t.Errorf("%+v after %d failures", obj, failures)
	}
	holds(t, s, data)
}

// The service may keep less than it was sent, and forget what it had.
func TestServiceForgets(t *testing.T) {
	data := content(1 << 20)
	arrived := make([]byte, 0, len(data))
	asked := 0
	f := &fake{}
	f.answer = func(w http.ResponseWriter, r *http.Request, body []byte) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?uploadType=resumable&upload_id=1")
			return
		}
		asked++
		arrived = append(arrived, body...)
		switch asked {
		case 1:
			arrived = arrived[:2*quantum]
		case 2:
			arrived = arrived[:quantum]
		case 3:
			arrived = arrived[:0]
			w.WriteHeader(http.StatusPermanentRedirect) // without a Range
			return
		}
		if len(arrived) < len(data) {
			w.Header().Set("Range", "bytes=0-"+strconv.Itoa(len(arrived)-1))
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		sums, _ := bucket.Sum(bytes.NewReader(arrived), int64(len(arrived)), bucket.CRC32C)
		if got := r.Header.Get("X-Goog-Hash"); got != "crc32c="+sums[bucket.CRC32C] {
			t.Errorf("the last request says %q, arrived has %q", got, sums)
		}
		io.WriteString(w, `{"name": "k", "size": "`+strconv.Itoa(len(arrived))+`", "generation": "7", "crc32c": "`+sums[bucket.CRC32C]+`"}`)
	}
	session, err := f.start(t).Begin(t.Context(), "k", buckettest.Source(data), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	if obj, failures := sendRetried(t, session); failures != 0 || obj.Size != int64(len(data)) || !bytes.Equal(arrived, data) {
		t.Errorf("%+v after %d failures; arrived are the bytes: %v", obj, failures, bytes.Equal(arrived, data))
	}
}

func TestSessionGone(t *testing.T) {
	for _, code := range []int{http.StatusNotFound, http.StatusGone} {
		f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) { refuse(w, code, "", "") }}
		s := f.start(t)
		uri := strings.TrimSuffix(s.endpoint(t), "/") + "/upload?upload_id=hush"
		for _, name := range []string{uri, "no URI at all\x00"} {
			if _, err := s.Resume(t.Context(), "k", name, buckettest.Source([]byte("x"))); !errors.Is(err, bucket.ErrNoUpload) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%d: %v, want ErrNoUpload", code, err)
			}
		}
	}
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Range", "bytes=0-999")
		w.WriteHeader(http.StatusPermanentRedirect)
	}}
	s := f.start(t)
	if _, err := s.Resume(t.Context(), "k", s.endpoint(t)+"/upload", buckettest.Source([]byte("x"))); !errors.Is(err, bucket.ErrNoUpload) {
		t.Errorf("more bytes than the file has: %v, want ErrNoUpload", err)
	}
}

// endpoint is where the store's requests go.
func (s *Store) endpoint(t *testing.T) string {
	t.Helper()
	c, err := s.connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.base
}
