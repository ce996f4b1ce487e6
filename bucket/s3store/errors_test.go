package s3store

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/internal/wire"
)

// every sentinel there is, to tell that an error is none of the others.
var sentinels = []error{
	bucket.ErrNotFound, bucket.ErrExists, bucket.ErrNoBucket, bucket.ErrDenied, bucket.ErrUnreachable,
	bucket.ErrTemporary, bucket.ErrSourceChanged, bucket.ErrChecksum, bucket.ErrKey,
}

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
	if text := err.Error(); len(text) > 200 || strings.Contains(text, "operation error") {
		t.Errorf("a long text: %s", text)
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "RequestTimeout", bucket.ErrTemporary},
		{400, "IncompleteBody", bucket.ErrTemporary},
		{400, "ExpiredToken", bucket.ErrDenied},
		{400, "BadDigest", bucket.ErrChecksum},
		{400, "KeyTooLongError", bucket.ErrKey},
		{400, "EntityTooLarge", nil},
		{401, "Unauthorized", bucket.ErrDenied},
		{403, "AccessDenied", bucket.ErrDenied},
		{403, "InvalidAccessKeyId", bucket.ErrDenied},
		{403, "SignatureDoesNotMatch", bucket.ErrDenied},
		{404, "NoSuchBucket", bucket.ErrNoBucket},
		{404, "NoSuchKey", bucket.ErrNotFound},
		{408, "X", bucket.ErrTemporary},
		{409, "ConditionalRequestConflict", bucket.ErrTemporary},
		{409, "OperationAborted", bucket.ErrTemporary},
		{409, "ObjectParentIsFile", bucket.ErrKey},
		{412, "PreconditionFailed", bucket.ErrExists},
		{429, "TooManyRequests", bucket.ErrTemporary},
		{500, "InternalError", bucket.ErrTemporary},
		{502, "", bucket.ErrTemporary},
		{503, "SlowDown", bucket.ErrTemporary},
		{504, "", bucket.ErrTemporary},
		{507, "XMinioStorageFull", nil},
	} {
		t.Run(c.code, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
				refuse(w, c.status, c.code)
				return true
			}}
			s := f.start(t)
			_, err := s.Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
			only(t, err, c.want)
			asked(t, f, "PUT k") // no method retries
			if c.status == 503 {
				notes(t, s)
			}
		})
	}
}

// What callers that try again need to know of an answer.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		status                    int
		code                      string
		throttled, identity, once bool
	}{
		{503, "SlowDown", true, false, false},
		{503, "", true, false, false},
		{429, "", true, false, false},
		{400, "RequestLimitExceeded", true, false, false},
		{500, "InternalError", false, false, false},
		{400, "RequestTimeout", false, false, false},
		{403, "AccessDenied", false, false, false},
		{403, "SignatureDoesNotMatch", false, false, false}, // of one odd key, maybe
		{403, "InvalidAccessKeyId", false, true, false},
		{401, "", false, true, false},
		{400, "ExpiredToken", false, true, true},
		{403, "RequestTimeTooSkewed", false, true, true},
		{400, "BadDigest", false, false, true},
		{412, "PreconditionFailed", false, false, false},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", "7")
				refuse(w, c.status, c.code)
				return true
			}}
			_, err := f.start(t).Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
			for kind, want := range map[error]bool{
				bucket.ErrThrottled: c.throttled, bucket.ErrIdentity: c.identity, bucket.ErrOnce: c.once,
			} {
				if errors.Is(err, kind) != want {
					t.Errorf("%v: is %q: %v", err, kind, !want)
				}
			}
			if got := bucket.RetryAfter(err); got != 7*time.Second && c.status != http.StatusPreconditionFailed {
				t.Errorf("to be tried again after %v", got)
			}
		})
	}
}

// An endpoint that names the checksum header in a code of its own is tried
// without, and left alone with it from then on.
func TestChecksumRefusedInOtherWords(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Amz-Checksum-Crc64nvme") == "" {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "<Error><Code>Odd</Code><Message>Unknown x-amz-sdk-checksum-algorithm</Message></Error>")
		return true
	}}
	s := f.start(t)
	mustPut(t, s, "a", "x", overwrite)
	mustPut(t, s, "b", "x", overwrite)
	asked(t, f, "PUT a", "PUT a", "PUT b")
}

