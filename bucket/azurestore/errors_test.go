package azurestore

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "Md5Mismatch", bucket.ErrChecksum},
		{400, "InvalidBlockList", bucket.ErrTemporary},
		{400, "InvalidBlobOrBlock", nil},
		{400, "InvalidResourceName", bucket.ErrKey},
		{401, "NoAuthenticationInformation", bucket.ErrDenied},
		{403, "AuthenticationFailed", bucket.ErrDenied},
		{403, "AuthorizationPermissionMismatch", bucket.ErrDenied},
		{404, "ContainerNotFound", bucket.ErrNoBucket},
		{404, "BlobNotFound", bucket.ErrTemporary}, // what was to be replaced
		{408, "", bucket.ErrTemporary},
		{409, "BlobAlreadyExists", bucket.ErrExists},
		{409, "ContainerBeingDeleted", bucket.ErrNoBucket},
		{409, "SnapshotsPresent", nil},
		{412, "ConditionNotMet", bucket.ErrExists},
		{412, "LeaseIdMissing", nil},
		{429, "", bucket.ErrTemporary},
		{500, "InternalError", bucket.ErrTemporary},
		{500, "OperationTimedOut", bucket.ErrTemporary},
		{501, "", nil},
		{502, "", bucket.ErrTemporary},
		{503, "ServerBusy", bucket.ErrTemporary},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) { refuse(w, c.status, c.code) }}
			s := f.start(t)
			only(t, put(t, s, 1, overwrite), c.want)
			if c.code != "BlobNotFound" { // no block is looked for
				only(t, put(t, s, small+1, overwrite), c.want)
			}
			if len(f.log) > 2 {
				t.Errorf("tried again: %q", f.log)
			}
		})
	}
}

func TestReads(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{403, "AuthorizationFailure", bucket.ErrDenied}, {404, "BlobNotFound", bucket.ErrNotFound}, {404, "", bucket.ErrNotFound},
		{404, "ContainerNotFound", bucket.ErrNoBucket}, {503, "ServerBusy", bucket.ErrTemporary},
	} {
		f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) { refuse(w, c.status, c.code) }}
		s := f.start(t)
		_, err := s.Stat(t.Context(), "k")
		only(t, err, c.want)
		_, err = s.Open(t.Context(), "k")
		only(t, err, c.want)
		if err := s.Delete(t.Context(), "k"); c.want != bucket.ErrNotFound {
			only(t, err, c.want)
		} else if err != nil {
			t.Error(err)
		}
		want := c.want
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
		"half an error": "HTTP/1.1 503 Slow\r\nContent-Length: 100\r\n\r\n<Error>",
	} {
		t.Run(name, func(t *testing.T) {
			s := hijacked(say).start(t)
			only(t, put(t, s, 1, overwrite), bucket.ErrTemporary)
			only(t, put(t, s, small+1, overwrite), bucket.ErrTemporary)
			_, err := s.Stat(t.Context(), "k")
			only(t, err, bucket.ErrTemporary)
		})
	}
	for name, say := range map[string]string{
		"half a list": "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100\r\n\r\n<EnumerationResults>",
		"cut list":    "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n<EnumerationResults><Blobs>",
	} {
		for _, err := range hijacked(say).start(t).List(t.Context(), "") {
			if !errors.Is(err, bucket.ErrTemporary) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	only(t, at(t, unreachable(t)).Check(t.Context()), bucket.ErrUnreachable)
	only(t, at(t, "http://none.invalid").Check(t.Context()), bucket.ErrUnreachable)
	server := httptest.NewServer(&fake{})
	defer server.Close()
	only(t, at(t, strings.Replace(server.URL, "http:", "https:", 1)).Check(t.Context()), bucket.ErrUnreachable)
}

func TestTruncatedObject(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("X-Ms-Version", "2021-12-02")
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

// What is sent, and that an answer with another checksum is no success.
func TestChecksum(t *testing.T) {
	sum := md5.Sum([]byte("hello world"))
	want := base64.StdEncoding.EncodeToString(sum[:])
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			refuse(w, http.StatusNotFound, "BlobNotFound")
			return
		}
		w.Header().Set("Content-MD5", want)
		w.Header().Set("ETag", `"0x1"`)
		w.WriteHeader(http.StatusCreated)
	}}
	s := f.start(t)
	obj, err := s.Put(t.Context(), "k", buckettest.Source([]byte("hello world")), bucket.Condition{})
	if err != nil || !obj.Confirmed || obj.ETag != "0x1" || obj.Checksums[bucket.MD5] != want {
		t.Errorf("%+v, %v", obj, err)
	}
	h := f.headers[0]
	if h.Get("Content-MD5") != want || h.Get("X-Ms-Blob-Content-Md5") != want || h.Get("If-None-Match") != "*" {
		t.Errorf("sent %v", h)
	}
	only(t, put(t, s, 11, overwrite), bucket.ErrChecksum)
	f.log = nil
	only(t, put(t, s, small+1, bucket.Condition{}), bucket.ErrChecksum)
	if want := []string{"HEAD", "PUT block"}; !slices.Equal(f.log, want) { // and nothing committed
		t.Errorf("%q, want %q", f.log, want)
	}
}

// The conditions go with the request that makes the object.
func TestBlocks(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("ETag", `"0x1"`)
			w.Header().Set("Content-Length", "1")
			return
		}
		w.Header().Set("X-Ms-Request-Id", "1")
		if r.URL.Query().Get("comp") == "blocklist" {
			w.Header().Set("ETag", `"0x2"`)
		}
		w.WriteHeader(http.StatusCreated)
	}}
	s := f.start(t)
	only(t, put(t, s, small+1, bucket.Condition{}), bucket.ErrExists)
	only(t, put(t, s, 1, bucket.Condition{Replaces: bucket.Object{ETag: "0x2"}}), bucket.ErrExists)
	f.log, f.headers = nil, nil
	if err := put(t, s, 2*small+1, bucket.Condition{Replaces: bucket.Object{ETag: "0x1"}}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"HEAD", "PUT block", "PUT block", "PUT block", "PUT blocklist"}; !slices.Equal(f.log, want) {
		t.Fatalf("%q, want %q", f.log, want)
	}
	sum := md5.Sum(make([]byte, 2*small+1))
	last := f.headers[4]
	if last.Get("If-Match") != `"0x1"` || last.Get("X-Ms-Blob-Content-Md5") != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("sent %v", last)
	}
}

func TestDirectoriesAreNoObjects(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		io.WriteString(w, `<EnumerationResults><Blobs>
<Blob><Name>d</Name><Properties><Content-Length>0</Content-Length></Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>
<Blob><Name>d/a</Name><Properties><Content-Length>3</Content-Length><Etag>0x8D</Etag></Properties></Blob>
</Blobs></EnumerationResults>`)
	}}
	var keys []string
	for obj, err := range f.start(t).List(t.Context(), "d") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, obj.Key)
	}
	if !slices.Equal(keys, []string{"d/a"}) {
		t.Errorf("%q", keys)
	}
}

// After a Put was cancelled its buffer serves the next one: nothing may still
// be reading it. The race detector looks on.
func TestCancelledWhileSending(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s := at(t, server.URL)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond) // is meant to end
		_, err := s.Put(ctx, "k", buckettest.Source(make([]byte, small+i%2)), overwrite)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}
