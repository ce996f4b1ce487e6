package azurestore

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
	one, large := buckettest.Source([]byte("one")), buckettest.Source(make([]byte, 2*small+1))
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
		"parts": func(ctx context.Context) error {
			upload, err := s.Start(ctx, "k", one)
			if err == nil {
				_, err = s.PutPart(ctx, "k", upload, 1, one)
			}
			if err == nil {
				_, err = s.Parts(ctx, "k", upload)
			}
			return err
		},
	}
}

// service answers as Azure does, with one blob, "k", and a list in five pages.
func service(w http.ResponseWriter, r *http.Request) {
	there := strings.HasSuffix(r.URL.Path, "/k")
	w.Header().Set("X-Ms-Version", "2021-12-02")
	marker := r.URL.Query().Get("marker")
	switch {
	case r.URL.Query().Get("comp") == "list" && len(marker) < 4:
		fmt.Fprintf(w, `<EnumerationResults><Blobs/><NextMarker>%sx</NextMarker></EnumerationResults>`, marker)
	case r.URL.Query().Get("comp") == "list":
		io.WriteString(w, `<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>`)
	case r.URL.Query().Get("comp") == "blocklist" && r.Method == http.MethodGet:
		io.WriteString(w, `<BlockList><UncommittedBlocks/></BlockList>`)
	case r.Method == http.MethodPut && there && r.Header.Get("If-None-Match") != "":
		refuse(w, http.StatusConflict, "BlobAlreadyExists")
	case r.Method == http.MethodPut:
		w.Header().Set("ETag", `"0x2"`)
		w.WriteHeader(http.StatusCreated)
	case !there:
		refuse(w, http.StatusNotFound, "BlobNotFound")
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusAccepted)
	default:
		w.Header().Set("ETag", `"0x1"`)
		w.Header().Set("Content-Length", "5")
		if r.Method == http.MethodGet {
			io.WriteString(w, "there")
		}
	}
}

// moved sends each request that can be sent on elsewhere, three times.
func moved(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if hop := query.Get("hop"); len(hop) < 3 && r.Method != http.MethodPut {
		query.Set("hop", hop+"x")
		http.Redirect(w, r, r.URL.Path+"?"+query.Encode(), http.StatusTemporaryRedirect)
		return
	}
	service(w, r)
}

// Each request that reaches the service went through the gate once, and what the
// gate refuses does not reach it.
func TestGate(t *testing.T) {
	for where, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   map[string]int // how many there are, where that is known
	}{
		"Azure": {service, map[string]int{
			"check": 1, "list": 5, "put": 1, "put large": 5, "put again": 4, "stat": 1, "open": 1, "delete": 1, "parts": 2,
		}},
		"moved": {moved, map[string]int{"check": 4, "list": 20, "stat": 4, "open": 4, "delete": 4, "put again": 10}},
		"page":  {func(w http.ResponseWriter, _ *http.Request) { html(w, http.StatusOK) }, nil},
		"busy":  {func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusServiceUnavailable, "ServerBusy") }, nil},
	} {
		for name := range everything(nil) {
			f := &fake{answer: c.answer}
			s := f.start(t)
			var passed atomic.Int64
			err := everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { passed.Add(1); return nil }))
			n := len(f.log)
			if want := c.want[name]; n == 0 || int64(n) != passed.Load() || want > 0 && (n != want || err != nil) {
				t.Errorf("%s, %s: %d requests, want %d, %d through the gate: %v", where, name, n, want, passed.Load(), err)
			}
			shut := errors.New("not now")
			err = everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { return shut }))
			if !errors.Is(err, shut) || errors.Is(err, bucket.ErrNotFound) || len(f.log) > n {
				t.Errorf("%s, %s, behind a shut gate: %v, %q", where, name, err, f.log[n:])
			}
		}
	}
}
