package azurestore

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

const page = "<!DOCTYPE html><html><head><title>x</title></head><body>Please log in</body></html>"

// others are answers of what stands between here and Azure.
var others = map[string]func(w http.ResponseWriter){
	"page":          func(w http.ResponseWriter) { html(w, http.StatusOK) },
	"created page":  func(w http.ResponseWriter) { html(w, http.StatusCreated) },
	"accepted page": func(w http.ResponseWriter) { html(w, http.StatusAccepted) },
	"missing page":  func(w http.ResponseWriter) { html(w, http.StatusNotFound) },
	"static page": func(w http.ResponseWriter) {
		w.Header().Set("ETag", `"5f1c-264"`)
		w.Header().Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
		html(w, http.StatusOK)
	},
	"empty":          func(http.ResponseWriter) {},
	"empty, created": func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) },
	"empty, 202":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
	"no content":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	"empty, 404":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
	"JSON":           func(w http.ResponseWriter) { io.WriteString(w, `{"status": "ok"}`) },
	"other XML":      func(w http.ResponseWriter) { io.WriteString(w, `<Other><Blobs/></Other>`) },
}

func html(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	io.WriteString(w, page)
}

// Whatever answers in Azure's place, nothing has arrived, nothing is absent, and
// no target is empty.
func TestOtherAnswers(t *testing.T) {
	for name, answer := range others {
		t.Run(name, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) { answer(w) }}
			s := f.start(t)
			fails := func(what string, err error) {
				t.Helper()
				if err == nil || errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrNoUpload) || len(err.Error()) > 200 {
					t.Errorf("%s: %v", what, err)
				}
			}
			for _, size := range []int{0, 1, small + 1} {
				fails(fmt.Sprint("Put of ", size), put(t, s, size, bucket.Condition{}))
			}
			_, err := s.Stat(t.Context(), "k")
			fails("Stat", err)
			fails("Check", s.Check(t.Context()))
			fails("Delete", s.Delete(t.Context(), "k"))
			listed := 0
			for _, err := range s.List(t.Context(), "") {
				listed++
				fails("List", err)
			}
			if listed != 1 {
				t.Errorf("a list of %d", listed)
			}
			r, err := s.Open(t.Context(), "k")
			if err == nil {
				_, err = io.ReadAll(r)
				_ = r.Close()
			}
			fails("Open", err)
			upload, err := s.Start(t.Context(), "k", buckettest.Source([]byte("x")))
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.PutPart(t.Context(), "k", upload, 1, buckettest.Source([]byte("x")))
			fails("PutPart", err)
			_, err = s.Parts(t.Context(), "k", upload)
			fails("Parts", err)
		})
	}
}

// An object whose sending was answered without an ETag has arrived if it is
// there, with its size and MD5, and only then.
func TestSentIsLookedUp(t *testing.T) {
	for name, c := range map[string]struct {
		size   int // of what is there; 0 is nothing
		md5of  string
		etag   string
		status int
		well   bool
	}{
		"there":              {11, "hello world", `"0x1"`, 201, true},
		"there, after a 200": {11, "hello world", `"0x1"`, 200, true},
		"there, after a 204": {11, "hello world", `"0x1"`, 204, true},
		"not there":          {0, "", "", 201, false},
		"another size":       {12, "hello world", `"0x1"`, 201, false},
		"another MD5":        {11, "hello", `"0x1"`, 201, false},
		"no ETag":            {11, "hello world", "", 201, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method != http.MethodHead:
					w.WriteHeader(c.status)
				case c.size == 0:
					refuse(w, http.StatusNotFound, "BlobNotFound")
				default:
					sum := md5.Sum([]byte(c.md5of))
					w.Header().Set("Content-Length", fmt.Sprint(c.size))
					w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
					w.Header().Set("X-Ms-Version", "2021-12-02")
					if c.etag != "" {
						w.Header().Set("ETag", c.etag)
					}
				}
			}}
			obj, err := f.start(t).Put(t.Context(), "k", buckettest.Source([]byte("hello world")), bucket.Condition{})
			if (err == nil) != c.well || len(f.log) != 2 || f.log[1] != "HEAD" {
				t.Errorf("%v after %q", err, f.log)
			}
			if c.well && (!obj.Confirmed || obj.ETag != "0x1") {
				t.Errorf("%+v", obj)
			}
		})
	}
}

// A list that leads back to itself, and redirects that lead nowhere, end.
func TestEndless(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<EnumerationResults><Blobs/><NextMarker>again</NextMarker></EnumerationResults>`)
	}}
	for _, err := range f.start(t).List(t.Context(), "") {
		if !errors.Is(err, bucket.ErrAnswer) || len(f.log) != 2 {
			t.Errorf("%v after %d requests", err, len(f.log))
		}
	}
	f = &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	}}
	s := f.start(t)
	for _, request := range []func() error{
		func() error { return s.Check(t.Context()) },
		func() error { _, err := s.Stat(t.Context(), "k"); return err },
		func() error { return put(t, s, 1, bucket.Condition{}) },
	} {
		f.log = nil
		if err := request(); err == nil || bucket.Passing(err) || len(f.log) > 11 {
			t.Errorf("%v after %d requests", err, len(f.log))
		}
	}
}

// A token for one blob or directory is refused elsewhere as if its signature were
// wrong: that says nothing of the token.
func TestScopedToken(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for token, want := range map[string]bool{
		"sr=b&sp=rc&se=2026-12-01T00:00:00Z&sig=x": true, "?sr=d&sdd=1&sp=rc&sig=x": true, "sr=c&sp=rcl&sig=x": false,
		"sr=b&se=2026-10-01T00:00:00Z&sig=x": false, "sr=b&se=2026-10-01&sig=x": false, "srt=o&ss=b&sig=x": false, "%": false, "": false,
	} {
		if got := scoped(token, now); got != want {
			t.Errorf("%q: %v", token, got)
		}
	}
	for token, kind := range map[string]error{"sr=b&sig=hush": nil, "sr=c&sig=hush": bucket.ErrIdentity} {
		f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.Header().Set("ETag", `"0x1"`)
				w.WriteHeader(http.StatusCreated)
				return
			}
			refuse(w, http.StatusForbidden, "AuthenticationFailed")
		}}
		s := f.start(t)
		with, err := over(http.DefaultTransport, "ccc", Options{Credentials: Credentials{AccountURL: strings.TrimSuffix(s.naming.Base, "/ccc/"), SASToken: token}})
		if err != nil {
			t.Fatal(err)
		}
		view, err := bucket.Examine(t.Context(), bucket.Location{Store: with, Naming: with.naming}, nil)
		if kind != nil && !errors.Is(err, kind) || kind == nil && (err != nil || view.Sight != bucket.Blind) {
			t.Errorf("%s: %+v, %v", token, view, err)
		}
		if err := put(t, with, 1, bucket.Condition{}); kind == nil && err != nil {
			t.Error(err)
		}
	}
}
