package doctor_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/filestore"
	"github.com/medialift/medialift/bucket/memstore"
	"github.com/medialift/medialift/doctor"
)

// An odd store misbehaves in one way.
type odd struct {
	*memstore.Store
	put    func(*odd, context.Context, string, bucket.Source, bucket.Condition) (bucket.Object, error)
	open   func() (io.ReadCloser, error)
	delete func() error
	check  func(context.Context) error
	facts  []bucket.Fact
	notes  []string
}

func (o *odd) Put(ctx context.Context, key string, src bucket.Source, cond bucket.Condition) (bucket.Object, error) {
	if o.put != nil {
		return o.put(o, ctx, key, src, cond)
	}
	return o.Store.Put(ctx, key, src, cond)
}

func (o *odd) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if o.open != nil {
		return o.open()
	}
	return o.Store.Open(ctx, key)
}

func (o *odd) Delete(ctx context.Context, key string) error {
	if o.delete != nil {
		return o.delete()
	}
	return o.Store.Delete(ctx, key)
}

func (o *odd) Check(ctx context.Context) error {
	if o.check != nil {
		return o.check(ctx)
	}
	return nil
}

func (o *odd) Describe(context.Context) []bucket.Fact { return o.facts }
func (o *odd) Notes() []string                        { return o.notes }

func examine(t *testing.T, target doctor.Target, opts doctor.Options) map[string]string {
	t.Helper()
	list, err := doctor.Examine(t.Context(), target, opts)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{}
	for _, f := range list {
		by[f.Check] = string(f.Status) + ": " + f.Text
	}
	return by
}

func TestOddStores(t *testing.T) {
	type stores = *odd
	lost := 0
	for _, tt := range []struct {
		name string
		odd  odd
		want map[string]string
	}{
		{"well", odd{}, map[string]string{"bucket": "ok: mem://x ", "list": "ok: ", "write": "ok: ", "checksum": "ok: ", "overwrite": "ok: ", "read": "ok: ", "delete": "ok: "}},
		{"overwrites", odd{put: func(o stores, ctx context.Context, key string, src bucket.Source, _ bucket.Condition) (bucket.Object, error) {
			return o.Store.Put(ctx, key, src, bucket.Condition{Overwrite: true})
		}}, map[string]string{"overwrite": "failed: ", "read": "ok: ", "delete": "ok: "}},
		{"confirms nothing", odd{put: func(o stores, ctx context.Context, key string, src bucket.Source, c bucket.Condition) (bucket.Object, error) {
			obj, err := o.Store.Put(ctx, key, src, c)
			obj.Confirmed = false
			return obj, err
		}}, map[string]string{"write": "ok: ", "checksum": "warning: "}},
		{"loses the first answer", odd{put: func(o stores, ctx context.Context, key string, src bucket.Source, c bucket.Condition) (bucket.Object, error) {
			obj, err := o.Store.Put(ctx, key, src, c)
			if lost++; lost == 1 {
				return obj, bucket.ErrTemporary
			}
			return obj, err
		}}, map[string]string{"write": "ok: ", "overwrite": "ok: ", "read": "ok: ", "delete": "ok: "}},
		{"changes bytes", odd{open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("<html>")), nil }},
			map[string]string{"read": "failed: other bytes", "delete": "ok: "}},
		{"cannot be read", odd{open: func() (io.ReadCloser, error) { return nil, bucket.ErrDenied }}, map[string]string{"read": "failed: access denied"}},
		{"deletes nothing", odd{delete: func() error { return nil }}, map[string]string{"delete": "warning: it is still there"}},
		{"notes", odd{notes: []string{"the endpoint sleeps"}}, map[string]string{"endpoint": "warning: the endpoint sleeps"}},
		{"facts", odd{facts: []bucket.Fact{{Name: bucket.FactRegion, Err: errors.New("x")}, {Name: bucket.FactCORS, Value: "GET from *"}}},
			map[string]string{"region": "warning: unknown: x", "cors": "ok: GET from *"}},
		{"no CORS", odd{facts: []bucket.Fact{{Name: bucket.FactCORS, Value: bucket.NoCORS}}}, map[string]string{"cors": "warning: no web page"}},
		{"hangs", odd{check: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			map[string]string{"bucket": "failed: endpoint unreachable: no answer within", "write": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := tt.odd
			store.Store = memstore.New()
			target := doctor.Target{Location: bucket.Location{Store: &store, Prefix: "p", Naming: bucket.Naming{Base: "mem://x/"}}}
			timeout := time.Minute
			if tt.name == "hangs" {
				timeout = 200 * time.Millisecond
			}
			got := examine(t, target, doctor.Options{Timeout: timeout})
			for check, text := range tt.want {
				if !strings.HasPrefix(got[check], text) || text == "" && got[check] != "" {
					t.Errorf("%s: got %q, want %q", check, got[check], text)
				}
			}
		})
	}
}

func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &odd{Store: memstore.New()}
	store.put = func(o *odd, _ context.Context, key string, src bucket.Source, c bucket.Condition) (bucket.Object, error) {
		obj, err := o.Store.Put(context.WithoutCancel(ctx), key, src, c)
		cancel()
		return obj, err
	}
	target := doctor.Target{Location: bucket.Location{Store: store, Naming: bucket.Naming{Base: "mem://x/"}}}
	if _, err := doctor.Examine(ctx, target, doctor.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for obj := range store.List(t.Context(), "") {
		t.Errorf("left behind: %q", obj.Key)
	}
}

func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir: "ok: ", filepath.Join(dir, "a", "b"): "ok: ", file: "failed: ", filepath.Join(file, "below", "deep"): "failed: ", locked: "failed: ",
	} {
		if path == locked && os.Geteuid() == 0 {
			continue // may write anywhere
		}
		target := doctor.Target{Dir: path, Location: bucket.Location{Store: filestore.New("/"), Prefix: strings.Trim(path, "/")}}
		target.Location.Naming = filestore.New("/").Naming()
		findings, err := doctor.Examine(t.Context(), target, doctor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		failed := slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Status == doctor.Failed })
		if failed != (want == "failed: ") || len(findings) == 0 {
			t.Errorf("%s: %+v", path, findings)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}
