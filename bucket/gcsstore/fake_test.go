package gcsstore

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// Conformance runs over fake-gcs-server. What that does not do is covered here:
// it has no permissions and never fails.

var (
	overwrite = bucket.Condition{Overwrite: true}
	// every sentinel there is, to tell that an error is none of the others.
	sentinels = []error{
		bucket.ErrNotFound, bucket.ErrExists, bucket.ErrNoBucket, bucket.ErrDenied, bucket.ErrUnreachable,
		bucket.ErrTemporary, bucket.ErrSourceChanged, bucket.ErrChecksum, bucket.ErrKey,
	}
)

func only(t *testing.T, err, want error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range sentinels {
		if errors.Is(err, s) != (s == want) {
			t.Errorf("%v: is %q: %v", err, s, errors.Is(err, s))
		}
	}
	if text := err.Error(); len(text) > 200 || strings.Contains(text, "http://") || strings.Contains(text, "googleapi") {
		t.Errorf("a long text: %s", text)
	}
}

// A fake answers every request as told, and remembers them.
type fake struct {
	answer func(w http.ResponseWriter, r *http.Request, body []byte)

	mu      sync.Mutex
	log     []string
	headers []http.Header
	queries []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, r.Method+" "+r.URL.Path)
	f.headers = append(f.headers, r.Header.Clone())
	f.queries = append(f.queries, r.URL.RawQuery)
	f.answer(w, r, body)
}

func (f *fake) start(t *testing.T) *Store {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return at(t, server.URL)
}

func at(t *testing.T, endpoint string) *Store {
	t.Helper()
	t.Setenv("STORAGE_EMULATOR_HOST", endpoint)
	s, err := New(t.Context(), "bkt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func refuse(w http.ResponseWriter, status int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error": {"code": %d, "message": %q, "errors": [{"reason": %q, "message": %q}]}}`, status, message, reason, message)
}

// hijacked says something and hangs up.
func hijacked(say string) *fake {
	return &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			io.WriteString(conn, say)
			conn.Close()
		}
	}}
}

func put(t *testing.T, s *Store, size int, cond bucket.Condition) error {
	t.Helper()
	_, err := s.Put(t.Context(), "k", buckettest.Source(make([]byte, size)), cond)
	return err
}

func unreachable(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}