// Credentials in a file that somebody else keeps fresh are read again when the
// token has expired; once, however many requests fail together.
func TestExpiredToken(t *testing.T) {
	clearEnv(t)
	file := filepath.Join(t.TempDir(), "credentials")
	write := func(token string) {
		text := "[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = " + token + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	var valid atomic.Value
	valid.Store("old")
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Amz-Security-Token") == valid.Load() {
			return false
		}
		refuse(w, http.StatusBadRequest, "ExpiredToken")
		return true
	}}
	server := httptest.NewServer(f)
	defer server.Close()
	s, err := New(t.Context(), "bkt", Options{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "a", "x", overwrite)
	valid.Store("new")
	putFails(t, s, "b", "x", overwrite, bucket.ErrIdentity) // the file holds the old one still
	s.creds.renewed = time.Time{}
	write("new")
	_, err = s.Stat(t.Context(), "a") // HEAD has no room for a code
	if !errors.Is(err, bucket.ErrOnce) {
		t.Errorf("%v", err)
	}
	if _, err = s.Stat(t.Context(), "a"); err != nil {
		t.Errorf("with the new token: %v", err)
	}
	mustPut(t, s, "b", "x", overwrite)
}

func TestConnections(t *testing.T) {
	hijack := func(say string) *fake {
		return &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(conn, say)
				conn.Close()
			}
			return true
		}}
	}
	for name, say := range map[string]string{
		"closed": "", "garbage": "what?\r\n\r\n", "half an answer": "HTTP/1.1 200 OK\r\nContent-Le",
		"half an error": "HTTP/1.1 503 Slow\r\nContent-Length: 100\r\n\r\n<Error>",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := hijack(say).start(t).Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
			only(t, err, bucket.ErrTemporary)
		})
	}
	t.Run("refused", func(t *testing.T) {
		clearEnv(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		only(t, connect(t, Options{Endpoint: "http://" + l.Addr().String()}).Check(t.Context()), bucket.ErrUnreachable)
	})
	t.Run("no such host", func(t *testing.T) {
		clearEnv(t)
		only(t, connect(t, Options{Endpoint: "http://none.invalid"}).Check(t.Context()), bucket.ErrUnreachable)
	})
	t.Run("not TLS", func(t *testing.T) {
		clearEnv(t)
		server := httptest.NewServer(&fake{})
		defer server.Close()
		endpoint := strings.Replace(server.URL, "http:", "https:", 1)
		only(t, connect(t, Options{Endpoint: endpoint}).Check(t.Context()), bucket.ErrUnreachable)
	})
}

func TestTruncatedObject(t *testing.T) {
	f := &fake{truncate: true}
	s := f.start(t)
	data := strings.Repeat("x", 100_000)
	obj := mustPut(t, s, "k", data, overwrite)
	obj.Checksums, obj.ETag = nil, ""
	_, err := bucket.Same(t.Context(), s, buckettest.Source([]byte(data)), obj)
	only(t, err, bucket.ErrTemporary)
}

func TestCheck(t *testing.T) {
	answer := func(status int) *fake {
		return &fake{answer: func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			return true
		}}
	}
	only(t, answer(404).start(t).Check(t.Context()), bucket.ErrNoBucket)
	err := answer(403).start(t).Check(t.Context())
	only(t, err, bucket.ErrDenied)
	if !strings.Contains(err.Error(), "s3:ListBucket") {
		t.Error(err)
	}
	only(t, answer(503).start(t).Check(t.Context()), bucket.ErrTemporary)
	if err := answer(200).start(t).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRegion(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Authorization"), "/eu-north-1/") {
			return false
		}
		w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
		w.WriteHeader(http.StatusMovedPermanently)
		return true
	}}
	s := f.start(t)
	if _, err := s.Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Error(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "k", "x", bucket.Condition{})
}

