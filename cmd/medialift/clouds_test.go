package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
	"github.com/medialift/medialift/bucket/buckettest"
	"github.com/medialift/medialift/bucket/open"
)

// A cloud is a server with an empty bucket.
type cloud struct {
	target   string // URL of the bucket
	endpoint string
	environ  []string
	setenv   func(*testing.T)
	// unfinished counts large objects that were begun and are not whole; nil where
	// the server does not tell.
	unfinished func() int
	expire     func()
}

// clouds are the servers to test with, by name.
func clouds() map[string]func(t *testing.T) cloud {
	return map[string]func(t *testing.T) cloud{
		"s3": func(t *testing.T) cloud {
			s := buckettest.S3Server(t)
			s.CreateBucket(t, "media")
			return cloud{"s3://media", s.Endpoint, s.Environ(), s.Setenv, func() int { return len(unfinished(t, s)) }, nil}
		},
		"gs": func(t *testing.T) cloud {
			s := buckettest.GCSServer(t)
			s.CreateBucket(t, "media")
			return cloud{"gs://media", s.Endpoint, s.Environ(), s.Setenv, s.Unfinished, s.Expire}
		},
		"az": func(t *testing.T) cloud {
			s := buckettest.AzureServer(t)
			s.CreateContainer(t, "media")
			return cloud{"az://media", s.Endpoint, s.Environ(), s.Setenv, nil, nil}
		},
	}
}

// arrived checks that the objects x/NNNNNN.png hold the bytes of their files,
// that samples.json names them and that nothing unfinished is left.
func (c cloud) arrived(t *testing.T, dir string, n int) {
	t.Helper()
	c.setenv(t)
	there, err := open.New(open.Options{}).Open(t.Context(), c.target)
	if err != nil {
		t.Fatal(err)
	}
	text := documents(t, filepath.Join(dir, "export"))["samples.json"]
	for i := range n {
		key := fmt.Sprintf("x/%06d.png", i)
		r, err := there.Store.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		_, err = io.Copy(h, r)
		r.Close()
		if err != nil || hex.EncodeToString(h.Sum(nil)) != sha(t, imagePath(dir, i)) {
			t.Errorf("%s does not hold the bytes of its file (%v)", key, err)
		}
		if url, _ := there.Naming.URL(key); !bytes.Contains(text, []byte(`"`+url+`"`)) {
			t.Errorf("samples.json does not name %s: %s", url, text)
		}
	}
	if c.unfinished != nil && c.unfinished() > 0 {
		t.Errorf("%d unfinished uploads are left", c.unfinished())
	}
}

// killed runs a command until the server has been sent enough, kills it, and
// returns how many bytes the server has read.
func killed(t *testing.T, m tool, seen *atomic.Int64, enough int64, args ...string) int64 {
	t.Helper()
	cmd := m.command(args...)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for seen.Load() < enough {
		if time.Since(began) > 20*time.Minute {
			t.Fatalf("only %d bytes were sent", seen.Load())
		}
		time.Sleep(time.Millisecond)
	}
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run was through before it was killed")
	}
	for last := int64(-1); last != seen.Load(); time.Sleep(2 * time.Second) { // the server may still be reading
		last = seen.Load()
	}
	return seen.Swap(0)
}

func TestKilledLargeUploadGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 700 MB: not in short mode")
	}
	large := int64(300_000_001)
	if *killsFlag >= 20 {
		large = 1_000_000_001
	}
	for name, size := range map[string]int64{"s3": large, "gs": 200_000_001, "az": 200_000_001} {
		t.Run(name, func(t *testing.T) {
			c := clouds()[name](t)
			var seen atomic.Int64
			m := newTool(t, inFrontOf(t, c.endpoint, c.environ, metered(&seen))...)
			dir := t.TempDir()
			writeLarge(t, dir, size)
			args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x", "--update-filepaths"}
			first := killed(t, m, &seen, size/10*6, args...)
			if c.unfinished != nil && c.unfinished() != 1 {
				t.Errorf("%d unfinished uploads", c.unfinished())
			}
			doc := m.run(0, args...)
			again := seen.Load()
			t.Logf("the first run sent %d bytes, the second %d: %.1f %% of the file", first, again, float64(again)/float64(size)*100)
			// Azure's list of blocks is sent, too.
			if again > size/100*45 || doc.Counts.Objects != 1 || doc.Counts.Bytes > again || doc.Counts.Bytes < again-64<<10 {
				t.Errorf("the second run sent %d bytes; it says %+v", again, doc.Counts)
			}
			c.arrived(t, dir, 1)
		})
	}
}

func TestInterruptedInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for sleeping servers: not in short mode")
	}
	for _, name := range []string{"gs", "az"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupted(t, clouds()[name])
		})
	}
}

