package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/internal/faultproxy"
)

// between puts a handler between the binary and a real S3 server and returns
// the environment that leads there. The handler answers itself, returning true,
// or lets a request through.
func between(t *testing.T, s3 *buckettest.S3, handle func(http.ResponseWriter, *http.Request) bool) []string {
	t.Helper()
	return inFrontOf(t, s3.Endpoint, s3.Environ(), handle)
}

// inFrontOf is between for a server of any kind: the environment leads to it.
func inFrontOf(t *testing.T, endpoint string, environ []string, handle func(http.ResponseWriter, *http.Request) bool) []string {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := faultproxy.Start(target.Scheme + "://" + target.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	proxy.Set(func(*http.Request) faultproxy.Fault {
		return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
			if !handle(w, r) {
				server.ServeHTTP(w, r)
			}
		}
	})
	var env []string
	for _, v := range environ {
		env = append(env, strings.ReplaceAll(v, target.Scheme+"://"+target.Host, proxy.URL))
	}
	return env
}

func slow(pause time.Duration) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			time.Sleep(pause)
		}
		return false
	}
}

// slack is how much longer than on its own a process may take on a busy machine.
const slack = 5 * time.Minute

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within ten minutes", what)
		}
	}
}

func TestInterruptedUploadGoesOn(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			s3 := buckettest.S3Server(t)
			s3.CreateBucket(t, "media")
			m := newTool(t, between(t, s3, slow(100*time.Millisecond))...)
			dir := t.TempDir()
			writeExport(t, dir, 100, "")
			args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths", "--workers", "4"}
			before := documents(t, filepath.Join(dir, "export"))["samples.json"]
			cmd := m.command(append(args, "--json")...)
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the first objects", func() bool { return len(objects(t, s3, "media")) > 8 })
			began := time.Now()
			_ = cmd.Process.Signal(signal)
			_ = cmd.Wait()
			if took := time.Since(began); took > hardStop+slack {
				t.Errorf("it took %v to stop", took)
			}
			var doc document
			if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
				t.Fatalf("no document: %v\n%s", err, &stdout)
			}
			if code := cmd.ProcessState.ExitCode(); code != 130 || doc.Status != "interrupted" || !doc.RetryHelp {
				t.Errorf("exit code %d, document %+v", code, doc)
			}
			sent := int64(len(objects(t, s3, "media")))
			if doc.Counts.Objects != sent {
				t.Errorf("the document says %d objects, the bucket holds %d", doc.Counts.Objects, sent)
			}
			if !bytes.Equal(documents(t, filepath.Join(dir, "export"))["samples.json"], before) {
				t.Error("samples.json changed")
			}
			if doc := m.run(0, args...); doc.Counts.Objects != 200-sent || doc.Counts.Rewritten != 200 {
				t.Errorf("going on: %+v, after %d objects", doc.Counts, sent)
			}
		})
	}
}

// A file that takes minutes to be hashed ends neither late nor without a word.
func TestInterruptedWhileHashing(t *testing.T) {
	for _, args := range [][]string{{"--layout", "hash"}, {"--layout", "flat"}} {
		t.Run(args[1], func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeExport(t, dir, 2, "")
			if err := os.Rename(maskPath(dir, 1), filepath.Join(dir, "images", "elsewhere")); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{imagePath(dir, 1), maskPath(dir, 1)} { // equal keys, where flat
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(path, 1<<40); err != nil {
					t.Skipf("no sparse files here: %v", err)
				}
			}
			m := newTool(t)
			cmd := m.command(append([]string{"upload", filepath.Join(dir, "export"), filepath.Join(dir, "target"), "--json", "--remote-dir", "seg.mask_path=" + filepath.Join(dir, "target")}, args...)...)
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the run", func() bool {
				found, _ := filepath.Glob(filepath.Join(m.state, "medialift", "upload-*"))
				return len(found) > 0
			})
			time.Sleep(700 * time.Millisecond) // into the file
			began := time.Now()
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Wait()
			saidInterrupted(t, cmd, stdout.Bytes())
			if took := time.Since(began); took > hardStop+slack {
				t.Errorf("it took %v to stop", took)
			}
		})
	}
}

