package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/doctor"
)

// findings are those of a document of doctor, by check: "status: text".
func findings(t *testing.T, doc document) map[string]string {
	t.Helper()
	var list []doctor.Finding
	text, err := json.Marshal(doc.Findings)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{}
	for _, f := range list {
		by[f.Check] = string(f.Status) + ": " + f.Text
		if f.Status == doctor.Failed && f.Hint == "" {
			t.Errorf("no hint: %+v", f)
		}
	}
	return by
}

func expect(t *testing.T, doc document, want map[string]string) {
	t.Helper()
	got := findings(t, doc)
	for check, text := range want {
		if !strings.HasPrefix(got[check], text) || text == "" && got[check] != "" {
			t.Errorf("%s: got %q, want %q", check, got[check], text)
		}
	}
}

func TestDoctorFindsAllWell(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	doc := m.run(0, "doctor", "s3://media/some/where")
	expect(t, doc, map[string]string{
		"identity": "ok: m…", "region": "ok: us-east-1", "endpoint": "ok: " + s3.Endpoint, "bucket": "ok: ", "clock": "ok: ", "list": "ok: ",
		"write": "ok: ", "checksum": "ok: ", "overwrite": "ok: ", "read": "ok: ", "delete": "ok: ", "cors": "warning: ",
	})
	if text, _ := json.Marshal(doc); strings.Contains(string(text), s3.SecretKey) || strings.Contains(string(text), `"`+s3.AccessKey) {
		t.Errorf("credentials in the document: %s", text)
	}
	if left := objects(t, s3, "media"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}

	dir := filepath.Dir(s3.Path("media", "x/a"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var wrote atomic.Bool
	env := between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			wrote.Store(true)
		}
		return false
	})
	doc = m.with(env).run(0, "doctor", "s3://media/x", "--read-only")
	expect(t, doc, map[string]string{"list": "ok: there are objects", "read": `ok: "x/a" can be read`, "write": "", "delete": ""})
	if wrote.Load() {
		t.Error("--read-only wrote")
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)

	doc := m.with([]string{"AWS_SECRET_ACCESS_KEY=wrong"}).run(1, "doctor", "s3://media")
	expect(t, doc, map[string]string{"identity": "ok: ", "bucket": "failed: access denied: HTTP 403 SignatureDoesNotMatch", "write": "", "clock": "ok: "})

	none := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}
	doc = m.with(none).run(1, "doctor", "s3://media")
	expect(t, doc, map[string]string{"identity": "failed: no usable AWS credentials", "bucket": "", "write": ""})

	doc = m.run(1, "doctor", "s3://nothere")
	expect(t, doc, map[string]string{"identity": "ok: ", "bucket": `failed: bucket "nothere" not found`, "clock": "ok: ", "write": ""})
	if !strings.Contains(doc.Hint, "create the bucket") {
		t.Errorf("hint %q", doc.Hint)
	}

	doc = m.run(1, "doctor", "s3://media", "--endpoint-url", "http://127.0.0.1:1")
	expect(t, doc, map[string]string{"identity": "ok: ", "endpoint": "ok: http://127.0.0.1:1", "bucket": "failed: endpoint unreachable", "clock": "", "write": ""})

	// Those who may only read.
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	})
	doc = m.with(env).run(1, "doctor", "s3://media")
	expect(t, doc, map[string]string{"bucket": "ok: ", "write": "failed: access denied", "read": ""})

	// Those who may not delete.
	env = between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	})
	doc = m.with(env).run(0, "doctor", "s3://media/kept")
	expect(t, doc, map[string]string{"write": "ok: ", "delete": "warning: access denied"})
	for key := range objects(t, s3, "media") {
		if !strings.HasPrefix(key, "kept/.medialift-doctor-") {
			t.Errorf("left behind: %q", key)
		}
	}
}

func TestDoctorComparesClocks(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	for _, tt := range []struct {
		off  time.Duration
		code int
		want string
	}{
		{5 * time.Second, 0, "ok: within 30s"},
		{-4 * time.Minute, 0, "warning: 4m"},
		{5 * time.Minute, 0, "warning: "},
		{time.Hour, 1, "failed: "},
	} {
		env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodHead || r.URL.Path != "/" {
				return false
			}
			w.Header().Set("Date", time.Now().Add(tt.off).UTC().Format(http.TimeFormat))
			return true
		})
		doc := m.with(env).run(tt.code, "doctor", "s3://media")
		expect(t, doc, map[string]string{"clock": tt.want, "write": "ok: "})
		side := "behind"
		if tt.off < 0 {
			side = "ahead of"
		}
		if text := findings(t, doc)["clock"]; !strings.HasPrefix(text, "ok") && !strings.Contains(text, side) {
			t.Errorf("%v: %s", tt.off, text)
		}
	}
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead && r.URL.Path == "/" {
			w.Header()["Date"] = nil
			return true
		}
		return false
	})
	expect(t, m.with(env).run(0, "doctor", "s3://media"), map[string]string{"clock": "warning: unknown"})
}
