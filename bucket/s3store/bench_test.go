//go:build unix

package s3store

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/medialift/medialift/bucket"
)

// sinkVariable makes a process of this test binary the discarding server.
const sinkVariable = "MEDIALIFT_TEST_SINK"

// TestSink is no test: it is the server of the benchmarks, which has a process
// of its own so that its processor time is not counted.
func TestSink(t *testing.T) {
	if os.Getenv(sinkVariable) == "" {
		t.Skip("runs as a part of the benchmarks")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s\n", l.Addr())
	go func() { // ends with the parent
		io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	http.Serve(l, new(sink))
}

// A sink takes objects and remembers only their names.
type sink struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	there := s.seen[r.URL.Path]
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[r.URL.Path] = there || r.Method == http.MethodPut
	s.mu.Unlock()
	switch {
	case r.Method == http.MethodHead && !there:
		w.WriteHeader(http.StatusNotFound)
	case there && r.Header.Get("If-None-Match") != "":
		w.WriteHeader(http.StatusPreconditionFailed)
	default:
		w.Header().Set("X-Amz-Checksum-Crc64nvme", r.Header.Get("X-Amz-Checksum-Crc64nvme"))
		w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
	}
}

func startSink(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSink$", "-test.v")
	cmd.Env = append(os.Environ(), sinkVariable+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "127.0.0.1:") {
			return "http://" + lines.Text()
		}
	}
	b.Fatal("the sink does not start")
	return ""
}

// mediaFiles makes files of 8 to 60 KB.
func mediaFiles(b *testing.B) []string {
	b.Helper()
	dir := b.TempDir()
	random := rand.NewChaCha8([32]byte{})
	files := make([]string, 500)
	for i := range files {
		data := make([]byte, 8_000+i*52_000/len(files))
		random.Read(data)
		files[i] = filepath.Join(dir, fmt.Sprint(i, ".jpg"))
		if err := os.WriteFile(files[i], data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return files
}

// BenchmarkSmallObjects compares ways to send small files, by the processor
// time of this process. Run it with -benchtime=20000x -count=5.
func BenchmarkSmallObjects(b *testing.B) {
	endpoint, files := startSink(b), mediaFiles(b)
	var runs int
	bench := func(name string, open func(b *testing.B) func(key, path string) error) {
		b.Run(name, func(b *testing.B) {
			runs++
			send := open(b)
			prefix := fmt.Sprintf("run-%d/", runs)
			if err := send(prefix+"first", files[0]); err != nil { // learns what the endpoint does
				b.Fatal(err)
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			before := cpu()
			b.ReportAllocs()
			b.ResetTimer()
			for range 32 {
				wg.Go(func() {
					for {
						i := int(next.Add(1))
						if i > b.N {
							return
						}
						if err := send(prefix+fmt.Sprintf("media/%08d.jpg", i), files[i%len(files)]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(cpu()-before)/float64(b.N)/1e6, "cpu-ms/op")
		})
	}
	bench("bare", func(*testing.B) func(string, string) error {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		return func(key, path string) error { return barePut(client, endpoint+"/bkt/"+key, path) }
	})
	bench("bare-pooled", func(*testing.B) func(string, string) error {
		var all buffers
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, WriteBufferSize: 64 << 10}}
		return func(key, path string) error { return pooledPut(client, &all, endpoint+"/bkt/"+key, path) }
	})
	bench("hot", func(b *testing.B) func(string, string) error { return storePut(b, endpoint, false) })
	bench("sdk", func(b *testing.B) func(string, string) error { return storePut(b, endpoint, true) })
}

func barePut(client *http.Client, url, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// pooledPut is the least that net/http can do: unlike barePut it leaves next to
// nothing to the garbage collector.
func pooledPut(client *http.Client, all *buffers, url, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	buf := all.Get(int(info.Size()))
	defer all.Put(buf)
	data := (*buf)[:info.Size()]
	if _, err := io.ReadFull(f, data); err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func storePut(b *testing.B, endpoint string, sdk bool) func(string, string) error {
	clearEnv(b)
	s := connect(b, Options{Endpoint: endpoint})
	if sdk {
		leaveToSDK(s)
	}
	return func(key, path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		_, err = s.Put(b.Context(), key, bucket.Source{ReaderAt: f, Size: info.Size(), ContentType: "image/jpeg"}, bucket.Condition{})
		return err
	}
}

// cpu is the processor time that this process has taken.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
