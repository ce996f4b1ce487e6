package gcsstore

import (
	"context"
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

// everything makes each kind of request once, and those that take several.
func everything(s *Store) map[string]func(context.Context) error {
	one, large := buckettest.Source([]byte("one")), buckettest.Source(make([]byte, small+1))
	return map[string]func(context.Context) error{
		"check": s.Check,
		"list": func(ctx context.Context) error {
			for _, err := range s.List(ctx, "") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"put":       func(ctx context.Context) error { _, err := s.Put(ctx, "new", one, bucket.Condition{}); return err },
		"put large": func(ctx context.Context) error { _, err := s.Put(ctx, "new", large, bucket.Condition{}); return err },
		"put again": func(ctx context.Context) error {
			_, err := s.Put(ctx, "k", one, bucket.Condition{})
			if !errors.Is(err, bucket.ErrExists) {
				return fmt.Errorf("over another object: %w", err)
			}
			there, err := s.Stat(ctx, "k")
			if err == nil {
				_, err = s.Put(ctx, "k", one, bucket.Condition{Replaces: there})
			}
			return err
		},
		"stat": func(ctx context.Context) error { _, err := s.Stat(ctx, "k"); return err },
		"open": func(ctx context.Context) error {
			body, err := s.Open(ctx, "k")
			if err == nil {
				_, err = io.Copy(io.Discard, body)
				_ = body.Close()
			}
			return err
		},
		"delete": func(ctx context.Context) error { return s.Delete(ctx, "k") },
		"resume": func(ctx context.Context) error {
			session, err := s.Begin(ctx, "new", large, bucket.Condition{})
			name := s.base() + "/session"
			if err == nil {
				name = session.Name()
			}
			_, resumed := s.Resume(ctx, "new", name, large)
			return errors.Join(err, resumed, s.Cancel(ctx, name))
		},
	}
}

// base is the URL of the service.
func (s *Store) base() string {
	c, err := s.connection(context.Background())
	if err != nil {
		return err.Error()
	}
	return c.base
}

// service answers as Google does, with one object, "k", and a list in five pages.
// It says of no object what it has become.
func service(w http.ResponseWriter, r *http.Request, body []byte) {
	there := strings.HasSuffix(r.URL.Path, "/k")
	query := r.URL.Query()
	w.Header().Set("X-GUploader-UploadID", "x")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/session") && r.Method == http.MethodDelete:
		w.WriteHeader(499)
	case strings.HasSuffix(r.URL.Path, "/session") && len(body) == 0:
		w.WriteHeader(http.StatusPermanentRedirect)
	case strings.HasSuffix(r.URL.Path, "/session"):
		var last int
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/", new(int), &last); err == nil && last < small {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", last))
			w.WriteHeader(http.StatusPermanentRedirect)
		}
	case strings.HasSuffix(r.URL.Path, "/bkt/o") && r.Method == http.MethodGet && len(query.Get("pageToken")) < 4:
		fmt.Fprintf(w, `{"kind": "storage#objects", "nextPageToken": "%sx"}`, query.Get("pageToken"))
	case strings.HasSuffix(r.URL.Path, "/bkt/o") && r.Method == http.MethodGet:
		io.WriteString(w, `{"kind": "storage#objects"}`)
	case query.Get("uploadType") == "resumable":
		w.Header().Set("Location", "http://"+r.Host+"/session")
	case r.Method == http.MethodPost && strings.Contains(string(body), `"name":"k"`) && query.Get("ifGenerationMatch") != "7":
		refuse(w, http.StatusPreconditionFailed, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
	case r.Method == http.MethodPost:
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case !there:
		refuse(w, http.StatusNotFound, "notFound", "No such object: bkt/new")
	case query.Get("alt") == "media" || !strings.Contains(r.URL.Path, "/o/"):
		w.Header().Set("X-Goog-Generation", "7")
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "there")
	default:
		io.WriteString(w, `{"kind": "storage#object", "name": "k", "generation": "7", "size": "5", "crc32c": "AAAAAA=="}`)
	}
}

// moved sends each request that can be sent on elsewhere, three times.
func moved(w http.ResponseWriter, r *http.Request, body []byte) {
	query := r.URL.Query()
	if hop := query.Get("hop"); len(hop) < 3 && r.Method == http.MethodGet {
		query.Set("hop", hop+"x")
		http.Redirect(w, r, r.URL.Path+"?"+query.Encode(), http.StatusTemporaryRedirect)
		return
	}
	service(w, r, body)
}

// cut breaks off in the middle of an object: the SDK asks for the rest of it.
func cut(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", "100")
	service(w, r, body)
}

// Each request that reaches the service went through the gate once, and what the
// gate refuses does not reach it.
func TestGate(t *testing.T) {
	for where, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request, []byte)
		want   map[string]int // how many there are, where that is known
	}{
		"Google": {service, map[string]int{
			"check": 1, "list": 5, "put": 2, "put large": 5, "put again": 5, "stat": 1, "open": 1, "delete": 1, "resume": 3,
		}},
		"moved": {moved, map[string]int{"check": 4, "list": 20, "put": 5, "stat": 4, "open": 4}},
		"cut":   {cut, nil},
		"page":  {func(w http.ResponseWriter, _ *http.Request, _ []byte) { html(w, http.StatusOK) }, nil},
		"busy": {func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			refuse(w, http.StatusServiceUnavailable, "backendError", "later")
		}, nil},
	} {
		for name := range everything(nil) {
			f := &fake{answer: c.answer}
			s := f.start(t)
			var passed atomic.Int64
			err := everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { passed.Add(1); return nil }))
			n := len(f.log)
			if want := c.want[name]; n == 0 || int64(n) != passed.Load() || want > 0 && n != want {
				t.Errorf("%s, %s: %d requests, want %d, %d through the gate: %v %q", where, name, n, want, passed.Load(), err, f.log)
			}
			shut := errors.New("not now")
			err = everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { return shut }))
			if !errors.Is(err, shut) || errors.Is(err, bucket.ErrNotFound) || len(f.log) > n {
				t.Errorf("%s, %s, behind a shut gate: %v, %q", where, name, err, f.log[n:])
			}
		}
	}
}
