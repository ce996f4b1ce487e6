package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket/buckettest"
)

// writeLarge writes dir/export with a sample for each size, whose file is of
// that many bytes; no two blocks of 64 KiB of any files are the same.
func writeLarge(t *testing.T, dir string, sizes ...int64) {
	t.Helper()
	writeExport(t, dir, 0, "")
	var samples []string
	for i, size := range sizes {
		path := imagePath(dir, i)
		samples = append(samples, fmt.Sprintf(`{"_id": {"$oid": "%024x"}, "filepath": %q, "tags": []}`, i+1, path))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		// All else is a hole, which is quickly written and read.
		stamp := make([]byte, 8)
		for off := int64(0); off < size && err == nil; off += 64 << 10 {
			binary.BigEndian.PutUint64(stamp, uint64(off)+uint64(i+1)<<48)
			_, err = f.WriteAt(stamp[:min(8, size-off)], off)
		}
		if err := errors.Join(err, f.Truncate(size), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	text := `{"samples": [` + strings.Join(samples, ",") + `]}`
	if err := os.WriteFile(filepath.Join(dir, "export", "samples.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func sha(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// arrivedLarge checks that the objects hold the bytes of their files, that
// samples.json names them and that no unfinished upload is left.
func arrivedLarge(t *testing.T, s3 *buckettest.S3, dir string, n int) {
	t.Helper()
	text := documents(t, filepath.Join(dir, "export"))["samples.json"]
	for i := range n {
		key := fmt.Sprintf("x/%06d.png", i)
		if sha(t, s3.Path("media", key)) != sha(t, imagePath(dir, i)) {
			t.Errorf("%s does not hold the bytes of its file", key)
		}
		if !bytes.Contains(text, []byte(`"s3://media/`+key+`"`)) {
			t.Errorf("samples.json does not name %s: %s", key, text)
		}
	}
	if left := unfinished(t, s3); len(left) > 0 {
		t.Errorf("unfinished uploads are left: %q", left)
	}
}

// unfinished lists where the server keeps the parts of unfinished uploads.
func unfinished(t *testing.T, s3 *buckettest.S3) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(s3.Dir, "media", ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func isPart(r *http.Request) bool {
	return r.Method == http.MethodPut && r.URL.Query().Has("partNumber")
}

// A meter counts the bytes of request bodies as the server reads them.
type meter struct {
	io.ReadCloser
	n *atomic.Int64
}

func (m meter) Read(b []byte) (int, error) {
	n, err := m.ReadCloser.Read(b)
	m.n.Add(int64(n))
	return n, err
}

func metered(n *atomic.Int64) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			r.Body = meter{r.Body, n}
		}
		return false
	}
}

func TestInterruptedLargeUploadGoesOn(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var seen atomic.Int64
	count := metered(&seen)
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if isPart(r) {
			time.Sleep(100 * time.Millisecond)
		}
		return count(w, r)
	})...)
	dir := t.TempDir()
	const size = 100 << 20 // 20 parts
	writeLarge(t, dir, size)
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	cmd := m.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a third of the file", func() bool { return seen.Load() > size/3 })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	first := seen.Load()
	if code := cmd.ProcessState.ExitCode(); code != 130 || first == size {
		t.Errorf("exit code %d after %d bytes", code, first)
	}
	if doc := m.run(0, args...); doc.Counts.Bytes != size-first || seen.Load() != size {
		t.Errorf("sent %d bytes and then %d of %d", first, doc.Counts.Bytes, size)
	}
	arrivedLarge(t, s3, dir, 1)
}

func TestPartsAreRetried(t *testing.T) {
	if testing.Short() {
		t.Skip("sends large files over faults: not in short mode")
	}
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var n atomic.Int64
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if !isPart(r) && r.Method != http.MethodPost {
			return false
		}
		switch n.Add(1) % 6 {
		case 0, 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>")
		case 3:
			panic(http.ErrAbortHandler) // the connection is reset
		default:
			return false
		}
		return true
	})...)
	dir := t.TempDir()
	writeLarge(t, dir, 40<<20+1, 16<<20, 17<<20, 30)
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	for range 10 { // two thirds of all requests fail: some will six times
		cmd := m.command(args...)
		if out, err := cmd.CombinedOutput(); err == nil {
			break
		} else if !bytes.Contains(out, []byte("temporary failure")) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if n.Load() < 30 {
		t.Errorf("only %d requests", n.Load())
	}
	arrivedLarge(t, s3, dir, 4)
}

