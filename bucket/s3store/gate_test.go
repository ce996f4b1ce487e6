package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
)

// everything makes each kind of request once, and those that take several.
func everything(s *Store) map[string]func(context.Context) error {
	one := buckettest.Source([]byte("one"))
	parts := []bucket.Part{{N: 1, Size: one.Size, ETag: "e", Checksums: bucket.Checksums{bucket.CRC64NVME: "AAAAAAAAAAA="}}}
	return map[string]func(context.Context) error{
		"check": s.Check,
		"prove": func(ctx context.Context) error { return s.Prove(ctx, "p") },
		"list": func(ctx context.Context) error {
			for _, err := range s.List(ctx, "") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"put":       func(ctx context.Context) error { _, err := s.Put(ctx, "new", one, bucket.Condition{}); return err },
		"put again": func(ctx context.Context) error { return again(ctx, s) },
		"stat":      func(ctx context.Context) error { _, err := s.Stat(ctx, "k"); return err },
		"open": func(ctx context.Context) error {
			body, err := s.Open(ctx, "k")
			if err == nil {
				err = body.Close()
			}
			return err
		},
		"delete": func(ctx context.Context) error { return s.Delete(ctx, "k") },
		"start":  func(ctx context.Context) error { _, err := s.Start(ctx, "k", one); return err },
		"part":   func(ctx context.Context) error { _, err := s.PutPart(ctx, "k", "u", 1, one); return err },
		"parts":  func(ctx context.Context) error { _, err := s.Parts(ctx, "k", "u"); return err },
		"finish": func(ctx context.Context) error { _, err := s.Finish(ctx, "k", "u", one, parts, overwrite); return err },
		"abort":  func(ctx context.Context) error { return s.Abort(ctx, "k", "u") },
	}
}

// again sends to a key that holds another object: PUT → 412 → HEAD → PUT.
func again(ctx context.Context, s *Store) error {
	src := buckettest.Source([]byte("other"))
	_, err := s.Put(ctx, "k", src, bucket.Condition{})
	if !errors.Is(err, bucket.ErrExists) {
		return fmt.Errorf("over another object: %w", err)
	}
	there, err := s.Stat(ctx, "k")
	if err == nil {
		_, err = s.Put(ctx, "k", src, bucket.Condition{Replaces: there})
	}
	return err
}

// Each request that reaches the endpoint went through the gate once, on the hot
// path and through the SDK, and what the gate refuses does not reach it.
func TestGate(t *testing.T) {
	quirks := map[string]func(*fake){
		"echoes": func(f *fake) { f.echoChecksum = true }, "confirms nothing": func(*fake) {},
		"knows no checksum": func(f *fake) { f.refuseChecksum = "NotImplemented" }, "ignores conditions": func(f *fake) { f.ignoreAbsent = true },
		"has opaque ETags": func(f *fake) { f.opaqueETag = true }, "confirms another": func(f *fake) { f.echoChecksum, f.wrongChecksum = true, true },
	}
	for _, sdk := range []bool{false, true} {
		for quirk, set := range quirks {
			for name := range everything(nil) {
				what := fmt.Sprintf("%s, where it %s (SDK: %v)", name, quirk, sdk)
				start := func() (*fake, *Store) {
					f := &fake{objects: map[string][]byte{"k": []byte("there")}, etags: map[string]string{"k": `"e"`}}
					set(f)
					s := f.start(t)
					if sdk {
						leaveToSDK(s)
					}
					return f, s
				}
				f, s := start()
				var passed atomic.Int64
				err := everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { passed.Add(1); return nil }))
				if n := len(f.requests()); n == 0 || int64(n) != passed.Load() { // it may fail: that is not what is tested
					t.Errorf("%s: %d requests, %d through the gate, %v", what, n, passed.Load(), err)
				}
				f, s = start()
				shut := errors.New("not now")
				err = everything(s)[name](bucket.WithGate(t.Context(), func(context.Context) error { return shut }))
				if n := f.requests(); !errors.Is(err, shut) || errors.Is(err, bucket.ErrNotFound) || len(n) > 0 {
					t.Errorf("%s, behind a shut gate: %v, %q", what, err, n)
				}
			}
		}
	}
}

// What is known to take several requests passes as often.
func TestGateCountsEach(t *testing.T) {
	pages := func(w http.ResponseWriter, r *http.Request) bool {
		n, more := len(r.URL.Query().Get("continuation-token")), "true"
		if n == 4 {
			more = "false"
		}
		fmt.Fprintf(w, "<ListBucketResult><Name>bkt</Name><IsTruncated>%s</IsTruncated><NextContinuationToken>%s</NextContinuationToken></ListBucketResult>", more, strings.Repeat("x", n+1))
		return true
	}
	hops := func(w http.ResponseWriter, r *http.Request) bool {
		if hop := r.URL.Query().Get("hop"); len(hop) < 3 {
			http.Redirect(w, r, r.URL.Path+"?hop="+hop+"x", http.StatusTemporaryRedirect)
			return true
		}
		return false
	}
	round := func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}
	for _, c := range []struct {
		name, ask string
		answer    func(http.ResponseWriter, *http.Request) bool
		want      int64
	}{
		{"five pages", "list", pages, 5},
		{"three redirections", "stat", hops, 4},
		{"three redirections of a deletion", "delete", hops, 4},
		{"a loop", "check", round, 10},
		{"another object", "put again", nil, 4},
	} {
		f := &fake{echoChecksum: true, answer: c.answer}
		s := f.start(t)
		s.quirks.learn(func(k *known) { k.absent = yes })
		f.objects, f.etags = map[string][]byte{"k": []byte("there")}, map[string]string{"k": `"e"`}
		var passed atomic.Int64
		err := everything(s)[c.ask](bucket.WithGate(t.Context(), func(context.Context) error { passed.Add(1); return nil }))
		if n := len(f.requests()); passed.Load() != c.want || int64(n) != c.want {
			t.Errorf("%s: %d requests, %d through the gate, want %d: %v", c.name, n, passed.Load(), c.want, err)
		}
	}
}
