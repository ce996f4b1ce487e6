package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/verify"
)

// lifted is an export of n samples whose media are in s3://media/x, and the
// tool that sent them.
func lifted(t *testing.T, s3 *buckettest.S3, n int) (tool, string, string) {
	t.Helper()
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	dir := t.TempDir()
	writeExport(t, dir, n, "")
	export := filepath.Join(dir, "export")
	m.run(0, "upload", export, "s3://media/x", "--update-filepaths")
	return m, dir, export
}

// with is the same tool in another environment.
func (m tool) with(env []string) tool {
	m.env = append(m.env[:len(m.env):len(m.env)], env...)
	return m
}

// fieldsOf are the fields of a document of verify.
func fieldsOf(t *testing.T, doc document) (list []verify.Field) {
	t.Helper()
	text, err := json.Marshal(doc.Fields)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestVerifyAfterUpload(t *testing.T) {
	s3 := buckettest.S3Server(t)
	m, dir, export := lifted(t, s3, 20)
	doc := m.run(0, "verify", export)
	fields := fieldsOf(t, doc)
	for i, name := range []string{"filepath", "seg"} {
		f := fields[i]
		f.Bytes = 0
		if want := (verify.Field{Name: name, Paths: 20, Objects: 20, Checksum: 20}); f != want {
			t.Errorf("got %+v, want %+v", f, want)
		}
	}
	if len(doc.Problems) != 0 || doc.Counts.Objects != 40 || doc.Counts.Rows != 40 || doc.Counts.Bytes == 0 {
		t.Errorf("%+v %+v", doc.Counts, doc.Problems)
	}
	m.run(0, "verify", export, "--source", "--download")
	if doc := m.run(0, "verify", export, "--sample", "7"); doc.Counts.Objects != 7 {
		t.Errorf("%+v", doc.Counts)
	}
	if doc := m.run(0, "verify", export, "--media-field", "seg"); doc.Counts.Objects != 20 {
		t.Errorf("%+v", doc.Counts)
	}

	if err := os.Remove(s3.Path("media", "x/000003.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s3.Path("media", "x/000004.png"), 3); err != nil {
		t.Fatal(err)
	}
	doc = m.run(1, "verify", export)
	if doc.Counts.Missing != 1 || doc.Counts.Failed != 1 || len(doc.Problems) != 2 || doc.Status != "failed" || doc.Hint == "" {
		t.Fatalf("%+v %+v", doc.Counts, doc.Problems)
	}
	for i, want := range []struct{ kind, id, path string }{
		{"missing", fmt.Sprintf("%024x", 4), "s3://media/x/000003.png"},
		{"different", fmt.Sprintf("%024x", 5), "s3://media/x/000004.png"},
	} {
		p := doc.Problems[i]
		if p.Kind != want.kind || p.ID != want.id || p.Path != want.path || p.Field != "filepath" || p.Hint == "" {
			t.Errorf("got %+v, want %+v", p, want)
		}
	}
	// The bytes rot, and the server goes on telling the old checksum.
	if err := os.Truncate(s3.Path("media", "x/000004.png"), 7); err != nil {
		t.Fatal(err)
	}
	if doc := m.run(1, "verify", export); doc.Counts.Failed != 0 {
		t.Errorf("%+v", doc.Problems)
	}
	if doc := m.run(1, "verify", export, "--download"); doc.Counts.Failed != 1 || doc.Problems[1].Kind != "different" {
		t.Errorf("%+v", doc.Problems)
	}
	if err := os.WriteFile(imagePath(dir, 7), []byte("other 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if doc := m.run(1, "verify", export, "--source"); doc.Counts.Failed != 1 || doc.Problems[1].Path != "s3://media/x/000007.png" {
		t.Errorf("%+v", doc.Problems)
	}
}

func TestVerifyWithoutItsRun(t *testing.T) {
	s3 := buckettest.S3Server(t)
	_, _, export := lifted(t, s3, 5)
	m := newTool(t, s3.Environ()...) // another state folder
	doc := m.run(0, "verify", export)
	if f := fieldsOf(t, doc)[0]; f.Existence != 5 {
		t.Errorf("%+v", f)
	}
}

func TestVerifyWhatCannotBeSeen(t *testing.T) {
	s3 := buckettest.S3Server(t)
	m, _, export := lifted(t, s3, 20)
	var busy atomic.Int64
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/x/000002.png"):
			w.WriteHeader(http.StatusForbidden)
			return true
		case strings.HasSuffix(r.URL.Path, "/x/000009.png") && busy.Add(1) < 3: // passes by itself
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	doc := m.with(env).run(1, "verify", export)
	if doc.Counts.Missing != 0 || doc.Counts.Failed != 1 || doc.Problems[0].Kind != "unseen" || doc.Problems[0].Path != "s3://media/x/000002.png" {
		t.Errorf("403: %+v %+v", doc.Counts, doc.Problems)
	}
	if f := fieldsOf(t, doc)[0]; f.Unseen != 1 || f.Checksum != 19 {
		t.Errorf("403: %+v", f)
	}
	began := time.Now()
	doc = m.with([]string{"AWS_ENDPOINT_URL_S3=http://127.0.0.1:1"}).run(1, "verify", export)
	if doc.Counts.Missing != 0 || doc.Counts.Failed != 40 {
		t.Errorf("endpoint down: %+v", doc.Counts)
	}
	if took := time.Since(began); took > slack {
		t.Errorf("endpoint down: it took %v", took)
	}
	doc = m.with([]string{"AWS_SECRET_ACCESS_KEY=wrong"}).run(1, "verify", export)
	if doc.Counts.Missing != 0 || doc.Counts.Failed != 40 {
		t.Errorf("wrong credentials: %+v", doc.Counts)
	}
	if err := os.RemoveAll(filepath.Join(s3.Dir, "media")); err != nil {
		t.Fatal(err)
	}
	doc = m.run(1, "verify", export)
	if doc.Counts.Missing != 0 || doc.Counts.Failed != 40 || !strings.Contains(doc.Problems[0].Hint, "not found") {
		t.Errorf("no bucket: %+v %+v", doc.Counts, doc.Problems[0])
	}
}

func TestVerifyReadsAnAnswerThatIsCutOffAgain(t *testing.T) {
	s3 := buckettest.S3Server(t)
	m, _, export := lifted(t, s3, 5)
	var cut atomic.Int64
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, ".png") || cut.Add(1)%2 == 0 {
			return false
		}
		w.Header().Set("Content-Length", "7")
		w.Header().Set("ETag", `"00000000000000000000000000000000"`)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("ima"))
		return true
	})
	if doc := m.with(env).run(0, "verify", export, "--download", "--workers", "1"); doc.Counts.Objects != 10 || cut.Load() < 20 {
		t.Errorf("%+v after %d downloads", doc.Counts, cut.Load())
	}
}

func TestInterruptedVerify(t *testing.T) {
	s3 := buckettest.S3Server(t)
	m, _, export := lifted(t, s3, 50)
	var looked atomic.Int64
	m = m.with(between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".png") {
			looked.Add(1)
			time.Sleep(200 * time.Millisecond)
		}
		return false
	}))
	cmd := m.command("verify", export, "--workers", "2", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the first objects", func() bool { return looked.Load() > 6 })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatalf("no document: %v\n%s", err, &stdout)
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 || doc.Status != "interrupted" || doc.Counts.Objects == 0 || len(doc.Problems) != 0 {
		t.Errorf("exit code %d, document %+v", code, doc)
	}
}
