package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A server is an S3 endpoint in a process of its own.
type server struct {
	url  string
	dir  string // where it keeps objects, if anywhere
	stop func()
}

// bucketName is the one bucket that every round writes to.
const bucketName = "bench"

const accessKey, secretKey = "bench", "bench-secret"

// serveSink answers S3 requests and keeps nothing but names. It prints its
// address first.
func serveSink() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	var mu sync.Mutex
	seen := map[string]bool{}
	buffers := sync.Pool{New: func() any { return new([64 << 10]byte) }}
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			buf := buffers.Get().(*[64 << 10]byte)
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r.Body}, buf[:])
			buffers.Put(buf)
			mu.Lock()
			there := seen[r.URL.Path]
			seen[r.URL.Path] = true
			mu.Unlock()
			if there && r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
			if sum := r.Header.Get("X-Amz-Checksum-Crc64nvme"); sum != "" {
				w.Header().Set("X-Amz-Checksum-Crc64nvme", sum)
			}
			w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		case http.MethodHead:
			if strings.Count(strings.Trim(r.URL.Path, "/"), "/") > 0 {
				w.WriteHeader(http.StatusNotFound)
			}
		case http.MethodGet:
			w.Header().Set("Content-Type", "application/xml")
			_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult><Name>bench</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>`)
		}
	}))
}

func startSink(ctx context.Context, _ string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "sink")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the sink: %w", err)
	}
	return &server{url: "http://" + strings.TrimSpace(addr), stop: func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }}, nil
}

func startGateway(ctx context.Context, dir, binary string) (*server, error) {
	root, err := os.MkdirTemp(dir, "s3-")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(root, bucketName), 0o755); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	cmd := exec.CommandContext(ctx, binary, "--access", accessKey, "--secret", secretKey, "--port", addr, "--quiet", "posix", root)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{url: "http://" + addr, dir: root, stop: func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = os.RemoveAll(root) }}
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			return s, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.stop()
	return nil, errors.New("versitygw does not answer")
}
