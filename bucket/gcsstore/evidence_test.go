package gcsstore

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

const page = "<!DOCTYPE html><html><body>Please log in</body></html>"

// others are answers of what stands between here and Google.
var others = map[string]func(w http.ResponseWriter){
	"page":          func(w http.ResponseWriter) { html(w, http.StatusOK) },
	"created page":  func(w http.ResponseWriter) { html(w, http.StatusCreated) },
	"accepted page": func(w http.ResponseWriter) { html(w, http.StatusAccepted) },
	"missing page":  func(w http.ResponseWriter) { html(w, http.StatusNotFound) },
	"gone page":     func(w http.ResponseWriter) { html(w, http.StatusGone) },
	"empty":         func(http.ResponseWriter) {},
	"empty, 404":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
	"other JSON":    func(w http.ResponseWriter) { text(w, `{"status": "ok"}`) },
	"JSON list":     func(w http.ResponseWriter) { text(w, `[]`) },
	"null":          func(w http.ResponseWriter) { text(w, `null`) },
	"other kind":    func(w http.ResponseWriter) { text(w, `{"kind": "storage#buckets", "items": []}`) },
	"no generation": func(w http.ResponseWriter) { text(w, `{"name": "k", "size": "0", "crc32c": "AAAAAA=="}`) },
	"other object": func(w http.ResponseWriter) {
		text(w, `{"name": "x", "generation": "7", "size": "0", "crc32c": "AAAAAA=="}`)
	},
}

func html(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	io.WriteString(w, page)
}

func text(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, text)
}

// Whatever answers in Google's place, nothing has arrived, nothing is absent, and
// no target is empty.
func TestOtherAnswers(t *testing.T) {
	for name, answer := range others {
		t.Run(name, func(t *testing.T) {
			f := &fake{answer: func(w http.ResponseWriter, _ *http.Request, _ []byte) { answer(w) }}
			s := f.start(t)
			fails := func(what string, err error) {
				t.Helper()
				if err == nil || errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrNoUpload) || len(err.Error()) > 200 {
					t.Errorf("%s: %v", what, err)
				}
			}
			for _, size := range []int{0, 1, small + 1} { // the CRC32C of nothing is 0
				fails(fmt.Sprint("Put of ", size), put(t, s, size, bucket.Condition{}))
			}
			_, err := s.Stat(t.Context(), "k")
			fails("Stat", err)
			fails("Check", s.Check(t.Context()))
			if name != "other JSON" && name != "JSON list" && name != "null" && !strings.HasPrefix(name, "no ") && !strings.HasPrefix(name, "other ") {
				fails("Delete", s.Delete(t.Context(), "k"))
			}
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
			_, err = s.Resume(t.Context(), "k", s.endpoint(t)+"/upload", buckettest.Source([]byte("x")))
			fails("Resume", err)
		})
	}
}

// An object whose sending was answered by something else has arrived if it is
// there, with its size and checksum, and only then.
func TestSentIsLookedUp(t *testing.T) {
	there := func(generation, size int, crc string) string {
		return fmt.Sprintf(`{"name": "k", "bucket": "bkt", "generation": "%d", "size": "%d", "crc32c": %q}`, generation, size, crc)
	}
	const hello = "yZRlqg==" // of "hello world"
	for name, c := range map[string]struct {
		looked string // the answer to the look; none is 404
		well   bool
	}{
		"there":          {there(7, 11, hello), true},
		"not there":      {"", false},
		"another size":   {there(7, 12, hello), false},
		"another CRC32C": {there(7, 11, "AAAAAA=="), false},
		"no generation":  {there(0, 11, hello), false},
	} {
		for _, status := range []int{200, 201, 202, 204} {
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				looks := 0
				f := &fake{answer: func(w http.ResponseWriter, r *http.Request, _ []byte) {
					switch {
					case r.Method != http.MethodGet:
						w.Header().Set("Content-Type", "text/html")
						if r.URL.Query().Get("upload_id") == "" {
							w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?upload_id=1")
						}
						w.WriteHeader(status)
						if status != http.StatusNoContent {
							io.WriteString(w, page)
						}
					case c.looked == "":
						looks++
						refuse(w, http.StatusNotFound, "notFound", "No such object")
					default:
						looks++
						text(w, c.looked)
					}
				}}
				s := f.start(t)
				obj, err := s.Put(t.Context(), "k", buckettest.Source([]byte("hello world")), bucket.Condition{})
				session, serr := s.Begin(t.Context(), "k", buckettest.Source([]byte("hello world")), bucket.Condition{})
				if serr != nil {
					t.Fatal(serr)
				}
				_, done, serr := session.Send(t.Context(), 1<<20)
				if (err == nil) != c.well || done != c.well || (serr == nil) != c.well || looks != 2 {
					t.Errorf("Put: %v, a session: %v (%v), %d looks", err, serr, done, looks)
				}
				if c.well && (!obj.Confirmed || obj.ETag != "7") {
					t.Errorf("%+v", obj)
				}
			})
		}
	}
}

// A session that gets nowhere is not asked for ever.
func TestNoProgress(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request, _ []byte) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"?upload_id=1")
			return
		}
		w.WriteHeader(http.StatusPermanentRedirect)
	}}
	only(t, put(t, f.start(t), chunk+1, bucket.Condition{}), bucket.ErrTemporary)
	if len(f.log) > 10 {
		t.Errorf("%d requests", len(f.log))
	}
}

// Redirects that lead nowhere end.
func TestRedirects(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	}}
	s := f.start(t)
	for _, request := range []func() error{
		func() error { return s.Check(t.Context()) },
		func() error { _, err := s.Stat(t.Context(), "k"); return err },
		func() error { return put(t, s, 1, bucket.Condition{}) },
		func() error { return put(t, s, small+1, bucket.Condition{}) },
	} {
		f.log = nil
		if err := request(); err == nil || bucket.Passing(err) || len(f.log) > 11 {
			t.Errorf("%v after %d requests", err, len(f.log))
		}
	}
}