func TestPartWithWrongChecksum(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var seen atomic.Int64
	var lies atomic.Bool
	lies.Store(true)
	count := metered(&seen)
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if lies.Load() && isPart(r) && r.URL.Query().Get("partNumber") == "3" {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
			w.Header().Set("X-Amz-Checksum-Crc64nvme", "AAAAAAAAAAA=")
			return true
		}
		return count(w, r)
	})...)
	dir := t.TempDir()
	writeLarge(t, dir, 30<<20) // 6 parts
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	doc := m.run(3, append(args, "--skip-failures")...)
	if len(doc.Problems) != 1 || !strings.Contains(doc.Problems[0].Hint, "checksum mismatch") || len(objects(t, s3, "media")) != 0 {
		t.Errorf("%+v", doc.Problems)
	}
	lies.Store(false)
	first := seen.Load()
	m.run(0, args...)
	if seen.Load() != 30<<20 {
		t.Errorf("sent %d bytes and then %d; only what was missing was to be sent", first, seen.Load()-first)
	}
	arrivedLarge(t, s3, dir, 1)
}

func TestLargeUploadsOfChangedFilesAreAborted(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	var fails atomic.Bool
	fails.Store(true)
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		if fails.Load() && isPart(r) && r.URL.Query().Get("partNumber") == "4" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	})...)
	dir := t.TempDir()
	writeLarge(t, dir, 30<<20)
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	m.run(3, append(args, "--skip-failures")...)
	if n := len(unfinished(t, s3)); n != 1 {
		t.Errorf("%d unfinished uploads, want one to go on with", n)
	}
	writeLarge(t, dir, 25<<20) // another file
	fails.Store(false)
	m.run(0, args...)
	arrivedLarge(t, s3, dir, 1)
}

func TestLargeFileChangesWhileSent(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	dir := t.TempDir()
	var changed atomic.Bool
	m := newTool(t, between(t, s3, func(_ http.ResponseWriter, r *http.Request) bool {
		if isPart(r) && r.URL.Query().Get("partNumber") == "5" && !changed.Swap(true) {
			_ = os.Chtimes(imagePath(dir, 0), time.Time{}, time.Now().Add(time.Hour))
		}
		return false
	})...)
	writeLarge(t, dir, 60<<20)
	args := []string{"upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths"}
	doc := m.run(3, append(args, "--skip-failures")...)
	if len(doc.Problems) != 1 || !strings.Contains(doc.Problems[0].Hint, "changed while being sent") || len(unfinished(t, s3)) > 0 {
		t.Errorf("%+v, unfinished %q", doc.Problems, unfinished(t, s3))
	}
	m.run(0, args...)
	arrivedLarge(t, s3, dir, 1)
}

func TestLostUploadBeginsAnew(t *testing.T) {
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	dir := t.TempDir()
	// From its fifth part on, the server knows nothing of the first upload.
	var mu sync.Mutex
	lost := ""
	m := newTool(t, between(t, s3, func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		id := r.URL.Query().Get("uploadId")
		if lost == "" && isPart(r) && r.URL.Query().Get("partNumber") == "5" {
			lost = id
		}
		if lost == "" || id != lost {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>`)
		return true
	})...)
	writeLarge(t, dir, 40<<20)
	m.run(0, "upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths")
	left, err := filepath.Glob(filepath.Join(s3.Dir, "media", ".sgwtmp", "multipart", "*", lost))
	if lost == "" || err != nil || len(left) != 1 {
		t.Fatalf("the upload %q that was to be lost: %q, %v", lost, left, err)
	}
	if err := os.RemoveAll(left[0]); err != nil { // the server was only said to have lost it
		t.Fatal(err)
	}
	arrivedLarge(t, s3, dir, 1)
}

func TestMemoryOfLargeFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 512 MB: not in short mode")
	}
	s3 := buckettest.S3Server(t)
	s3.CreateBucket(t, "media")
	m := newTool(t, s3.Environ()...)
	dir := t.TempDir()
	writeLarge(t, dir, 128<<20, 128<<20, 128<<20, 128<<20)
	cmd := m.command("upload", filepath.Join(dir, "export"), "s3://media/x", "--update-filepaths")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	most := <-peak
	if most == 0 {
		t.Skip("the memory of a process cannot be seen here")
	}
	t.Logf("512 MB in %v, CPU %v, at most %d MB", time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), most>>20)
	if most > 150<<20 {
		t.Errorf("the process took %d MB", most>>20)
	}
	arrivedLarge(t, s3, dir, 4)
}

// watchMemory gives, once the process has ended, the most memory in bytes that it
// was seen to use. What the system says of ended processes is no good: it counts
// the memory of the one that started them.
func watchMemory(pid int) <-chan int64 {
	result := make(chan int64, 1)
	go func() {
		var most int64
		for ; ; time.Sleep(20 * time.Millisecond) {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found { // a process that has ended has no memory
				break
			}
			var kilobytes int64
			_, _ = fmt.Sscan(rest, &kilobytes)
			most = max(most, kilobytes<<10)
		}
		result <- most
	}()
	return result
}