func interrupted(t *testing.T, start func(*testing.T) cloud) {
	t.Helper()
	c := start(t)
	var seen atomic.Int64
	count := metered(&seen)
	m := newTool(t, inFrontOf(t, c.endpoint, c.environ, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			time.Sleep(100 * time.Millisecond)
		}
		return count(w, r)
	})...)
	dir := t.TempDir()
	const size = 60 << 20
	writeLarge(t, dir, size)
	args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x"}
	cmd := m.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a third of the file", func() bool { return seen.Load() > size/3 })
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	first := seen.Load()
	if code := cmd.ProcessState.ExitCode(); code != 130 || first >= size {
		t.Errorf("exit code %d after %d bytes", code, first)
	}
	doc := m.run(0, args...)
	if sent := first + doc.Counts.Bytes; sent != size || seen.Load() < size || seen.Load() > size+64<<10 {
		t.Errorf("sent %d bytes and then %d of %d", first, doc.Counts.Bytes, size)
	}
}

func TestFaultsInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 150 MB: not in short mode")
	}
	for _, name := range []string{"gs", "az"} {
		t.Run(name, func(t *testing.T) {
			c := clouds()[name](t)
			var n atomic.Int64
			m := newTool(t, inFrontOf(t, c.endpoint, c.environ, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut && r.Method != http.MethodPost {
					return false
				}
				switch n.Add(1) % 9 { // seldom enough that no file uses up its tries
				case 0:
					w.WriteHeader(http.StatusServiceUnavailable)
				case 1:
					_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
					panic(http.ErrAbortHandler) // the connection is reset
				default:
					return false
				}
				return true
			})...)
			dir := t.TempDir()
			writeLarge(t, dir, 40<<20+1, 16<<20, 17<<20, 30)
			args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x", "--update-filepaths"}
			m.run(0, args...)
			c.arrived(t, dir, 4)
		})
	}
}

// What earlier runs sent is of no use once the file has changed, or the store
// has dropped it.
func TestUploadsOfNoUseInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("sends large files to two clouds: not in short mode")
	}
	for _, name := range []string{"gs", "az"} {
		t.Run(name, func(t *testing.T) {
			c := clouds()[name](t)
			var fails atomic.Bool
			var n atomic.Int64
			m := newTool(t, inFrontOf(t, c.endpoint, c.environ, func(w http.ResponseWriter, r *http.Request) bool {
				if !fails.Load() || r.Method != http.MethodPut || n.Add(1)%4 != 3 {
					return false
				}
				w.WriteHeader(http.StatusForbidden)
				return true
			})...)
			dir := t.TempDir()
			writeLarge(t, dir, 30<<20)
			args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x", "--update-filepaths"}
			fails.Store(true)
			m.run(3, append(args, "--skip-failures")...)
			writeLarge(t, dir, 25<<20) // another file
			m.run(3, append(args, "--skip-failures")...)
			fails.Store(false)
			if c.expire != nil {
				c.expire()
			}
			cmd := m.command(args...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			says := "sent from the start"
			if c.expire == nil {
				says = "for a week"
			}
			if name == "gs" && !strings.Contains(string(out), says) {
				t.Errorf("it does not say %q: %s", says, out)
			}
			c.arrived(t, dir, 1)
			ledgers, err := filepath.Glob(filepath.Join(m.state, "medialift", "*.ledger"))
			if err != nil || len(ledgers) != 1 {
				t.Fatalf("%q, %v", ledgers, err)
			}
			if info, err := os.Stat(ledgers[0]); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the ledger has mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// An object with the same bytes has arrived; another one is a refusal that names
// both, whatever the size of the file.
func TestNothingIsOverwrittenInClouds(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the servers of two clouds: not in short mode")
	}
	for _, name := range []string{"gs", "az"} {
		t.Run(name, func(t *testing.T) {
			c := clouds()[name](t)
			m := newTool(t, c.environ...)
			dir := t.TempDir()
			writeLarge(t, dir, 17<<20, 30, 17<<20, 30)
			c.setenv(t)
			there, err := open.New(open.Options{}).Open(t.Context(), c.target)
			if err != nil {
				t.Fatal(err)
			}
			put := func(key string, data []byte) {
				t.Helper()
				if _, err := there.Store.Put(t.Context(), key, buckettest.Source(data), bucket.Condition{Overwrite: true}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 2 { // the same
				data, err := os.ReadFile(imagePath(dir, i))
				if err != nil {
					t.Fatal(err)
				}
				put(fmt.Sprintf("x/%06d.png", i), data)
			}
			put("x/000002.png", []byte("somebody else's"))
			put("x/000003.png", []byte("another one's"))
			args := []string{"upload", filepath.Join(dir, "export"), c.target + "/x", "--update-filepaths"}
			doc := m.run(4, args...)
			if len(doc.Problems) != 2 || doc.Counts.Objects != 0 {
				t.Fatalf("%+v %+v", doc.Counts, doc.Problems)
			}
			for _, p := range doc.Problems {
				if !strings.HasPrefix(p.URL, c.target+"/x/00000") || !strings.Contains(p.Hint, "images/00000") || !strings.Contains(p.Hint, "bytes of 20") {
					t.Errorf("%+v does not name both", p)
				}
			}
			if doc := m.run(0, append(args, "--overwrite")...); doc.Counts.Objects != 2 || doc.Counts.Rewritten != 4 {
				t.Errorf("%+v", doc.Counts)
			}
			c.arrived(t, dir, 4)
			out, err := m.command("verify", filepath.Join(dir, "export")).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "4 objects were verified by checksum") {
				t.Errorf("verify: %v: %s", err, out)
			}
		})
	}
}