// Denied must never pass for absent.
func TestCannotSee(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			return false
		}
		refuse(w, http.StatusForbidden, "AccessDenied")
		return true
	}}
	s := f.start(t)
	only(t, putFails(t, s, "k", "x", bucket.Condition{}, bucket.ErrDenied), bucket.ErrDenied)
	asked(t, f, "HEAD k")
	for _, err := range s.List(t.Context(), "") {
		only(t, err, bucket.ErrDenied)
	}
	s.amazon = true // its conditions are known to hold
	f.refuseAbsent = "NotImplemented"
	if _, err := s.Put(t.Context(), "k", buckettest.Source([]byte("x")), bucket.Condition{}); err == nil {
		t.Error("the condition was left out though nobody could look")
	}
	f.refuseAbsent = ""
	mustPut(t, s, "k", "x", bucket.Condition{})
}

func TestWrongClock(t *testing.T) {
	ahead := time.Now().Add(time.Hour)
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Date", ahead.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err == nil && ahead.Sub(signed) < 15*time.Minute {
			return false
		}
		refuse(w, http.StatusForbidden, "RequestTimeTooSkewed")
		return true
	}}
	s := f.start(t)
	only(t, putFails(t, s, "k", "x", overwrite, bucket.ErrOnce), bucket.ErrDenied)
	mustPut(t, s, "k", "x", overwrite)
	if err := f.start(t).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNoCredentials(t *testing.T) {
	clearEnv(t)
	s, err := New(t.Context(), "bkt", Options{Endpoint: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	only(t, s.Check(t.Context()), bucket.ErrDenied)
}

func TestEndpoints(t *testing.T) {
	clearEnv(t)
	for _, bad := range []string{"localhost:9000", "ftp://host", "http://", "%"} {
		if _, err := New(t.Context(), "bkt", Options{Endpoint: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	f := &fake{echoChecksum: true}
	server := httptest.NewServer(f)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	mustPut(t, connect(t, Options{}), "k", "x", overwrite)
	asked(t, f, "PUT k") // the fake knows paths alone
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	mustPut(t, connect(t, Options{}), "k", "x", overwrite)
	if s := connect(t, Options{Endpoint: "https://s3.eu-west-1.amazonaws.com"}); !s.amazon {
		t.Error("Amazon's own endpoint is not known as such")
	}
}

// Over TLS the body is not signed as long as a checksum of it is.
func TestUnsignedOverTLS(t *testing.T) {
	clearEnv(t)
	f := &fake{refuseChecksum: "NotImplemented", refuseCRC32: true}
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := connect(t, Options{Endpoint: server.URL}).Put(t.Context(), "k", buckettest.Source([]byte("x")), overwrite)
	only(t, err, nil)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	mustPut(t, connect(t, Options{Endpoint: server.URL}), "k", "x", overwrite)
	const header = "X-Amz-Content-Sha256"
	if first, second := f.headers[0].Get(header), f.headers[2].Get(header); first != "UNSIGNED-PAYLOAD" || len(second) != 64 {
		t.Errorf("with a checksum %q, without %q", first, second)
	}
}

// After a Put was cancelled its buffer serves the next one: nothing may still
// be reading it. The race detector looks on.
func TestCancelledWhileSending(t *testing.T) {
	clearEnv(t)
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s := connect(t, Options{Endpoint: server.URL})
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond) // is meant to end
		_, err := s.Put(ctx, "k", buckettest.Source(make([]byte, small)), overwrite)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

// A peer that says nothing ends a Read, but not as long as we are sending.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer here.Close()
		defer there.Close()
		go io.Copy(io.Discard, there)
		const patience = 200 * time.Millisecond
		c := wire.Live(here, patience)
		failed := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			failed <- err
		}()
		for start := time.Now(); time.Since(start) < 2*patience; time.Sleep(patience / 10) {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-failed:
			t.Fatalf("given up while sending: %v", err)
		default:
		}
		only(t, classify(t.Context(), <-failed), bucket.ErrTemporary)
	})
}