// saidInterrupted checks the document of a command that a signal has ended.
func saidInterrupted(t *testing.T, cmd *exec.Cmd, stdout []byte) {
	t.Helper()
	var doc document
	if err := json.Unmarshal(stdout, &doc); err != nil {
		t.Fatalf("no document: %v\n%s", err, stdout)
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 || doc.ExitCode != 130 || doc.Status != "interrupted" || !doc.RetryHelp || doc.Command != "upload" || doc.Run == "" {
		t.Errorf("exit code %d, document %+v", code, doc)
	}
}

// A second signal does not wait for anything, and the document comes all the
// same.
func TestInterruptedTwice(t *testing.T) {
	t.Parallel()
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	stalled := make(chan struct{})
	var once sync.Once
	m := newTool(t, between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			once.Do(func() { close(stalled) })
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		return false
	})...)
	dir := t.TempDir()
	writeExport(t, dir, 10, "")
	cmd := m.command("upload", filepath.Join(dir, "export"), "s3://media/x", "--json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-stalled
	for range 2 {
		_ = cmd.Process.Signal(syscall.SIGINT)
		time.Sleep(200 * time.Millisecond)
	}
	_ = cmd.Wait()
	saidInterrupted(t, cmd, stdout.Bytes())
}

func TestTwoRunsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for another run: not in short mode")
	}
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, between(t, s3, slow(100*time.Millisecond))...)
	dir := t.TempDir()
	writeExport(t, dir, 100, "")
	export := filepath.Join(dir, "export")
	first := m.command("upload", export, "s3://media/x", "--update-filepaths", "--workers", "4")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the first object", func() bool { return len(objects(t, s3, "media")) > 0 })
	m.run(5, "upload", export, "s3://media/x", "--update-filepaths")
	m.run(5, "upload", export, "s3://media/elsewhere")
	m.run(5, "rewrite", export, "--map", "prefix:/=s3://media")
	elsewhere := newTool(t, s3.Environ()...) // another state folder
	elsewhere.run(5, "upload", export, "s3://media/x")
	if err := first.Wait(); err != nil {
		t.Errorf("the first run: %v", err)
	}
	if n := len(objects(t, s3, "media")); n != 200 {
		t.Errorf("the bucket holds %d objects", n)
	}
}

func TestTemporaryFailuresAreRetried(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var n, faults atomic.Int64
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || n.Add(1)%5 != 0 {
			return false
		}
		faults.Add(1)
		switch n.Load() / 5 % 3 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			panic(http.ErrAbortHandler) // the connection is reset
		}
		return true
	})
	m := newTool(t, env...)
	dir := t.TempDir()
	writeExport(t, dir, 60, "")
	doc := m.run(0, "upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths")
	if doc.Counts.Objects+doc.Counts.Failed != 120 || len(objects(t, s3, "media")) != 120 || faults.Load() < 10 {
		t.Errorf("%+v after %d faults; the bucket holds %d objects", doc.Counts, faults.Load(), len(objects(t, s3, "media")))
	}
}

func TestFailuresThatStay(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	env := between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/fields/seg/000007.png") {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	})
	dir := t.TempDir()
	writeExport(t, dir, 30, "")
	export := filepath.Join(dir, "export")
	m := newTool(t, env...)
	args := []string{"upload", export, "s3://media/x", "--update-filepaths", "--workers", "2"}
	before := documents(t, export)["samples.json"]
	m.run(3, args...)
	if !bytes.Equal(documents(t, export)["samples.json"], before) {
		t.Error("paths changed though the run ended at a failure")
	}
	doc := m.run(3, append(args, "--skip-failures")...)
	if doc.Counts.Failed != 1 || doc.Counts.Rewritten != 58 || len(doc.Problems) != 1 {
		t.Errorf("%+v %+v", doc.Counts, doc.Problems)
	}
	checkNames(t, s3, "media", documents(t, export)["samples.json"])
	rows := m.run(0, "runs", doc.Run, "--rows", "failed")
	text, _ := json.Marshal(rows.Rows)
	if !strings.Contains(string(text), "masks/000007.png") {
		t.Errorf("failed rows: %s", text)
	}
	healthy := m
	healthy.env = append(healthy.env, s3.Environ()...)
	if doc := healthy.run(0, args...); doc.Counts.Objects != 1 || doc.Counts.Rewritten != 2 {
		t.Errorf("going on: %+v", doc.Counts)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	dir := t.TempDir()
	writeExport(t, dir, 5, "")
	taken := s3.Path("media", "x/000003.png")
	for path, text := range map[string]string{taken: "somebody else's", s3.Path("media", "x/000004.png"): "image 4"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	for _, flag := range []string{"", "--overwrite=own"} {
		doc := m.run(4, strings.Fields(strings.Join(args, " ")+" "+flag)...)
		if len(doc.Problems) != 1 || doc.Problems[0].URL != "s3://media/x/000003.png" {
			t.Errorf("%q: problems %+v", flag, doc.Problems)
		}
		if n := len(objects(t, s3, "media")); n != 2 {
			t.Errorf("%q: %d objects; nothing was to be sent", flag, n)
		}
	}
	if doc := m.run(0, append(args, "--overwrite")...); doc.Counts.Objects != 9 {
		t.Errorf("with --overwrite: %+v", doc.Counts)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "image 3" {
		t.Errorf("the object holds %q, %v", text, err)
	}
}
